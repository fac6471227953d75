import { brevo } from "../../../src/destinations/brevo/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { emails, seedContacts } from "./account.ts";

const match = (n: number) => ({ email: `p${n}@example.com` });
const fields = (n: number) => ({ FIRSTNAME: `F${n}`, DAYS: n, SINCE: "2026-01-02", VIP: true, LASTNAME: null });
const fuzz = ["FIRSTNAME", "DAYS", "SINCE", "VIP"];
const prepares = ({ path }: { readonly path: string }) => !/\/contacts\/(attributes|lists|folders)$/.test(path);

wholePlans({
  connector: brevo,
  name: "brevo",
  settings: { brevo: { job_polls: 0, requests_per_second: 10_000, other_requests_per_hour: 100_000 } },
  account: { requests_per_second: 1_000, other_requests_per_hour: 100_000 },
  secrets: ["xkeysib-sandbox"],
  targets: {
    contact: [
      {
        options: {},
        mode: "mirror",
        row: (n) => ({ match: match(n), fields: { ...fields(n), ext_id: `X${n}`, emailBlacklisted: false } }),
        // There is no batch that creates.
        costs: [
          { op: "add", rows: 300, least: 300, counts: prepares },
          { op: "remove", rows: 300, least: 300 },
        ],
        fuzz: [...fuzz, "ext_id"],
      },
      {
        options: {},
        mode: "update",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        costs: [{ op: "update", rows: 2_000, least: 20, counts: prepares }],
        fuzz,
        seed: (url) => seedContacts(url, emails(2_000)),
      },
    ],
    list: {
      options: { list: "Lapsing" },
      mode: "mirror",
      row: (n) => ({ match: match(n), fields: fields(n) }),
      // An import and a poll; 150 removals a request.
      costs: [
        { op: "add", least: 2, counts: prepares },
        { op: "remove", least: 67 },
      ],
      fuzz,
    },
    event: {
      options: { event: "order_placed" },
      mode: "append",
      row: (n) => ({ match: match(n), fields: { event_date: "2026-02-01T10:00:00.000Z", "properties.sku": "A-1" } }),
      costs: [{ op: "add", rows: 200, least: 200 }],
      fuzz: ["properties.sku", "properties.n"],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: match(n), fields: {} }),
      costs: [{ op: "remove", rows: 200, least: 200 }],
      fuzz: [],
    },
  },
  description: {
    found: apiDescription(["brevo/brevo.com.yaml"], (path) => path.replace(/^\/v3/, "")),
    mistaken: [
      [
        /^must match exactly one schema in oneOf$/,
        "none of the removal's three forms requires anything: all of them fit",
      ],
    ],
  },
});
