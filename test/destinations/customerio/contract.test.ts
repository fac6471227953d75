import type { Row } from "../../../src/core/value.ts";
import { customerio } from "../../../src/destinations/customerio/index.ts";
import { connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";

interface Person {
  readonly cio_id: string;
  readonly id?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly attributes: Row;
}
interface State {
  readonly people: Readonly<Record<string, Person>>;
  readonly events: Readonly<Record<string, { readonly identifiers: Row; readonly attributes: Row }>>;
  readonly segments: Readonly<Record<string, Row>>;
}

const common = {
  connector: customerio,
  name: "customerio",
  wrong: { api_key: "not-the-key" },
  secrets: ["customerio-sandbox", "not-the-key"],
} as const satisfies Partial<StandInCase<State>>;
const noRenewal = "the credentials do not expire";
const flat = ({ attributes, id = "", email = "" }: Person): Row => ({ ...attributes, id, email });

const byId = {
  makeRow: (n: number) => ({ key: `u${n}`, match: { id: `u${n}` }, fields: { first_name: `F ${n}`, days: n } }),
  makeBadRow: (n: number) => ({ key: `u${n}`, match: { id: "x".repeat(200) + n }, fields: { first_name: "F" } }),
};
const byEmail = {
  makeRow: (n: number) => ({ key: `u${n}`, match: { email: `p${n}@example.com` }, fields: { first_name: `F ${n}` } }),
  makeBadRow: (n: number) => ({ key: `u${n}`, match: { email: `no address ${n}` }, fields: { first_name: "F" } }),
};

for (const [by, rows] of Object.entries({ id: byId, email: byEmail })) {
  connectorContract(`customerio person by ${by}`, () =>
    openStandInCase<State>({
      ...common,
      ...rows,
      target: "person",
      options: {},
      textField: "first_name",
      skips: { "expired-token": noRenewal },
      read: (state) => Object.values(state.people).map(flat),
    }),
  );

  connectorContract(`customerio segment by ${by}`, () =>
    openStandInCase<State>({
      ...common,
      ...rows,
      target: "segment",
      options: { segment: 7 },
      textField: "first_name",
      skips: { "expired-token": noRenewal },
      read: (state) =>
        Object.values(state.people)
          .filter((person) => state.segments["7"]?.[person.cio_id] === true)
          .map(flat),
    }),
  );
}

connectorContract("customerio event", () =>
  openStandInCase<State>({
    ...common,
    target: "event",
    options: { name: "purchase" },
    mode: "append",
    textField: "note",
    makeRow: (n) => ({
      key: `e${n}`,
      match: { id: `u${n}` },
      fields: { timestamp: "2026-02-01T10:00:00Z", note: `note ${n}` },
    }),
    makeBadRow: (n) => ({ key: `e${n}`, match: { id: `u${n}` }, fields: { note: "bad", other: "x".repeat(1_001) } }),
    skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
    read: (state) => Object.values(state.events).map((one) => ({ ...one.attributes, id: one.identifiers.id ?? null })),
  }),
);

erasureContract("customerio erasure", async () => {
  const fixture = await openStandInCase<State>({
    ...common,
    target: "erasure",
    options: {},
    textField: "",
    makeRow: (n) => ({ key: `u${n}`, match: { email: `p${n}@example.com` }, fields: {} }),
    read: (state) => Object.values(state.people).map(flat),
  });
  const account = Object(fixture.account) as { base_url: string };
  return {
    ...fixture,
    makeUnreadableRow: () => ({ key: "bad", match: { email: "no-one" }, fields: {} }),
    async seed(rows) {
      const batch = rows.map((row) => ({ type: "person", action: "identify", identifiers: row.match }));
      const authorization = `Basic ${Buffer.from("sandbox-site:customerio-sandbox").toString("base64")}`;
      const reply = await fetch(`${account.base_url}/api/v2/batch`, {
        method: "POST",
        headers: { authorization },
        body: JSON.stringify({ batch }),
      });
      if (!reply.ok) throw new Error(await reply.text());
    },
  };
});
