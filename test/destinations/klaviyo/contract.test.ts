import type { Row } from "../../../src/core/value.ts";
import { klaviyo } from "../../../src/destinations/klaviyo/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type ConnectorFixture, type ContractRow, connectorContract, testClock } from "../../contract/connector.ts";
import { createDriver } from "../../contract/connector-driver.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { sandboxFaults } from "../../contract/sandbox-faults.ts";
import { faultRule } from "../../contract/stand-in-fixture.ts";

interface Profile {
  readonly email?: string;
  readonly properties?: Row;
  readonly [name: string]: unknown;
}
interface State {
  readonly klaviyo: {
    readonly profiles: Readonly<Record<string, Profile>>;
    readonly lists: Readonly<Record<string, { readonly name: string; readonly members: readonly string[] }>>;
    readonly events: readonly { readonly profile: string; readonly unique_id: string; readonly properties: Row }[];
    readonly suppressed: readonly string[];
  };
}

interface Kind {
  readonly target: "list" | "profile" | "subscription" | "event" | "suppression";
  readonly options: Row;
  readonly textField: string;
  makeRow(n: number): ContractRow;
  makeBadRow(n: number): ContractRow;
  readonly skips: NonNullable<ConnectorFixture["skips"]>;
  readonly mode?: NonNullable<ConnectorFixture["mode"]>;
  readonly fieldless?: true;
}

/** What a target's rows have come to, under the names that a sync uses. */
function stateOf(kind: Kind, held: State["klaviyo"]): readonly Row[] {
  if (kind.target === "event") {
    return held.events.map(({ profile, unique_id, properties }) => flat({ email: profile, unique_id, properties }));
  }
  if (kind.target === "suppression") return held.suppressed.map((email) => ({ email }));
  const lapsing = Object.values(held.lists).filter((list) => list.name === "Lapsing");
  const members = new Set(lapsing.flatMap((list) => list.members));
  return Object.entries(held.profiles)
    .filter(([id]) => kind.target === "profile" || members.has(id))
    .map(([, profile]) => flat(profile));
}

async function open(kind: Kind): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({ port: 0, clock });
  return {
    connector: klaviyo,
    account: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_sandbox" },
    wrongAccount: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_not_the_key" },
    secrets: ["pk_sandbox", "pk_not_the_key"],
    clock,
    ...kind,
    async readState() {
      return stateOf(kind, ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as State).klaviyo);
    },
    ...sandboxFaults(sandbox.url, (fault) => faultRule("klaviyo", fault, clock.now(), { method: "POST" })),
    close: () => sandbox.close(),
  };
}

/** Under the names that a sync uses. */
function flat(profile: Profile): Row {
  const { properties = {}, ...rest } = profile;
  const named = Object.entries(properties).map(([name, value]) => [`properties.${name}`, value] as const);
  return { ...(rest as Row), ...Object.fromEntries(named) };
}

const person = (n: number, fields: Row): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields,
});
const profileRow = (n: number) => person(n, { first_name: `First ${n}`, "properties.days_silent": n });
const badRow = (n: number): ContractRow => ({ ...profileRow(n), match: { email: `no address ${n}` } });
const noRenewal = "a private API key does not expire";

connectorContract("klaviyo list", () =>
  open({
    target: "list",
    options: { list: "Lapsing" },
    textField: "first_name",
    makeRow: profileRow,
    makeBadRow: badRow,
    skips: { "expired-token": noRenewal },
  }),
);

connectorContract("klaviyo profile", () =>
  open({
    target: "profile",
    options: {},
    textField: "properties.note",
    makeRow: (n) => person(n, { first_name: `First ${n}`, "properties.note": `note ${n}` }),
    makeBadRow: badRow,
    skips: { "expired-token": noRenewal },
  }),
);

const noFields = "a subscription has no text of its own";
const consented = (n: number): ContractRow => person(n, { consented_at: "2025-06-01T10:00:00Z" });
connectorContract("klaviyo subscription", () =>
  open({
    target: "subscription",
    // The list asks for double opt-in, which only a historical import goes without.
    options: { list: "Lapsing", historical_import: true },
    textField: "first_name",
    makeRow: consented,
    makeBadRow: (n) => ({ ...consented(n), match: { email: `no address ${n}` } }),
    skips: {
      "expired-token": noRenewal,
      update: noFields,
      unicode: noFields,
      "null-written": noFields,
      "null-skipped": noFields,
      oversize: noFields,
      "insert-only": noFields,
    },
  }),
);

const recorded = "an event is never changed";
connectorContract("klaviyo event", () =>
  open({
    target: "event",
    options: { metric: "Placed Order" },
    mode: "append",
    textField: "properties.note",
    makeRow: (n) => person(n, { time: "2026-02-01T10:00:00Z", value: n, "properties.note": `note ${n}` }),
    makeBadRow: (n) => ({ ...person(n, { "properties.note": "bad" }), match: { email: `no address ${n}` } }),
    skips: { "expired-token": noRenewal, "null-written": recorded },
  }),
);

const noField = "a suppression has no fields";
connectorContract("klaviyo suppression", () =>
  open({
    target: "suppression",
    options: {},
    fieldless: true,
    textField: "note",
    makeRow: (n) => person(n, {}),
    makeBadRow: (n) => ({ ...person(n, {}), match: { email: `no address ${n}` } }),
    skips: {
      "expired-token": noRenewal,
      update: noField,
      unicode: noField,
      "null-written": noField,
      "null-skipped": noField,
      oversize: noField,
      "insert-only": noField,
    },
  }),
);

const keys = { email: "email", phone_number: "phone_number", external_id: "external_id" } as const;
const identifierOf = {
  email: (n: number) => `p${n}@example.com`,
  phone_number: (n: number) => `+4915112${String(n).padStart(6, "0")}`,
  external_id: (n: number) => `ext-${n}`,
};
for (const by of Object.values(keys)) {
  erasureContract(`klaviyo erasure by ${by}`, async () => {
    const kind: Kind = {
      target: "profile",
      options: {},
      textField: "",
      makeRow: (n) => ({ key: `p${n}`, match: { [by]: identifierOf[by](n) }, fields: {} }),
      makeBadRow: badRow,
      skips: {},
    };
    const fixture = await open(kind);
    return {
      ...fixture,
      target: "erasure",
      ...(by === "external_id"
        ? {}
        : { makeUnreadableRow: () => ({ key: "bad", match: { [by]: "no-one" }, fields: {} }) }),
      async seed(rows) {
        const driver = createDriver({
          connector: klaviyo,
          account: fixture.account,
          target: "profile",
          options: {},
          mode: "upsert",
          clock: fixture.clock ?? testClock(),
          secrets: fixture.secrets,
        });
        await driver.deliver(rows.map((row) => ({ ...row, op: "add" as const })));
        await driver.close();
      },
    };
  });
}
