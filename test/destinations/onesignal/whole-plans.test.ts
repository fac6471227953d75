import { onesignal } from "../../../src/destinations/onesignal/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";

const rows = 400;

wholePlans({
  connector: onesignal,
  name: "onesignal",
  secrets: ["onesignal-sandbox"],
  // Random removals of whom nobody told an id are viewed first, one a second: time in tests costs nothing.
  description: { found: apiDescription(["onesignal/api.json"]) },
  targets: {
    user: [
      {
        options: {},
        mode: "mirror",
        row: (n) => ({ match: { external_id: `u${n}` }, fields: { language: "en", "tags.days": n } }),
        fuzz: ["language", "lat", "tags.days", "tags.note"],
        costs: [
          { op: "add", rows, least: rows },
          { op: "remove", rows, least: rows },
        ],
      },
    ],
    subscription: {
      options: { type: "AndroidPush" },
      mode: "mirror",
      row: (n) => ({ match: { external_id: `u${n}`, token: `token-${n}` }, fields: { enabled: true } }),
      fuzz: [],
      costs: [
        { op: "add", rows, least: rows },
        { op: "update", rows, least: rows },
        { op: "remove", rows, least: rows },
      ],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: { external_id: `u${n}` }, fields: {} }),
      fuzz: [],
      costs: [{ op: "remove", rows, least: rows }],
    },
  },
});
