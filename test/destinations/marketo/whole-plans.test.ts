import type { Row } from "../../../src/core/value.ts";
import { marketo } from "../../../src/destinations/marketo/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { seedLeads } from "./instance.ts";

const match = (n: number): Row => ({ email: `p${n}@example.com` });
const row = (n: number) => ({ match: match(n), fields: { firstName: `N${n}`, notes: null, daysSilent: n } });
const full = (n: number) => ({ match: match(n), fields: { firstName: `N${n}`, notes: "x", daysSilent: n } });
const seed = (count: number) => (url: string) =>
  seedLeads(
    url,
    Array.from({ length: count }, (_, n) => match(n)),
  );
const fuzz = ["firstName", "notes", "daysSilent", "unsubscribed"];

wholePlans({
  connector: marketo,
  name: "marketo",
  settings: { marketo: { import_polls: 0, calls_per_20_seconds: 1_000_000 } },
  account: { requests_per_20_seconds: 1_000 },
  secrets: ["sandbox-secret"],
  targets: {
    lead: [
      {
        options: { bulk_from: "never" },
        mode: "mirror",
        row,
        // 300 a request; who is removed is known by the id that the addition told.
        costs: [
          { op: "add", least: 34 },
          { op: "remove", least: 34 },
        ],
        fuzz,
      },
      // A file and its poll.
      { options: {}, mode: "upsert", row: full, costs: [{ op: "add", least: 2 }], fuzz },
      { options: { bulk_from: 1 }, mode: "upsert", row: full, costs: [{ op: "add", rows: 100, least: 2 }], fuzz },
      {
        options: {},
        mode: "update",
        row,
        costs: [{ op: "update", rows: 3_000, least: 10 }],
        fuzz,
        seed: seed(3_000),
      },
    ],
    list: [
      {
        options: { list: "Lapsing", bulk_from: "never" },
        mode: "mirror",
        row,
        // Leads are written, then put into the list.
        costs: [
          { op: "add", least: 68 },
          { op: "remove", least: 34 },
        ],
        fuzz,
      },
      {
        options: { list: 1021, bulk_from: 1 },
        mode: "upsert",
        row: full,
        costs: [
          // The list is looked up once.
          { op: "add", rows: 5_000, least: 2, counts: (one) => !one.path.endsWith("/lists.json") },
        ],
        fuzz,
      },
    ],
    activity: {
      options: { type: "placedOrder" },
      mode: "append",
      row: (n) => ({
        match: match(n),
        fields: { primaryAttributeValue: `O-${n}`, "attributes.note": "x", "attributes.revenue": 12.5 },
      }),
      // The leads are looked for; the type is described once.
      costs: [{ op: "add", rows: 3_000, least: 20, counts: (one) => !one.path.endsWith("/describe.json") }],
      needed: ["primaryAttributeValue"],
      fuzz: ["attributes.note", "attributes.revenue", "activityDate"],
      seed: seed(3_000),
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: match(n), fields: {} }),
      costs: [{ op: "remove", rows: 3_000, least: 20 }],
      fuzz: [],
      seed: seed(3_000),
    },
  },
  description: {
    found: apiDescription(["marketo/swagger-mapi.json", "marketo/swagger-identity.json"]),
    mistaken: [
      [
        /must have required property '(id|errors)'$/,
        "the description has one schema for an activity and for its answer",
      ],
      [/\/attributes\/\d+\/value must be object$/, "the generator's word for any value"],
      [
        /^a body is required$/,
        "ids leave a list by the query, as the vendor's page has it; the description also asks for a body",
      ],
    ],
  },
});
