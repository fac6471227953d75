import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { SandboxConfigInput } from "../../../src/sandbox/config.ts";
import type { LogEntry } from "../../../src/sandbox/core/request-log.ts";
import type { SandboxState } from "./sandbox.ts";

export interface Person {
  readonly email: string;
  readonly name: string;
  readonly tier: string;
}

/** People at the destination, by what the destination calls them. */
export type Holding = ReadonlyMap<string, Person>;

/** One kind of target under test: how a sync reaches it, and how to see what it was given. */
export interface Scenario {
  readonly name: string;
  /** May nothing be sent twice? Then rows without an answer wait for a person. */
  readonly once: boolean;
  /** The column by which `holding` calls people. */
  readonly calledBy: "id" | "email";
  readonly sandbox: SandboxConfigInput;
  account(sandboxUrl: string): string;
  /** `to`, `mode`, `match`, `fields` and `batch` of the sync. */
  readonly sync: string;
  /** null: what was given cannot be taken away or changed, so it is not compared. */
  holding(state: SandboxState, folder: string): Holding | null;
  /** What a request did: took somebody away, gave somebody, or neither. */
  effect(entry: LogEntry): "remove" | "write" | "none";
}

const fields = "fields: { email: email, name: name, tier: tier }";
const touches = (entry: LogEntry, names: readonly string[]): boolean =>
  entry.applied && names.some((name) => (entry.rows[name]?.length ?? 0) > 0);
const effectOf =
  (removals: readonly string[], writes: readonly string[]): Scenario["effect"] =>
  (entry) =>
    touches(entry, removals) ? "remove" : touches(entry, writes) ? "write" : "none";

const hook = {
  calledBy: "id",
  account: (url: string) => `hook: { connector: http, base_url: "${url}/hook" }`,
  effect: effectOf(["remove"], ["add", "update"]),
} as const;

export const hookIdempotent: Scenario = {
  ...hook,
  name: "http idempotent",
  once: false,
  sandbox: {},
  sync: `to: { account: hook, target: request, path: /people, resend: idempotent }
mode: mirror
batch: { rows: 8 }
${fields}`,
  holding: (state) => new Map(Object.entries(state.hook.present) as unknown as [string, Person][]),
};

/** The receiver does not look at the idempotency key, so that every second delivery shows. */
export const hookOnce: Scenario = {
  ...hook,
  name: "http once",
  once: true,
  sandbox: { hook: { idempotent: false } },
  sync: `to: { account: hook, target: request, path: /events }
mode: append
batch: { rows: 8 }
${fields}`,
  holding: () => null,
};

const salesforce = {
  once: false,
  calledBy: "id",
  account: (url: string) =>
    `sales: { connector: salesforce, base_url: "${url}/salesforce", client_id: sandbox-id, client_secret: sandbox-secret }`,
  sandbox: {
    salesforce: { job_polls: 0, objects: { Contact: { fields: { No__c: { external_id: true, unique: true } } } } },
  },
  holding(state: SandboxState): Holding {
    const contacts = Object.values(state.salesforce.objects.Contact ?? {});
    return new Map(
      contacts.map((c) => [String(c.No__c), { email: c.Email ?? "", name: c.LastName ?? "", tier: c.Tier__c ?? "" }]),
    );
  },
} as const;

const contact = (
  rows: number,
  bulk: "always" | "never",
) => `to: { account: sales, target: record, object: Contact, bulk: ${bulk} }
mode: mirror
when_removed: delete
match: { No__c: id }
batch: { rows: ${rows} }
fields: { Email: email, LastName: name, Tier__c: tier }`;

export const salesforceCollections: Scenario = {
  ...salesforce,
  name: "salesforce collections",
  sync: contact(10, "never"),
  effect: effectOf(["deleted"], ["created", "updated"]),
};

export const salesforceBulk: Scenario = {
  ...salesforce,
  name: "salesforce bulk",
  sync: contact(60, "always"),
  effect: effectOf(["delete"], ["upsert"]),
};

export const klaviyoList: Scenario = {
  name: "klaviyo list",
  once: false,
  calledBy: "email",
  sandbox: { klaviyo: { job_polls: 0 } },
  account: (url) => `news: { connector: klaviyo, base_url: "${url}/klaviyo", api_key: pk_sandbox }`,
  sync: `to: { account: news, target: list, list: People }
mode: mirror
match: { email: email }
batch: { rows: 60 }
fields: { first_name: name, properties.tier: tier }`,
  holding({ klaviyo }) {
    const list = Object.values(klaviyo.lists).find(({ name }) => name === "People");
    const people = (list?.members ?? []).map((id): [string, Person] => {
      const profile = klaviyo.profiles[id];
      const email = profile?.email ?? "";
      return [email, { email, name: profile?.first_name ?? "", tier: profile?.properties?.tier ?? "" }];
    });
    return new Map(people);
  },
  effect: effectOf(["removed from list"], ["imported"]),
};

const file: Pick<Scenario, "once" | "calledBy" | "sandbox" | "account" | "effect"> = {
  once: false,
  calledBy: "id",
  sandbox: {},
  account: () => "exports: { connector: file, path: ./exports }",
  effect: () => "none",
};

type Line = Person & { readonly key: string; readonly _op: string };
const lines = (path: string): Line[] => parse(readFileSync(path, "utf8"), { columns: true }) as Line[];
const person = ({ email, name, tier }: Line): Person => ({ email, name, tier });

export const csvSnapshot: Scenario = {
  ...file,
  name: "csv snapshot",
  sync: `to: { account: exports, target: csv, path: people.csv }
mode: mirror
batch: { rows: 5 }
${fields}`,
  holding(_state, folder) {
    const path = join(folder, "exports", "people.csv");
    return new Map(existsSync(path) ? lines(path).map((line) => [line.key, person(line)]) : []);
  },
};

/** What a reader of the folders ends up with who takes every finished one, in order of planning. */
export const csvChanges: Scenario = {
  ...file,
  name: "csv changes",
  sync: `to: { account: exports, target: csv, path: people, contents: changes }
mode: mirror
batch: { rows: 5 }
${fields}`,
  holding(_state, folder) {
    const root = join(folder, "exports", "people");
    const finished = existsSync(root)
      ? readdirSync(root).filter((run) => existsSync(join(root, run, "manifest.json")))
      : [];
    const runs = finished.map((run) => ({ run, manifest: manifestOf(join(root, run)) }));
    runs.sort((a, b) => a.manifest.planned_at.localeCompare(b.manifest.planned_at));
    const held = new Map<string, Person>();
    for (const { run, manifest } of runs) {
      for (const { name } of manifest.files) {
        for (const line of lines(join(root, run, name))) {
          if (line._op === "remove") held.delete(line.key);
          else held.set(line.key, person(line));
        }
      }
    }
    return held;
  },
};

interface Manifest {
  readonly planned_at: string;
  readonly files: readonly { readonly name: string; readonly rows: number }[];
}

/** A manifest must name every part of its folder. */
function manifestOf(folder: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  const parts = readdirSync(folder).filter((name) => name.endsWith(".csv"));
  const named = manifest.files.map(({ name }) => name);
  if (parts.sort().join() !== named.toSorted().join()) {
    throw new Error(`the manifest names ${named.length} of the ${parts.length} parts in its folder`);
  }
  return manifest;
}

export const scenarios: readonly Scenario[] = [
  hookIdempotent,
  hookOnce,
  salesforceCollections,
  salesforceBulk,
  klaviyoList,
  csvSnapshot,
  csvChanges,
];
