import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type ConnectorFixture, connectorContract, type Fault, testClock } from "../../contract/connector.ts";

interface State {
  readonly salesforce: {
    readonly objects: { readonly Contact?: Readonly<Record<string, Readonly<Record<string, string>>>> };
  };
}

async function open(options: Record<string, unknown>): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({
    port: 0,
    clock,
    config: { salesforce: { objects: { Contact: { fields: { No__c: { external_id: true, unique: true } } } } } },
  });
  const tell = async (rule: Record<string, unknown>) => {
    const reply = await fetch(`${sandbox.url}/_sandbox/misbehave`, { method: "POST", body: JSON.stringify(rule) });
    if (!reply.ok) throw new Error(await reply.text());
  };
  return {
    connector: salesforce,
    account: { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "sandbox-secret" },
    wrongAccount: { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "not-the-secret" },
    secrets: ["sandbox-secret", "not-the-secret"],
    target: "record",
    options: { object: "Contact", ...options },
    clock,
    timeoutMs: 10_000,
    textField: "Description",
    makeRow: (n) => ({
      key: `c${n}`,
      match: { No__c: `C-${n}` },
      fields: { LastName: `Last ${n}`, Email: `c${n}@example.com`, Description: `number ${n}` },
    }),
    makeBadRow: (n) => ({
      key: `c${n}`,
      match: { No__c: `C-${n}` },
      fields: { LastName: `Last ${n}`, Email: "no address", Description: "bad" },
    }),
    async readState() {
      const state = (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as State;
      return Object.values(state.salesforce.objects.Contact ?? {});
    },
    misbehave: (fault) => tell(ruleFor(fault, clock.now())),
    close: () => sandbox.close(),
  };
}

function ruleFor(fault: Fault, now: Date): Record<string, unknown> {
  const platform = "salesforce";
  if (fault.kind === "expired-token") return { kind: "expire_token", platform };
  if (fault.kind === "server-error") {
    return fault.applied ? { kind: "error_after", platform, status: 500 } : { kind: "error", platform, status: 500 };
  }
  if (fault.kind === "no-answer")
    return { kind: fault.applied ? "timeout_after" : "timeout_before", platform, how: "reset" };
  const seconds = /^\d+$/.test(fault.retryAfter)
    ? Number(fault.retryAfter)
    : Math.round((Date.parse(fault.retryAfter) - now.getTime()) / 1_000);
  const form = /^\d+$/.test(fault.retryAfter) ? "seconds" : "date";
  return { kind: "rate_limit", platform, retry_after: seconds, form };
}

connectorContract("salesforce record, by collections", () => open({ bulk: "never" }));
connectorContract("salesforce record, by bulk jobs", () => open({ bulk: "always" }));
