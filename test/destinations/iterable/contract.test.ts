import type { Row } from "../../../src/core/value.ts";
import { iterable } from "../../../src/destinations/iterable/index.ts";
import { connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";

interface State {
  readonly users: Readonly<Record<string, Row>>;
  readonly lists: readonly { readonly name: string; readonly members: Row }[];
  readonly events: Readonly<Record<string, Row>>;
}

const common = {
  connector: iterable,
  name: "iterable",
  wrong: { api_key: "not-the-key" },
  secrets: ["iterable-sandbox", "not-the-key"],
} as const satisfies Partial<StandInCase<State>>;
const noRenewal = "an API key does not expire";

/** "email:ann@example.com" as the identifier it is. */
function named([key, fields]: readonly [string, Row]): Row {
  const cut = key.indexOf(":");
  return { ...fields, [key.slice(0, cut)]: key.slice(cut + 1) };
}
const identifierOf = { email: (n: number) => `p${n}@example.com`, userId: (n: number) => `u/${n}` };
const unreadable = { email: (n: number) => `no address ${n}`, userId: (n: number) => "ü".repeat(3) + n };

for (const by of ["email", "userId"] as const) {
  const makeRow = (n: number) => ({
    key: `u${n}`,
    match: { [by]: identifierOf[by](n) },
    fields: { firstName: `F ${n}`, days: n },
  });
  const makeBadRow = (n: number) => ({ key: `u${n}`, match: { [by]: unreadable[by](n) }, fields: { firstName: "F" } });

  connectorContract(`iterable user by ${by}`, () =>
    openStandInCase<State>({
      ...common,
      target: "user",
      options: {},
      textField: "firstName",
      makeRow,
      makeBadRow,
      skips: { "expired-token": noRenewal },
      read: (state) => Object.entries(state.users).map(named),
    }),
  );

  connectorContract(`iterable list by ${by}`, () =>
    openStandInCase<State>({
      ...common,
      target: "list",
      options: { list: "Lapsing" },
      textField: "firstName",
      makeRow,
      makeBadRow,
      skips: { "expired-token": noRenewal },
      read: (state) =>
        Object.entries(state.users)
          .filter(([key]) => state.lists.some((list) => list.name === "Lapsing" && list.members[key] === true))
          .map(named),
    }),
  );

  erasureContract(`iterable erasure by ${by}`, async () => {
    const fixture = await openStandInCase<State>({
      ...common,
      target: "erasure",
      options: {},
      textField: "",
      makeRow: (n) => ({ key: `u${n}`, match: { [by]: identifierOf[by](n) }, fields: {} }),
      read: (state) => Object.entries(state.users).map(named),
    });
    return {
      ...fixture,
      makeUnreadableRow: (n) => ({ key: "bad", match: { [by]: unreadable[by](n) }, fields: {} }),
      async seed(rows) {
        const reply = await fetch(`${Object(fixture.account).base_url}/api/users/bulkUpdate`, {
          method: "POST",
          headers: { "api-key": "iterable-sandbox" },
          body: JSON.stringify({ users: rows.map((row) => row.match) }),
        });
        if (!reply.ok) throw new Error(await reply.text());
      },
    };
  });
}

connectorContract("iterable event", () =>
  openStandInCase<State>({
    ...common,
    target: "event",
    options: { event: "Placed Order" },
    mode: "append",
    textField: "dataFields.note",
    makeRow: (n) => ({
      key: `e${n}`,
      match: { email: `p${n}@example.com` },
      fields: { createdAt: "2026-02-01T10:00:00Z", "dataFields.note": `note ${n}` },
    }),
    makeBadRow: (n) => ({ key: `e${n}`, match: { email: `no address ${n}` }, fields: { "dataFields.note": "bad" } }),
    skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
    read: (state) =>
      Object.values(state.events).map((one) => ({
        email: one.email ?? null,
        "dataFields.note": (Object(one.dataFields) as Row).note ?? null,
      })),
  }),
);
