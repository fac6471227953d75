import type { Row } from "../../../src/core/value.ts";
import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type ConnectorFixture, connectorContract, testClock } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { sandboxFaults } from "../../contract/sandbox-faults.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
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
  return {
    connector: salesforce,
    account: { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "sandbox-secret" },
    wrongAccount: { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "not-the-secret" },
    secrets: ["sandbox-secret", "not-the-secret"],
    target: "record",
    options: { object: "Contact", ...options },
    clock,
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
    ...sandboxFaults(sandbox.url, (fault) => faultRule(fault, clock.now())),
    close: () => sandbox.close(),
  };
}

connectorContract("salesforce record, by collections", () => open({ bulk: "never" }));
connectorContract("salesforce record, by bulk jobs", () => open({ bulk: "always" }));

for (const field of ["No__c", "Email"]) {
  const match = (n: number) => ({ [field]: field === "Email" ? `c${n}@example.com` : `C-${n}` });
  erasureContract(`salesforce erasure by ${field}`, async () => {
    const fixture = await openStandInCase<State["salesforce"]>({
      connector: salesforce,
      name: "salesforce",
      settings: { salesforce: { objects: { Contact: { fields: { No__c: { external_id: true } } } } } },
      wrong: { client_secret: "not-the-secret" },
      secrets: ["sandbox-secret", "not-the-secret"],
      writes: { method: "POST", path: "/jobs/ingest$" },
      target: "erasure",
      options: { object: "Contact" },
      textField: "",
      makeRow: (n) => ({ key: `c${n}`, match: match(n), fields: {} }),
      read: (state) => Object.values(state.objects.Contact ?? {}),
    });
    return {
      ...fixture,
      makeUnreadableRow: () => ({ key: "bad", match: { [field]: "x".repeat(5_000) }, fields: {} }),
      seed: (rows) => makeContacts(fixture.account, rows),
    };
  });
}

/** As an administrator would. */
async function makeContacts(account: unknown, rows: readonly { readonly match: Row }[]): Promise<void> {
  const { base_url } = Object(account) as { base_url: string };
  const form = { grant_type: "client_credentials", client_id: "sandbox-id", client_secret: "sandbox-secret" };
  const signedIn = await fetch(`${base_url}/services/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { access_token } = (await signedIn.json()) as { access_token: string };
  const records = rows.map(({ match }) => ({ attributes: { type: "Contact" }, LastName: "Seeded", ...match }));
  const made = await fetch(`${base_url}/services/data/v62.0/composite/sobjects`, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify({ records }),
  });
  if (!made.ok) throw new Error(await made.text());
}
