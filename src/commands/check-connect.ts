import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import { sql } from "../warehouse/sql.ts";
import type { App } from "./app.ts";
import { lacking, needsOfProject } from "./grants.ts";
import { discover } from "./pipeline/field-types.ts";
import { mappingFaults } from "./pipeline/mapping-faults.ts";
import { prepareSync } from "./pipeline/prepare.ts";
import type { VerbContext } from "./run-verb.ts";
import { unreadable } from "./unreadable.ts";

/** One thing that was tried, for people and for `--json`. */
export interface Tried {
  readonly what: string;
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
}

interface Probe {
  readonly what: string;
  try(): Promise<unknown>;
}

/** Tries the warehouse, dbt with it, every account that a sync uses, and the syncs' mappings where platforms tell their fields. Writes nothing. */
export async function connect({ open, out }: VerbContext): Promise<Tried[]> {
  const app = await open();
  const accounts = [...new Set(app.syncs.map((sync) => sync.to.account))];
  const tried: Tried[] = [];
  const attempt = async (probe: Probe): Promise<void> => {
    const result = await outcomeOf(probe);
    out.print(result.ok ? `${result.what}: ok` : `${result.what}: ${result.code}: ${result.message}`);
    tried.push(result);
  };
  await attempt({
    what: "warehouse",
    // A statement: BigQuery opens nothing, and tells only then who may run jobs.
    try: async () =>
      (await app.warehouse()).session(
        "read",
        (session) => session.query(sql`select 1 as one`, z.unknown()),
        app.signal,
      ),
  });
  if (tried[0]?.ok) {
    for (const probe of await missingGrants(app)) await attempt(probe);
  }
  const { models } = app;
  if (models !== null) await attempt({ what: "dbt", try: () => models.debug() });
  for (const name of accounts) await attempt({ what: `account ${name}`, try: () => checkAccount(app, name) });
  // A platform that refuses the account would refuse to tell its fields, too.
  const sound = new Set(tried.filter(({ ok }) => ok).map(({ what }) => what));
  for (const sync of app.syncs) {
    if (sound.has(`account ${sync.to.account}`) && (await tellsFields(app, sync.name)))
      await attempt({ what: `mapping of ${sync.name}`, try: () => checkMapping(app, sync.name) });
  }
  return tried;
}

/** One failing probe a right that the role lacks, naming the statement that gives it. */
async function missingGrants(app: App): Promise<Probe[]> {
  const [warehouse, rights] = [await app.warehouse(), await app.grants()];
  const { needs } = await needsOfProject(app);
  const missing = await warehouse.session("read", (session) => rights.missing(session, needs), app.signal);
  const role = rights.role ?? "ROLE";
  return Promise.all(
    missing.map(async (need) => {
      const sync = need.kind === "read" ? await readerOf(app, need.relation) : undefined;
      const error =
        need.kind === "read" && sync !== undefined
          ? await unreadable(app, sync, need.relation, [need])
          : lacking(rights, need, role);
      return { what: "grant", try: () => Promise.reject(error) };
    }),
  );
}

/** A sync on this model: by its history it is known whether the model could be read before. */
async function readerOf(app: App, { schema, name }: Relation): Promise<SyncConfig | undefined> {
  for (const sync of app.syncs) {
    const read = await app.relation(sync).catch(() => null);
    if (read?.schema === schema && read.name === name) return sync;
  }
  return undefined;
}

async function checkAccount(app: App, name: string): Promise<void> {
  const account = await app.account(name);
  await account.connector.check(account.ctx({ signal: app.signal }));
}

const tellsFields = async (app: App, sync: string): Promise<boolean> =>
  (await prepareSync(app, app.sync(sync))).target.discover !== undefined;

/** Holds a sync's mapping against the fields that the platform says it has. */
async function checkMapping(app: App, name: string): Promise<void> {
  const prepared = await prepareSync(app, app.sync(name));
  const faults = mappingFaults(prepared.sync, prepared.target, (await discover(app, prepared)) ?? []);
  if (faults.length === 0) return;
  const { to } = prepared.sync;
  throw new ConfigError(faults.join("\n"), { hint: `\`millrace fields ${to.account} ${to.target}\` lists them.` });
}

async function outcomeOf(probe: Probe): Promise<Tried> {
  try {
    await probe.try();
    return { what: probe.what, ok: true };
  } catch (error) {
    return {
      what: probe.what,
      ok: false,
      code: error instanceof Error && "code" in error ? String(error.code) : "UNEXPECTED",
      message:
        error instanceof Error ? `${error.message}${"hint" in error ? ` ${String(error.hint)}` : ""}` : String(error),
    };
  }
}
