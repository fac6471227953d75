import { braze } from "../../../src/destinations/braze/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { group } from "./workspace.ts";

const time = "2026-02-01T10:00:00Z";
const person = (n: number) => ({ match: { external_id: `u${n}` }, fields: { first_name: `F ${n}`, days: n } });

wholePlans({
  connector: braze,
  name: "braze",
  secrets: ["braze-sandbox"],
  description: { found: apiDescription(["braze/spec.json"]) },
  targets: {
    user: [
      {
        options: {},
        mode: "mirror",
        row: person,
        fuzz: ["first_name", "dob", "anything", "nested"],
        costs: [
          { op: "add", least: 134 },
          { op: "remove", rows: 7_500, least: 150 },
        ],
      },
      {
        options: { alias_label: "customer", merge_objects: true },
        mode: "upsert",
        row: (n) => ({ match: { user_alias: `a${n}`, email: `p${n}@example.com` }, fields: { days: n } }),
        fuzz: ["days", "first_name"],
        costs: [{ op: "add", rows: 750, least: 10 }],
      },
    ],
    event: {
      options: { name: "Placed Order", app_id: "app" },
      mode: "append",
      row: (n) => ({ match: { external_id: `u${n}` }, fields: { time, "properties.total": n } }),
      fuzz: ["time", "properties.a", "properties.b"],
      costs: [{ op: "add", least: 134 }],
    },
    purchase: {
      options: {},
      mode: "append",
      row: (n) => ({
        match: { email: `p${n}@example.com` },
        fields: { time, product_id: `sku-${n}`, currency: "EUR", price: n, quantity: 1 },
      }),
      fuzz: ["time", "quantity", "properties.a"],
      needed: ["product_id", "currency", "price"],
      costs: [{ op: "add", least: 134 }],
    },
    subscription_group: {
      options: { group },
      mode: "mirror",
      row: (n) => ({ match: { email: `p${n}@example.com` }, fields: {} }),
      fuzz: [],
      costs: [
        { op: "add", least: 200 },
        { op: "remove", least: 200 },
      ],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: { external_id: `u${n}` }, fields: {} }),
      fuzz: [],
      costs: [{ op: "remove", least: 200 }],
    },
  },
});
