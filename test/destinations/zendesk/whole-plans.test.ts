import { zendesk } from "../../../src/destinations/zendesk/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";
import { seedUsers } from "./account.ts";

const external = (n: number) => ({ external_id: `X-${n}` });

wholePlans({
  connector: zendesk,
  name: "zendesk",
  settings: { zendesk: { job_polls: 0, requests_per_minute: 1_000_000 } },
  account: { requests_per_minute: 10_000 },
  secrets: ["sandbox-token"],
  targets: {
    user: [
      {
        options: {},
        mode: "mirror",
        row: (n) => ({
          match: { ...external(n), email: `p${n}@example.com` },
          fields: { name: `N${n}`, phone: null, "user_fields.days_silent": n },
        }),
        // A job and a poll per hundred; a removal also asks who is there.
        costs: [
          { op: "add", least: 200 },
          { op: "remove", least: 300 },
        ],
        fuzz: ["name", "tags", "user_fields.days_silent", "user_fields.note"],
      },
      {
        options: {},
        mode: "update",
        row: (n) => ({ match: external(n), fields: { name: `N${n}` } }),
        costs: [{ op: "update", rows: 1_000, least: 30 }],
        fuzz: ["name", "user_fields.note"],
        seed: (url) =>
          seedUsers(
            url,
            Array.from({ length: 1_000 }, (_, n) => ({ ...external(n), name: "N" })),
          ),
      },
    ],
    organization: {
      options: {},
      mode: "mirror",
      row: (n) => ({
        match: external(n),
        fields: { name: `N${n}`, domain_names: ["example.com"], "organization_fields.note": "x" },
      }),
      // Who is there, a job and a poll per hundred.
      costs: [
        { op: "add", rows: 2_000, least: 60 },
        { op: "update", rows: 2_000, least: 60 },
        { op: "remove", rows: 2_000, least: 60 },
      ],
      fuzz: ["name", "details", "organization_fields.note"],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: external(n), fields: {} }),
      costs: [{ op: "remove", rows: 100, least: 300 }],
      fuzz: [],
      seed: (url) =>
        seedUsers(
          url,
          Array.from({ length: 100 }, (_, n) => ({ ...external(n), name: "N" })),
        ),
    },
  },
  description: {
    found: apiDescription(["zendesk/zendesk.com.yaml"]),
    undescribed: [
      [/^DELETE \/api\/v2\/users\/\d+$/, "deletion of one user has no operation in the description's version"],
    ],
    mistaken: [
      [
        /^a body is not described$/,
        "create_many and update_many of organizations take their body by the description's own text only",
      ],
    ],
  },
});
