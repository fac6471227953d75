import type { Change } from "../../core/change.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, TargetCtx } from "../connector.ts";
import { delivered, type Fates, noIdentifier } from "../fates.ts";
import type { SalesforceAccount } from "./account.ts";
import { ambiguous, notFound } from "./errors.ts";
import { type Found, knownId, lookUp } from "./lookup.ts";
import { type Identity, identityOf, type RecordOptions } from "./options.ts";
import { matchValue, writtenFields } from "./payload.ts";
import { valueAt } from "./soql.ts";

export type RecordCtx = TargetCtx<SalesforceAccount, RecordOptions>;
export type Operation = "upsert" | "update" | "insert" | "delete";

/** A change that needs a request of its own kind. */
export interface Item {
  readonly change: Change;
  /** The record's Id, where the operation goes by it. */
  readonly id: string | null;
  readonly fields: Row;
}

/** Changes that one operation can write. */
export interface Work {
  readonly operation: Operation;
  readonly identity: Identity;
  readonly items: readonly Item[];
  /** Updates that give records new identifiers: one that is gone is made again under them. */
  readonly moves: boolean;
}

export interface Prepared {
  /** The largest first; none is empty. More than one only where some records move among upserts. */
  readonly parts: readonly Work[];
  /** Changes that are settled already: not there, there twice, without identifier. */
  readonly fates: Fates;
  readonly sendable: "again" | "once";
}

export function operationOf(batch: Pick<Batch, "writes" | "changes">, identity: Identity): Operation {
  if (batch.changes[0]?.op === "remove") return "delete";
  if (batch.writes === "insert") return "insert";
  return batch.writes === "update" || identity.by === "id" ? "update" : "upsert";
}

/** Finds out what the batch's rows need, asking Salesforce for Ids and current values only where it must. */
export async function prepareWork(batch: Batch, ctx: RecordCtx): Promise<Prepared> {
  const identity = identityOf(ctx.options, ctx.sync);
  const operation = operationOf(batch, identity);
  const fates: Fates = new Map();
  const moves = (change: Change) => operation === "upsert" && hasMoved(change, identity);
  const moving = batch.changes.filter(moves);
  const moved = await workOf(ctx, { operation: "update", identity, moves: true }, moving, fates);
  const staying = [...batch.changes.filter((change) => !moves(change)), ...takeGone(moving, fates)];
  const work = await workOf(ctx, { operation, identity, moves: false }, staying, fates);
  return {
    parts: [work, moved]
      .filter((part) => part.items.length > 0)
      .toSorted((one, other) => other.items.length - one.items.length),
    fates,
    sendable: operation === "insert" && identity.by === "nothing" ? "once" : "again",
  };
}

/** Has the record other identifiers than those last delivered, and an Id to be found by? */
function hasMoved(change: Change, identity: Identity): boolean {
  return change.movedFrom !== undefined && change.externalId !== undefined && matchValue(change, identity) !== null;
}

/** Moved changes whose record turned out to be gone; their fates are open again. */
export function takeGone(changes: readonly Change[], fates: Fates): readonly Change[] {
  const gone = changes.filter((change) => fates.get(change.seq) === notFound);
  for (const { seq } of gone) fates.delete(seq);
  return gone;
}

/** What one operation writes of these changes; what it need not or cannot write is settled in `fates`. */
export async function workOf(
  ctx: RecordCtx,
  kind: Omit<Work, "items">,
  changes: readonly Change[],
  fates: Fates,
): Promise<Work> {
  const { operation, identity } = kind;
  const named: Change[] = [];
  for (const change of changes) {
    if (isNamed(change, identity, operation)) named.push(change);
    else fates.set(change.seq, noIdentifier);
  }
  const kept = operation === "upsert" || operation === "update" ? ctx.sync.onlyIfEmpty : [];
  const asked = named.filter((change) => mustAsk(change, identity, operation, kept));
  const found = await lookUp(
    ctx,
    {
      object: ctx.options.object,
      identity,
      prefer: operation === "update" || operation === "delete" ? "id" : "field",
      fields: kept.map(queryPath),
    },
    asked,
  );
  const items: Item[] = [];
  for (const change of named) {
    const there = found.get(change.seq);
    const fate = there === undefined ? undefined : settled(operation, there);
    if (fate !== undefined) fates.set(change.seq, fate);
    else items.push(toItem(change, identity, operation, there, kept));
  }
  return { ...kind, items };
}

function isNamed(change: Change, identity: Identity, operation: Operation): boolean {
  if (matchValue(change, identity) !== null) return true;
  return operation === "insert"
    ? identity.by === "nothing"
    : operation !== "upsert" && knownId(change, identity) !== null;
}

/** An insert asks first: what is there already is never changed, and a second attempt must not make a second record. */
function mustAsk(change: Change, identity: Identity, operation: Operation, kept: readonly string[]): boolean {
  if (operation === "insert") return identity.by === "field";
  if (kept.length > 0) return true;
  return operation !== "upsert" && knownId(change, identity) === null;
}

function settled(operation: Operation, there: Found) {
  if (there.count === 2) return ambiguous;
  if (operation === "insert") return there.count === 1 ? delivered(there.id) : undefined;
  if (there.count === 1 || operation === "upsert") return undefined;
  return operation === "delete" ? delivered() : notFound;
}

function toItem(
  change: Change,
  identity: Identity,
  operation: Operation,
  there: Found | undefined,
  kept: readonly string[],
): Item {
  const record = there?.count === 1 ? there.record : {};
  const full = new Set(kept.filter((name) => !isEmpty(record, name)));
  const kind = operation === "insert" ? "create" : operation === "upsert" ? "upsert" : "update";
  const fields = Object.entries(writtenFields(change, identity, kind)).filter(([name]) => !full.has(name));
  const byId = operation === "update" || operation === "delete";
  return {
    change,
    id: !byId ? null : there?.count === 1 ? there.id : knownId(change, identity),
    fields: Object.fromEntries(fields),
  };
}

function isEmpty(record: Row, name: string): boolean {
  const value = valueAt(record, queryPath(name));
  return value === null || value === "";
}

/** SOQL has no type before a relationship: `User:Owner.Ext__c` is read as Owner.Ext__c. */
const queryPath = (name: string): string => name.replace(/^\w+:/, "");
