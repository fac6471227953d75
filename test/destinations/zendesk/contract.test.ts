import type { Row } from "../../../src/core/value.ts";
import { zendesk } from "../../../src/destinations/zendesk/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
import { recordsOf, seedUsers, type ZendeskState } from "./account.ts";

const common = {
  connector: zendesk,
  name: "zendesk",
  wrong: { api_token: "not-the-token" },
  secrets: ["sandbox-token", "not-the-token", Buffer.from("admin@example.com/token:sandbox-token").toString("base64")],
} as const;
const noRenewal = "an API token does not expire";

const person = (n: number, match: Row = { external_id: `X-${n}` }): ContractRow => ({
  key: `p${n}`,
  match,
  fields: { name: `Name ${n}`, "user_fields.note": `Note ${n}`, "user_fields.days_silent": n },
});
const bad = (row: ContractRow): ContractRow => ({
  ...row,
  fields: { ...row.fields, "user_fields.days_silent": "a while" },
});

for (const results of ["index", "id"] as const) {
  connectorContract(`zendesk user (by external id, results by ${results})`, () =>
    openStandInCase<ZendeskState>({
      ...common,
      settings: { zendesk: { results } },
      target: "user",
      options: {},
      textField: "user_fields.note",
      makeRow: person,
      makeBadRow: (n) => bad(person(n)),
      read: (state) => recordsOf(state, "users"),
      skips: { "expired-token": noRenewal },
    }),
  );
}

connectorContract("zendesk user (by email)", () =>
  openStandInCase<ZendeskState>({
    ...common,
    target: "user",
    options: { skip_verify_email: false },
    textField: "user_fields.note",
    makeRow: (n) => person(n, { email: `p${n}@example.com` }),
    makeBadRow: (n) => bad(person(n, { email: `p${n}@example.com` })),
    read: (state) => recordsOf(state, "users"),
    skips: {
      "expired-token": noRenewal,
      "update-only": "users are looked up by external id",
      "insert-only": "users are looked up by external id",
    },
  }),
);

connectorContract("zendesk organization", () =>
  openStandInCase<ZendeskState>({
    ...common,
    target: "organization",
    options: {},
    textField: "organization_fields.note",
    makeRow: (n) => ({
      key: `o${n}`,
      match: { external_id: `O-${n}` },
      fields: { name: `Name ${n}`, "organization_fields.note": `Note ${n}` },
    }),
    makeBadRow: (n) => ({
      key: `o${n}`,
      match: { external_id: `O-${n}` },
      fields: { name: "", "organization_fields.note": "x" },
    }),
    read: (state) => recordsOf(state, "organizations"),
    skips: { "expired-token": noRenewal },
  }),
);

for (const by of ["external_id", "email"] as const) {
  erasureContract(`zendesk erasure (by ${by})`, async () => {
    let at = "";
    const matchOf = (n: number) => ({ [by]: by === "email" ? `p${n}@example.com` : `X-${n}` });
    const fixture = await openStandInCase<ZendeskState>({
      ...common,
      target: "erasure",
      options: {},
      textField: "",
      makeRow: (n) => ({ ...person(n, matchOf(n)), fields: {} }),
      // Whoever is only deleted is known still.
      read: (state) => Object.values(state.users).map((one) => one.fields),
      async seed(url) {
        at = url;
      },
      writes: { method: "DELETE" },
    });
    return {
      ...fixture,
      seed: (rows) =>
        seedUsers(
          at,
          rows.map((row) => ({ ...row.match, name: row.key })),
        ),
    };
  });
}
