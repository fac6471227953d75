import { iterable } from "../../../src/destinations/iterable/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";

const person = (n: number) => ({ match: { email: `p${n}@example.com` }, fields: { firstName: `F ${n}`, days: n } });
/** Finding and making the list is once per sync. */
const members = ({ path }: Seen) => /subscribe$/.test(path);

wholePlans({
  connector: iterable,
  name: "iterable",
  secrets: ["iterable-sandbox"],
  description: { found: apiDescription(["iterable/api-docs.json"]) },
  targets: {
    user: {
      options: { create_new_fields: true, merge_nested_objects: true },
      mode: "mirror",
      row: person,
      fuzz: ["firstName", "days", "nested", "other"],
      costs: [
        { op: "add", least: 10 },
        { op: "remove", rows: 200, least: 200 },
      ],
    },
    list: {
      options: { list: "Lapsing" },
      mode: "mirror",
      row: person,
      fuzz: ["firstName", "days"],
      costs: [
        { op: "add", least: 10, counts: members },
        { op: "remove", least: 10, counts: members },
      ],
    },
    event: {
      options: { event: "Placed Order", create_new_fields: true },
      mode: "append",
      row: (n) => ({
        match: { userId: `u${n}` },
        fields: { createdAt: "2026-02-01T10:00:00Z", "dataFields.total": n },
      }),
      fuzz: ["id", "createdAt", "dataFields.a"],
      costs: [{ op: "add", least: 10 }],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: { userId: `u${n}` }, fields: {} }),
      fuzz: [],
      costs: [{ op: "remove", rows: 60, least: 60 }],
    },
  },
});
