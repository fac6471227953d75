import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type ConnectorFixture, connectorContract, testClock } from "../../contract/connector.ts";
import { faultRule } from "./fault-rules.ts";

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
    misbehave: (fault) => tell(faultRule(fault, clock.now())),
    close: () => sandbox.close(),
  };
}

connectorContract("salesforce record, by collections", () => open({ bulk: "never" }));
connectorContract("salesforce record, by bulk jobs", () => open({ bulk: "always" }));
