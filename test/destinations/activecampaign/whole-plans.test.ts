import { activecampaign } from "../../../src/destinations/activecampaign/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { emails, seedContacts } from "./account.ts";

const match = (n: number) => ({ email: `p${n}@example.com` });
const fields = (n: number) => ({
  first_name: `F${n}`,
  PLAN: `plan ${n % 3}`,
  SINCE: "2026-01-02",
  SEEN: "2026-01-02T03:04:05Z",
  COLOURS: ["red", "blue"],
  last_name: null,
});
const fuzz = ["first_name", "phone", "PLAN", "SINCE", "SEEN", "COLOURS"];
const prepares = ({ path }: { readonly path: string }) => !/\/(fields|lists|tags)$/.test(path);

wholePlans({
  connector: activecampaign,
  name: "activecampaign",
  settings: { activecampaign: { job_polls: 0, requests_per_second: 10_000, imports_per_minute: 10_000 } },
  account: { requests_per_second: 1_000 },
  secrets: ["ac-sandbox-key"],
  targets: {
    contact: [
      {
        options: {},
        mode: "mirror",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        // 40 imports and a poll each; a look-up and a deletion.
        costs: [
          { op: "add", least: 80, counts: prepares },
          { op: "remove", rows: 200, least: 400 },
        ],
        fuzz,
      },
      {
        options: {},
        mode: "update",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        costs: [{ op: "update", rows: 200, least: 400, counts: prepares }],
        fuzz,
        seed: (url) => seedContacts(url, emails(200)),
      },
    ],
    list: [
      {
        options: { list: "Lapsing" },
        mode: "mirror",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        costs: [
          { op: "add", least: 80, counts: prepares },
          { op: "remove", rows: 200, least: 400 },
        ],
        fuzz,
      },
      {
        options: { list: "Lapsing", resubscribe: true },
        mode: "upsert",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        costs: [{ op: "add", rows: 200, least: 400, counts: prepares }],
        fuzz,
      },
    ],
    tag: {
      options: { tag: "VIP" },
      mode: "mirror",
      row: (n) => ({ match: match(n), fields: fields(n) }),
      // The tag's tie is looked up by the contact's id, which is looked up by the address.
      costs: [
        { op: "add", least: 80, counts: prepares },
        { op: "remove", rows: 200, least: 600 },
      ],
      fuzz,
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: match(n), fields: {} }),
      costs: [{ op: "remove", rows: 200, least: 400, counts: prepares }],
      fuzz: [],
      seed: (url) => seedContacts(url, emails(200)),
    },
  },
  description: {
    found: apiDescription(["activecampaign/activecampaign.com.yaml"], (path) => path.replace(/^\/api\/3/, "")),
    undescribed: [[/contactTags$/, "named by the links of every contact in the description, and not described itself"]],
    mistaken: [
      [
        /^unknown query parameter (limit|offset)$/,
        "every listing takes them: https://developers.activecampaign.com/reference/pagination",
      ],
    ],
  },
});
