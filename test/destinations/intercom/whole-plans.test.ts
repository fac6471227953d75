import { intercom } from "../../../src/destinations/intercom/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { post } from "./workspace.ts";

const person = (n: number) => ({
  match: { external_id: `u${n}` },
  fields: { name: `N ${n}`, "custom_attributes.days": n },
});
/** Every row is a request of its own: fewer rows show as much. */
const rows = 600;

wholePlans({
  connector: intercom,
  name: "intercom",
  secrets: ["intercom-sandbox"],
  description: { found: apiDescription(["intercom/api.intercom.io-2.16.yaml"]) },
  targets: {
    contact: [
      {
        options: { removal: "delete" },
        mode: "mirror",
        row: person,
        fuzz: ["name", "signed_up_at", "custom_attributes.note", "custom_attributes.any"],
        costs: [
          { op: "add", rows, least: rows },
          { op: "remove", rows, least: rows },
        ],
      },
      {
        options: {},
        mode: "remove",
        row: (n) => ({ match: { email: `p${n}@example.com` }, fields: {} }),
        fuzz: [],
        seed: (url) =>
          post(
            url,
            "/contacts",
            Array.from({ length: 100 }, (_, n) => ({ email: `p${n}@example.com` })),
          ),
        costs: [{ op: "remove", rows: 100, least: 100 }],
      },
    ],
    tag: {
      options: { tag: "Lapsing" },
      mode: "mirror",
      row: person,
      fuzz: ["name", "custom_attributes.days"],
      costs: [
        {
          op: "add",
          rows: 300,
          least: 600,
          counts: ({ path }) => !path.endsWith("/tags") || path.includes("/contacts/"),
        },
        { op: "remove", rows: 300, least: 300 },
      ],
    },
    company: {
      options: {},
      mode: "mirror",
      row: (n) => ({ match: { company_id: `c${n}` }, fields: { name: `C ${n}`, "custom_attributes.tier": "gold" } }),
      fuzz: ["name", "size", "custom_attributes.any"],
      costs: [
        { op: "add", rows: 300, least: 300 },
        { op: "remove", rows: 300, least: 300 },
      ],
    },
    company_member: {
      options: {},
      mode: "mirror",
      row: (n) => ({ match: { external_id: `u${n}`, company_id: `c${n % 3}` }, fields: {} }),
      fuzz: [],
      seed: async (url) => {
        await post(
          url,
          "/contacts",
          Array.from({ length: 300 }, (_, n) => ({ external_id: `u${n}` })),
        );
        await post(
          url,
          "/companies",
          Array.from({ length: 3 }, (_, n) => ({ company_id: `c${n}` })),
        );
      },
      costs: [
        // Searches, and a look for each company of a batch, are not the platform's price of a change.
        {
          op: "add",
          rows: 300,
          least: 300,
          counts: ({ path }) => path.includes("/contacts/") && !path.endsWith("search"),
        },
        { op: "remove", rows: 300, least: 300 },
      ],
    },
    event: {
      options: { event: "placed-order" },
      mode: "append",
      row: (n) => ({
        match: { external_id: `u${n}` },
        fields: { created_at: "2026-02-01T10:00:00Z", "metadata.sku": `s${n}` },
      }),
      fuzz: ["created_at", "metadata.a"],
      seed: (url) =>
        post(
          url,
          "/contacts",
          Array.from({ length: 100 }, (_, n) => ({ external_id: `u${n}` })),
        ),
      costs: [{ op: "add", rows: 100, least: 100 }],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: { external_id: `u${n}` }, fields: {} }),
      fuzz: [],
      seed: (url) =>
        post(
          url,
          "/contacts",
          Array.from({ length: 100 }, (_, n) => ({ external_id: `u${n}` })),
        ),
      costs: [{ op: "remove", rows: 100, least: 100 }],
    },
  },
});
