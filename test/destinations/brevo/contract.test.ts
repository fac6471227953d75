import { brevo } from "../../../src/destinations/brevo/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
import { type BrevoState, contactsOf, seedContacts } from "./account.ts";

const common = {
  connector: brevo,
  name: "brevo",
  wrong: { api_key: "not-the-key" },
  secrets: ["xkeysib-sandbox", "not-the-key"],
} as const;
const noRenewal = "an API key does not expire";

const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields: { FIRSTNAME: `First ${n}`, DAYS: n },
});
const bad = (n: number): ContractRow => ({ ...person(n), fields: { ...person(n).fields, DAYS: "a while" } });

connectorContract("brevo contact", () =>
  openStandInCase<BrevoState>({
    ...common,
    target: "contact",
    options: {},
    account: { account_email: "owner@example.com" },
    textField: "FIRSTNAME",
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state),
    skips: { "expired-token": noRenewal },
  }),
);

connectorContract("brevo list", () =>
  openStandInCase<BrevoState>({
    ...common,
    target: "list",
    options: { list: "Lapsing" },
    textField: "FIRSTNAME",
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state, "Lapsing"),
    writes: { path: "/import$" },
    skips: { "expired-token": noRenewal },
  }),
);

connectorContract("brevo event", () =>
  openStandInCase<BrevoState>({
    ...common,
    target: "event",
    options: { event: "order_placed" },
    mode: "append",
    textField: "properties.note",
    makeRow: (n) => ({ ...person(n), fields: { "properties.note": `Order ${n}` } }),
    makeBadRow: (n) => ({ key: `x${n}`, match: { email: `no address ${n}` }, fields: { "properties.note": "x" } }),
    read: (state) =>
      state.events.map(({ identifiers, event_properties: properties }) => ({
        email: identifiers.email_id ?? null,
        "properties.note": properties?.note ?? null,
      })),
    skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
  }),
);

erasureContract("brevo erasure", async () => {
  let at = "";
  const fixture = await openStandInCase<BrevoState>({
    ...common,
    target: "erasure",
    // People are seeded besides, while time stands still.
    settings: { brevo: { requests_per_second: 1_000 } },
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
    seed: (rows) =>
      seedContacts(
        at,
        rows.map((row) => String(row.match.email)),
      ),
  };
});
