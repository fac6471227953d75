import type { Row } from "../../../src/core/value.ts";
import { hubspot } from "../../../src/destinations/hubspot/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type ConnectorFixture, type ContractRow, connectorContract, testClock } from "../../contract/connector.ts";
import { sandboxFaults } from "../../contract/sandbox-faults.ts";
import { faultRule } from "../../contract/stand-in-fixture.ts";
import { type HubspotState, seedRecords } from "./portal.ts";

interface Kind {
  readonly target: "record" | "list" | "association" | "subscription" | "event" | "erasure";
  readonly mode?: "append";
  readonly options: Row;
  readonly textField: string;
  makeRow(n: number): ContractRow;
  makeBadRow?(n: number): ContractRow;
  readonly skips?: NonNullable<ConnectorFixture["skips"]>;
  /** What the portal holds, under the names of a sync. */
  read(state: HubspotState): readonly Row[];
  /** Objects of which 200 records are there beforehand, numbered from 1. */
  readonly seeded?: readonly string[];
  readonly credentials?: Row;
  /** The request that changes something, where it is not a POST. */
  readonly writes?: { readonly method: string; readonly path?: string };
}

const tokens = { access_token: "pat-sandbox" };
const oauth = { client_id: "sandbox-id", client_secret: "sandbox-secret", refresh_token: "sandbox-refresh" };
const noRenewal = "a private app's token does not expire";

async function open(kind: Kind): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({ port: 0, clock });
  const base_url = `${sandbox.url}/hubspot`;
  for (const object of kind.seeded ?? []) await seedRecords(sandbox.url, object, 200);
  return {
    connector: hubspot,
    account: { base_url, ...(kind.credentials ?? tokens) },
    wrongAccount: { base_url, access_token: "pat-not-the-token" },
    secrets: ["pat-sandbox", "pat-not-the-token", "sandbox-secret", "sandbox-refresh"],
    clock,
    ...kind,
    async readState() {
      const { hubspot: held } = (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as {
        hubspot: HubspotState;
      };
      return kind.read(held);
    },
    ...sandboxFaults(sandbox.url, (fault) =>
      faultRule("hubspot", fault, clock.now(), kind.writes ?? { method: "POST" }),
    ),
    close: () => sandbox.close(),
  };
}

const properties = (state: HubspotState, object: string): readonly Row[] =>
  state.records.filter((record) => record.object === object).map((record) => record.properties);
const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields: { firstname: `First ${n}`, days_silent: n },
});
const bad = (row: ContractRow): ContractRow => ({ ...row, fields: { ...row.fields, days_silent: "a while" } });

connectorContract("hubspot record (contacts by email)", () =>
  open({
    target: "record",
    options: { object: "contacts" },
    textField: "firstname",
    makeRow: person,
    makeBadRow: (n) => bad(person(n)),
    read: (state) => properties(state, "0-1"),
    skips: { "expired-token": noRenewal },
  }),
);

connectorContract("hubspot record (a custom object, by OAuth)", () =>
  open({
    target: "record",
    options: { object: "2-1" },
    textField: "title",
    makeRow: (n) => ({ key: `s${n}`, match: { sku: `S-${n}` }, fields: { title: `Thing ${n}` } }),
    makeBadRow: (n) => ({ key: `s${n}`, match: { sku: `S-${n}` }, fields: { title: "x", amount: "much" } }),
    read: (state) => properties(state, "2-1"),
    credentials: { oauth, api_version: "2026-03" },
  }),
);

connectorContract("hubspot list", () =>
  open({
    target: "list",
    options: { list: "Lapsing" },
    textField: "firstname",
    makeRow: person,
    makeBadRow: (n) => bad(person(n)),
    read(state) {
      const members = new Set(state.lists.flatMap((list) => list.members));
      return state.records.filter((record) => members.has(record.id)).map((record) => record.properties);
    },
    skips: { "expired-token": noRenewal },
    writes: { method: "PUT" },
  }),
);

const noFields = "an association has no text of its own";
connectorContract("hubspot association", () =>
  open({
    target: "association",
    options: { from: "contacts", to: "companies", from_property: "customer_no", to_property: "customer_no" },
    textField: "none",
    makeRow: (n) => ({ key: `a${n}`, match: { from: `N-${n}`, to: `N-${n}` }, fields: {} }),
    makeBadRow: (n) => ({ key: `a${n}`, match: { from: `N-${n}`, to: "N-nobody" }, fields: {} }),
    seeded: ["contacts", "companies"],
    read(state) {
      const numbers = new Map(state.records.map((record) => [record.id, record.properties.customer_no ?? null]));
      return state.associations.map(({ pair }) => {
        const [, from = "", , to = ""] = pair.split("/");
        return { from: numbers.get(from) ?? null, to: numbers.get(to) ?? null };
      });
    },
    skips: {
      "expired-token": noRenewal,
      update: noFields,
      unicode: noFields,
      "null-written": noFields,
      "null-skipped": noFields,
      oversize: noFields,
      "server-error": "the case looks for a text field; the same in whole-plans.test.ts",
      "no-answer": "the case looks for a text field; the same in whole-plans.test.ts",
    },
    writes: { method: "POST", path: "associate" },
  }),
);

connectorContract("hubspot event", () =>
  open({
    target: "event",
    options: { event: "pe1234567_placed_order" },
    mode: "append",
    textField: "properties.note",
    makeRow: (n) => ({
      key: `e${n}`,
      match: { email: `p${n}@example.com` },
      fields: { "properties.note": `note ${n}`, "properties.revenue": n },
    }),
    makeBadRow: (n) => ({
      key: `e${n}`,
      match: { email: `p${n}@example.com` },
      fields: { "properties.note": "bad", "properties.revenue": "a lot" },
    }),
    read: (state) =>
      state.events.map(({ email, properties: own }) => ({
        email: email ?? null,
        ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`properties.${name}`, value])),
      })),
    skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
  }),
);

const noText = "a subscription has no text of its own";
connectorContract("hubspot subscription", () =>
  open({
    target: "subscription",
    options: { subscription: "Newsletter", resubscribe: true },
    textField: "none",
    makeRow: (n) => ({ key: `p${n}`, match: { email: `p${n}@example.com` }, fields: {} }),
    makeBadRow: (n) => ({ key: `p${n}`, match: { email: `no address ${n}` }, fields: {} }),
    read: (state) =>
      Object.entries(state.subscriptions)
        .filter(([, status]) => status === "SUBSCRIBED")
        .map(([name]) => ({ email: name.replace("7/", "") })),
    skips: {
      "expired-token": noRenewal,
      update: noText,
      unicode: noText,
      "null-written": noText,
      "null-skipped": noText,
      oversize: noText,
      "server-error": "the case looks for a text field; the same in whole-plans.test.ts",
      "no-answer": "the case looks for a text field; the same in whole-plans.test.ts",
    },
    writes: { method: "POST", path: "write" },
  }),
);
