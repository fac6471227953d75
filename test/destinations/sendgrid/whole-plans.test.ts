import { sendgrid } from "../../../src/destinations/sendgrid/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { emails, seedContacts } from "./account.ts";

const match = (n: number) => ({ email: `p${n}@example.com` });
const fields = (n: number) => ({ first_name: `F${n}`, city: null, days_silent: n, note: "n", last_order: null });
const fuzz = ["first_name", "city", "alternate_emails", "days_silent", "note", "last_order"];
const prepares = ({ path }: { readonly path: string }) => !/\/field_definitions|\/marketing\/lists$/.test(path);

wholePlans({
  connector: sendgrid,
  name: "sendgrid",
  settings: { sendgrid: { job_polls: 0, requests_per_minute: 100_000 } },
  account: { requests_per_second: 600 },
  secrets: ["SG.sandbox"],
  targets: {
    contact: [
      {
        options: {},
        mode: "mirror",
        row: (n) => ({ match: { ...match(n), external_id: `X${n}` }, fields: fields(n) }),
        // A job and a poll; removals are looked up, and deleted, a hundred at a time.
        costs: [
          { op: "add", least: 2, counts: prepares },
          { op: "remove", least: 200 },
        ],
        fuzz,
      },
      {
        options: {},
        mode: "update",
        row: (n) => ({ match: match(n), fields: fields(n) }),
        costs: [{ op: "update", rows: 2_000, least: 22, counts: prepares }],
        fuzz,
        seed: (url) => seedContacts(url, emails(2_000)),
      },
    ],
    list: {
      options: { list: "Lapsing" },
      mode: "mirror",
      row: (n) => ({ match: match(n), fields: fields(n) }),
      costs: [
        { op: "add", least: 2, counts: prepares },
        { op: "remove", least: 200 },
      ],
      fuzz,
    },
    suppression: [
      {
        options: { group: "Newsletter" },
        mode: "upsert",
        row: (n) => ({ match: match(n), fields: {} }),
        // Each of the ten requests is preceded by a look whether the group is there still.
        costs: [{ op: "add", least: 20 }],
        fuzz: [],
      },
      {
        options: { group: "global", lift: true },
        mode: "mirror",
        row: (n) => ({ match: match(n), fields: {} }),
        costs: [
          { op: "add", least: 10 },
          { op: "remove", rows: 300, least: 300 },
        ],
        fuzz: [],
      },
    ],
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: match(n), fields: {} }),
      // A look-up and a deletion per hundred contacts, and two erasure jobs.
      costs: [{ op: "remove", least: 202 }],
      fuzz: [],
      seed: (url) => seedContacts(url, emails(10_000)),
    },
  },
  description: {
    found: apiDescription(
      [
        "tsg_mc_contacts_v3",
        "tsg_mc_lists_v3",
        "tsg_mc_custom_fields_v3",
        "tsg_suppressions_v3",
        "tsg_recipients_data_erasure_v3",
      ].map((name) => `sendgrid/${name}.json`),
    ),
  },
});
