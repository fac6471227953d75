import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates } from "../fates.ts";
import { apiPath, type Ctx, sendBatch } from "./batch.ts";
import { readError, refusal, roleMissing, saysGone, targetFault } from "./errors.ts";
import { notFound, resultMissing } from "./fates.ts";
import type { PartReply, PartRequest } from "./multipart.ts";
import { type Identity, keyOf, toColumns, tooLong } from "./rows.ts";

export interface Writing {
  readonly table: string;
  readonly identity: Identity;
  readonly writes: Batch["writes"];
  /** Column to read a row's id back from. */
  readonly idColumn: string | undefined;
}

/** Writes rows in one batch, and once more those that moved but were gone. Adds to `fates`. */
export async function writeRows(ctx: Ctx, what: Writing, changes: readonly Change[], fates: Fates): Promise<void> {
  await writeOnce(ctx, what, changes, isMoved, fates);
  const gone = changes.filter((change) => isMoved(change) && fates.get(change.seq) === notFound);
  for (const { seq } of gone) fates.delete(seq);
  await writeOnce(ctx, what, gone, () => false, fates);
}

/** The row is known by its id and gets a new key. */
const isMoved = (change: Change): boolean => change.movedFrom !== undefined && change.externalId !== undefined;

async function writeOnce(
  ctx: Ctx,
  what: Writing,
  changes: readonly Change[],
  moves: (change: Change) => boolean,
  fates: Fates,
): Promise<void> {
  const requests: PartRequest[] = [];
  for (const change of changes) {
    const found = keyOf(change.match, what.identity);
    const flaw = "key" in found ? tooLong(change) : found;
    if (flaw !== null || !("key" in found)) fates.set(change.seq, flaw ?? resultMissing);
    else requests.push(toRequest(ctx, what, change, found.key, moves(change)));
  }
  const replies = await sendBatch(ctx, requests);
  assertTarget(what.table, [...replies.values()]);
  for (const { id: seq, headers } of requests) {
    const reply = replies.get(seq);
    if (reply !== undefined) fates.set(seq, fateOf(what, reply, headers?.["If-Match"] !== undefined));
  }
}

/**
 * Only an update, or only a creation, is asked for by a header.
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/perform-conditional-operations-using-web-api
 */
function toRequest(ctx: Ctx, what: Writing, change: Change, key: string, moved: boolean): PartRequest {
  const only = moved || what.writes === "update" ? { "If-Match": "*" } : {};
  const never = what.writes === "insert" ? { "If-None-Match": "*" } : {};
  const select = what.idColumn === undefined ? "" : `?$select=${what.idColumn}`;
  return {
    id: change.seq,
    method: "PATCH",
    path: `${apiPath(ctx)}/${what.table}(${moved ? change.externalId : key})${select}`,
    headers: { ...only, ...never, ...(select === "" ? {} : { Prefer: "return=representation" }) },
    json: toColumns(change, what.identity, moved),
  };
}

function fateOf(what: Writing, reply: PartReply, onlyUpdate: boolean) {
  const { status, body } = reply;
  if (status >= 200 && status < 300) return delivered(idOf(reply, what.idColumn));
  const error = readError(body);
  // If-None-Match: the row is there, and an insert leaves it alone.
  if (status === 412 && what.writes === "insert") return delivered();
  if (onlyUpdate && saysGone(status, error)) return notFound;
  return refusal(status, error);
}

/** From the row itself, else from OData-EntityId, which repeats the key instead where a row was addressed by one. */
export function idOf(reply: PartReply, idColumn: string | undefined): string | null {
  const row = z.record(z.string(), z.unknown()).safeParse(reply.body).data ?? {};
  const value = idColumn === undefined ? undefined : row[idColumn];
  if (typeof value === "string") return value;
  return /\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)$/i.exec(reply.headers["odata-entityid"] ?? "")?.[1] ?? null;
}

/** Throws where every row is refused for what the sync names or may not do. */
export function assertTarget(table: string, replies: readonly PartReply[]): void {
  const faults = replies.map((reply) => targetFault(reply.status, readError(reply.body), table));
  const [first] = faults;
  if (first != null && faults.every((fault) => fault !== null)) throw first;
  if (replies.length > 0 && replies.every((reply) => reply.status === 403)) throw roleMissing(403, "PRIVILEGE_DENIED");
}
