import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";

type Settings = NonNullable<NonNullable<SandboxOptions["config"]>["salesforce"]>;

export interface StandIn {
  readonly url: string;
  readonly account: Row;
  readonly seen: readonly Seen[];
  /** Requests on data so far: signing in is once per process, not per change. */
  calls(pattern?: RegExp): number;
  drive(target: string, options: Row, mode?: Mode, account?: Row): Driver;
  /** Makes records as an administrator would; their Ids, in order. */
  make(object: string, records: readonly Row[]): Promise<readonly string[]>;
  drop(object: string, id: string): Promise<void>;
  /** What the organisation holds of an object. */
  held(object: string): Promise<readonly Row[]>;
  violations(): Promise<unknown>;
  tell(rule: Row): Promise<void>;
  close(): Promise<void>;
}

const external = { external_id: true, unique: true };

/** The sandbox's Salesforce, whose Contacts, Leads and Accounts have the External ID field No__c. */
export async function openStandIn(settings: Settings = {}, clock = testClock()): Promise<StandIn> {
  const seen: Seen[] = [];
  const sandbox = await startSandbox({
    port: 0,
    clock,
    observe: (one) => seen.push(one),
    config: {
      salesforce: {
        job_polls: 0,
        ...settings,
        objects: {
          Contact: { fields: { No__c: external } },
          Lead: { fields: { No__c: external } },
          Account: { fields: { No__c: external } },
          CampaignMember: { fields: { Note__c: { type: "textarea" } } },
          ...settings.objects,
        },
      },
    },
  });
  const account = { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "sandbox-secret" };
  const drivers: Driver[] = [];
  const token = async (): Promise<string> => {
    const form = new URLSearchParams({ grant_type: "client_credentials", ...account });
    const reply = await fetch(`${account.base_url}/services/oauth2/token`, { method: "POST", body: form });
    return ((await reply.json()) as { access_token: string }).access_token;
  };
  const administer = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const reply = await fetch(`${account.base_url}/services/data/v62.0${path}`, {
      method,
      headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) throw new Error(await reply.text());
    const text = await reply.text();
    seen.length = 0;
    return text === "" ? null : JSON.parse(text);
  };
  return {
    url: sandbox.url,
    account,
    seen,
    calls: (pattern = /./) => seen.filter((one) => !one.path.includes("/oauth2/") && pattern.test(one.path)).length,
    drive(target, options, mode = "mirror", other = account) {
      const driver = createDriver({
        connector: salesforce,
        account: other,
        target,
        options,
        mode,
        clock,
        secrets: ["sandbox-secret"],
      });
      drivers.push(driver);
      return driver;
    },
    async make(object, records) {
      const ids: string[] = [];
      for (let from = 0; from < records.length; from += 200) {
        const part = records.slice(from, from + 200).map((one) => ({ attributes: { type: object }, ...one }));
        const made = (await administer("POST", "/composite/sobjects", { records: part })) as { id: string }[];
        ids.push(...made.map(({ id }) => id));
      }
      return ids;
    },
    drop: async (object, id) => void (await administer("DELETE", `/sobjects/${object}/${id}`)),
    async held(object) {
      const state = (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as {
        salesforce: { objects: Record<string, Record<string, Row>> };
      };
      return Object.values(state.salesforce.objects[object] ?? {});
    },
    violations: async () => (await fetch(`${sandbox.url}/_sandbox/violations`)).json(),
    tell: (rule) => tellSandbox(sandbox.url, rule),
    async close() {
      for (const driver of drivers) await driver.close();
      await sandbox.close();
    },
  };
}
