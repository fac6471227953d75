import type { Row } from "../../../src/core/value.ts";
import { marketo } from "../../../src/destinations/marketo/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
import { activitiesOf, leadsOf, type MarketoState, membersOf, seedLeads } from "./instance.ts";

const common = {
  connector: marketo,
  name: "marketo",
  settings: { marketo: { calls_per_20_seconds: 1_000_000 } },
  wrong: { client_secret: "not-the-secret" },
  secrets: ["sandbox-secret", "not-the-secret"],
} as const;

const person = (n: number, match: Row = { email: `p${n}@example.com` }): ContractRow => ({
  key: `p${n}`,
  match,
  fields: { firstName: `Name ${n}`, notes: `Note ${n}`, daysSilent: n },
});
const bad = (row: ContractRow): ContractRow => ({ ...row, fields: { ...row.fields, daysSilent: "a while" } });

const cases = [
  ["lead (by email)", "lead", {}, person],
  ["lead (by a field)", "lead", { partition: "Default" }, (n: number) => person(n, { customerKey: `C-${n}` })],
  ["lead (imported)", "lead", { bulk_from: 1 }, person],
  ["list", "list", { list: "Lapsing" }, person],
  ["list (by id, imported)", "list", { list: 1021, bulk_from: 1 }, person],
] as const;

for (const [name, target, options, makeRow] of cases) {
  connectorContract(`marketo ${name}`, () =>
    openStandInCase<MarketoState>({
      ...common,
      target,
      options,
      textField: "notes",
      makeRow,
      makeBadRow: (n) => bad(makeRow(n)),
      read: (state) => (target === "list" ? membersOf(state) : leadsOf(state)),
    }),
  );
}

connectorContract("marketo activity", () =>
  openStandInCase<MarketoState>({
    ...common,
    // Leads are looked for by GET.
    writes: { method: "POST", path: "/activities/external.json$" },
    target: "activity",
    options: { type: "placedOrder" },
    mode: "append",
    textField: "attributes.note",
    makeRow: (n) => ({
      key: `a${n}`,
      match: { email: `p${n}@example.com` },
      fields: { primaryAttributeValue: `O-${n}`, "attributes.note": `note ${n}`, "attributes.revenue": n },
    }),
    makeBadRow: (n) => ({
      key: `a${n}`,
      match: { email: `p${n}@example.com` },
      fields: { primaryAttributeValue: `O-${n}`, "attributes.note": "bad", "attributes.revenue": "a lot" },
    }),
    skips: { "null-written": "an event is never changed" },
    read: activitiesOf,
    seed: (url) =>
      seedLeads(
        url,
        Array.from({ length: 3_000 }, (_, n) => ({ email: `p${n}@example.com` })),
      ),
  }),
);

for (const by of ["email", "customerKey"] as const) {
  erasureContract(`marketo erasure (by ${by})`, async () => {
    let at = "";
    const matchOf = (n: number): Row => ({ [by]: by === "email" ? `p${n}@example.com` : `C-${n}` });
    const fixture = await openStandInCase<MarketoState>({
      ...common,
      target: "erasure",
      options: {},
      textField: "",
      makeRow: (n) => ({ key: `p${n}`, match: matchOf(n), fields: {} }),
      read: leadsOf,
      async seed(url) {
        at = url;
      },
    });
    return {
      ...fixture,
      makeUnreadableRow: (n) => ({ key: `p${n}`, match: { [by]: `a,b${n}` }, fields: {} }),
      seed: (rows) =>
        seedLeads(
          at,
          rows.map((row, n) => ({ email: `seed${n}@example.com`, ...row.match, firstName: row.key })),
          "createDuplicate",
        ),
    };
  });
}
