import { createHash } from "node:crypto";
import type { Relation } from "../core/relation.ts";

/** Millrace's own tables, all in one schema of the customer's warehouse. */
export interface StateTables {
  readonly schema: string;
  readonly meta: Relation;
  readonly bindings: Relation;
  readonly results: Relation;
  readonly runs: Relation;
  /** A view over every sync's rejects. */
  readonly rejects: Relation;
}

/** The tables of one sync. */
export interface SyncTables {
  readonly ledger: Relation;
  readonly plan: Relation;
  readonly rejects: Relation;
}

export function stateTables(schema: string): StateTables {
  const table = (name: string): Relation => ({ schema, name });
  return {
    schema,
    meta: table("meta"),
    bindings: table("bindings"),
    results: table("results"),
    runs: table("runs"),
    rejects: table("rejects"),
  };
}

export function syncTables(schema: string, sync: string, maxIdentifier: number): SyncTables {
  const table = (prefix: string): Relation => ({ schema, name: tableName(prefix, sync, maxIdentifier) });
  return { ledger: table("ledger"), plan: table("plan"), rejects: table("rejects") };
}

/**
 * `ledger__vips_to_salesforce`. Snake case can make two sync names one, and engines cut long names: a name that
 * is not its own snake case (dashes aside) or is too long carries six characters of the name's hash.
 */
function tableName(prefix: string, sync: string, maxIdentifier: number): string {
  const snake = sync.toLowerCase().replaceAll("-", "_");
  const full = `${prefix}__${snake}`;
  const faithful = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/.test(sync) && !(sync.includes("-") && sync.includes("_"));
  if (faithful && full.length <= maxIdentifier) return full;
  const suffix = `_${createHash("sha256").update(sync).digest("hex").slice(0, 6)}`;
  return full.replaceAll(/[^a-z0-9_]/g, "_").slice(0, maxIdentifier - suffix.length) + suffix;
}
