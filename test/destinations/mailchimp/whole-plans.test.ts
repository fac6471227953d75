import { mailchimp } from "../../../src/destinations/mailchimp/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { seedMembers } from "./account.ts";

const audience = "a1b2c3d4e5";
const match = (n: number) => ({ email: `p${n}@example.com` });
const writes = ({ method }: { readonly method: string }) => method !== "GET";
const toPath = (path: string) => path.replace(/^\/3\.0/, "");

wholePlans({
  connector: mailchimp,
  name: "mailchimp",
  secrets: ["sandbox-us6"],
  targets: {
    member: [
      {
        options: { audience, status: "subscribed", tags: ["synced"] },
        mode: "mirror",
        row: (n) => ({ match: match(n), fields: { FNAME: `F${n}`, DAYS: n, vip: false, ADDRESS: null } }),
        costs: [
          { op: "add", least: 20, counts: writes },
          { op: "remove", rows: 300, least: 300 },
        ],
        fuzz: ["FNAME", "DAYS", "LASTORDER", "ADDRESS", "vip", "language", "tags", "interests.1"],
      },
      {
        options: { audience, status: "subscribed" },
        mode: "update",
        row: (n) => ({ match: match(n), fields: { FNAME: `F${n}` } }),
        costs: [{ op: "update", rows: 200, least: 200, counts: writes }],
        fuzz: ["FNAME", "DAYS", "vip"],
        seed: (url) => seedMembers(url, 200),
      },
    ],
    tag: {
      options: { audience, tag: "Lapsing" },
      mode: "mirror",
      row: (n) => ({ match: match(n), fields: {} }),
      costs: [
        { op: "add", least: 20, counts: writes },
        { op: "remove", least: 20 },
      ],
      fuzz: [],
      seed: (url) => seedMembers(url, 10_000),
    },
    event: {
      options: { audience, event: "purchased" },
      mode: "append",
      row: (n) => ({ match: match(n), fields: { occurred_at: "2026-02-01T10:00:00.000Z", "properties.sku": "A-1" } }),
      costs: [{ op: "add", rows: 200, least: 200, counts: writes }],
      fuzz: ["properties.sku", "properties.n"],
      seed: (url) => seedMembers(url, 200),
    },
    erasure: {
      options: { audience },
      mode: "remove",
      row: (n) => ({ match: match(n), fields: {} }),
      costs: [{ op: "remove", rows: 200, least: 200, counts: writes }],
      fuzz: [],
    },
  },
  description: {
    found: apiDescription(["mailchimp/marketing.ballerina-openapi.json"], toPath),
    mistaken: [
      [
        /merge_fields\/\w+ must be object$/,
        "a merge field's value is a text or number, but for addresses: https://mailchimp.com/developer/marketing/docs/merge-fields/",
      ],
    ],
  },
});
