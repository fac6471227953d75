import { sendgrid } from "../../../src/destinations/sendgrid/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
import { contactsOf, type SendgridState, seedContacts } from "./account.ts";

const common = {
  connector: sendgrid,
  name: "sendgrid",
  wrong: { api_key: "SG.not-the-key" },
  secrets: ["SG.sandbox", "SG.not-the-key"],
} as const;
const noRenewal = "an API key does not expire";

const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields: { note: `Note ${n}`, first_name: `First ${n}`, days_silent: n },
});
const bad = (n: number): ContractRow => ({ ...person(n), fields: { ...person(n).fields, days_silent: "a while" } });

connectorContract("sendgrid contact", () =>
  openStandInCase<SendgridState>({
    ...common,
    target: "contact",
    options: {},
    textField: "note",
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state),
    writes: { path: "/marketing/contacts$" },
    skips: { "expired-token": noRenewal },
  }),
);

connectorContract("sendgrid contact (by external id, of a subuser)", () =>
  openStandInCase<SendgridState>({
    ...common,
    target: "contact",
    options: {},
    account: { subuser: "newsletter", account_name: "main" },
    mode: "upsert",
    textField: "first_name",
    makeRow: (n) => ({ ...person(n), match: { external_id: `X-${n}` }, fields: { first_name: `First ${n}` } }),
    makeBadRow: (n) => ({ ...bad(n), match: { external_id: `X-${n}` } }),
    read: (state) => contactsOf(state),
    writes: { path: "/marketing/contacts$" },
    skips: {
      "expired-token": noRenewal,
      remove: "contacts are looked up by email only",
      "remove-absent": "contacts are looked up by email only",
      "update-only": "contacts are looked up by email only",
      "insert-only": "contacts are looked up by email only",
    },
  }),
);

connectorContract("sendgrid list", () =>
  openStandInCase<SendgridState>({
    ...common,
    target: "list",
    options: { list: "Lapsing" },
    textField: "note",
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state, "Lapsing"),
    writes: { path: "/marketing/contacts$" },
    skips: { "expired-token": noRenewal },
  }),
);

for (const [group, id] of [
  ["Newsletter", "7"],
  ["global", "global"],
] as const) {
  connectorContract(`sendgrid suppression (${group})`, () =>
    openStandInCase<SendgridState>({
      ...common,
      target: "suppression",
      options: { group, lift: true },
      textField: "",
      fieldless: true,
      makeRow: (n) => ({ ...person(n), fields: {} }),
      makeBadRow: (n) => ({ key: `x${n}`, match: { email: `no address ${n}` }, fields: {} }),
      read: (state) => (state.suppressed[id] ?? []).map((email) => ({ email })),
      skips: {
        "expired-token": noRenewal,
        update: "a row is there or not: there is no field to change",
        "insert-only": "a row is there or not: there is nothing to change",
        unicode: "rows have no text",
        "null-written": "rows have no field",
        "null-skipped": "rows have no field",
        oversize: "rows have no field",
      },
    }),
  );
}

erasureContract("sendgrid erasure", async () => {
  let at = "";
  const fixture = await openStandInCase<SendgridState>({
    ...common,
    target: "erasure",
    options: {},
    textField: "",
    makeRow: (n) => ({ ...person(n), fields: {} }),
    read: (state) => contactsOf(state),
    async seed(url) {
      at = url;
    },
    writes: { method: "DELETE" },
  });
  return {
    ...fixture,
    makeUnreadableRow: (n) => ({ key: `x${n}`, match: { email: `no address ${n}` }, fields: {} }),
    seed: (rows) =>
      seedContacts(
        at,
        rows.map((row) => String(row.match.email)),
      ),
  };
});
