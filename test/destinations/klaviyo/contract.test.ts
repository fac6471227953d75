import type { Row } from "../../../src/core/value.ts";
import { klaviyo } from "../../../src/destinations/klaviyo/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import {
  type ConnectorFixture,
  type ContractRow,
  connectorContract,
  type Fault,
  testClock,
} from "../../contract/connector.ts";

interface Profile {
  readonly email?: string;
  readonly properties?: Row;
  readonly [name: string]: unknown;
}
interface State {
  readonly klaviyo: {
    readonly profiles: Readonly<Record<string, Profile>>;
    readonly lists: Readonly<Record<string, { readonly name: string; readonly members: readonly string[] }>>;
  };
}

interface Kind {
  readonly target: "list" | "profile" | "subscription";
  readonly options: Row;
  readonly textField: string;
  makeRow(n: number): ContractRow;
  makeBadRow(n: number): ContractRow;
  readonly skips: NonNullable<ConnectorFixture["skips"]>;
}

async function open(kind: Kind): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({ port: 0, clock });
  const tell = async (rule: Record<string, unknown>) => {
    const reply = await fetch(`${sandbox.url}/_sandbox/misbehave`, { method: "POST", body: JSON.stringify(rule) });
    if (!reply.ok) throw new Error(await reply.text());
  };
  return {
    connector: klaviyo,
    account: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_sandbox" },
    wrongAccount: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_not_the_key" },
    secrets: ["pk_sandbox", "pk_not_the_key"],
    clock,
    timeoutMs: 10_000,
    ...kind,
    async readState() {
      const { klaviyo: held } = (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as State;
      const members = new Set(
        Object.values(held.lists).flatMap((list) => (list.name === "Lapsing" ? list.members : [])),
      );
      return Object.entries(held.profiles)
        .filter(([id]) => kind.target === "profile" || members.has(id))
        .map(([, profile]) => flat(profile));
    },
    misbehave: (fault) => tell(ruleFor(fault, clock.now())),
    close: () => sandbox.close(),
  };
}

/** Under the names that a sync uses. */
function flat(profile: Profile): Row {
  const { properties = {}, ...rest } = profile;
  const named = Object.entries(properties).map(([name, value]) => [`properties.${name}`, value] as const);
  return { ...(rest as Row), ...Object.fromEntries(named) };
}

function ruleFor(fault: Fault, now: Date): Record<string, unknown> {
  const common = { platform: "klaviyo", match: { method: "POST" } };
  if (fault.kind === "expired-token") return { ...common, kind: "expire_token" };
  if (fault.kind === "server-error") return { ...common, kind: fault.applied ? "error_after" : "error", status: 500 };
  if (fault.kind === "no-answer")
    return { ...common, kind: fault.applied ? "timeout_after" : "timeout_before", how: "reset" };
  const plain = /^\d+$/.test(fault.retryAfter);
  const seconds = plain ? Number(fault.retryAfter) : Math.round((Date.parse(fault.retryAfter) - now.getTime()) / 1_000);
  return { ...common, kind: "rate_limit", retry_after: seconds, form: plain ? "seconds" : "date" };
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
