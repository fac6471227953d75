import { ConfigError } from "../../core/errors.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Batch, TargetShape, TargetSync } from "../connector.ts";
import { type Fates, resultMissing } from "../fates.ts";
import type { Identified } from "../identified.ts";
import { call, type LeadCtx, type LeadOptions } from "./api.ts";
import { maxLeads } from "./lookup.ts";
import { readWritten, resultsReply } from "./results.ts";

/** A request may have 1 MB, an import 10 MB. https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes#413 */
export const maxBytes = 900_000;
const maxImportBytes = 8_000_000;
/** The vendor has no figure: what a job loses when it fails. */
export const maxImported = 10_000;

export const identityOf = (sync: TargetSync): string => sync.match[0] ?? "email";

const written = (sync: TargetSync): number => sync.plannedRows - sync.removes;

/** Imports only insert or update; by id there is nothing to insert. */
export const imports = (options: LeadOptions, sync: TargetSync): boolean =>
  options.bulk_from !== "never" &&
  (sync.mode === "upsert" || sync.mode === "mirror") &&
  written(sync) >= options.bulk_from;

/** Throws ConfigError for a match of several fields. */
export function oneIdentifier(sync: TargetSync): void {
  if (sync.match.length <= 1) return;
  throw new ConfigError(`sync "${sync.name}": Marketo finds a lead by one field`, {
    hint: "Leave one identifier in `match:`; the others may be fields.",
  });
}

export function shapeOf(options: LeadOptions, sync: TargetSync): TargetShape {
  oneIdentifier(sync);
  if (sync.match[0] === "id" && sync.mode !== "update" && sync.mode !== "remove") {
    throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} cannot go by Marketo's own id`, {
      hint: "Marketo gives ids to leads: use mode update, or match by email or a field of your own.",
    });
  }
  const wrong = sync.fields.find((name) => name === "id" || !/^[A-Za-z]\w{0,254}$/.test(name));
  if (wrong !== undefined) {
    throw new ConfigError(`sync "${sync.name}": "${wrong}" is no name of a lead's field that a sync may write`, {
      hint: "Use the REST API name, e.g. firstName; `millrace fields` shows them.",
    });
  }
  const large = imports(options, sync);
  return {
    batch: large
      ? { maxRows: maxImported, maxBytes: maxImportBytes, mixedOps: true }
      : { maxRows: maxLeads, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  };
}

/** Requests of the writes of a plan, where each costs `each`; an import is polled. */
export const writeRequests = (options: LeadOptions, sync: TargetSync, each: number): number =>
  imports(options, sync) ? 2 * Math.ceil(written(sync) / maxImported) : each * Math.ceil(written(sync) / maxLeads);

const actions = { upsert: "createOrUpdate", update: "updateOnly", insert: "createOnly" } as const;

/** Writes leads and settles every row. https://developer.adobe.com/marketo-apis/api/mapi/#tag/Leads/operation/syncLeadUsingPOST */
export async function writeLeads(
  rows: readonly Identified[],
  ctx: LeadCtx,
  writes: Batch["writes"],
  fates: Fates,
): Promise<void> {
  const by = identityOf(ctx.sync);
  for (const part of packed(rows, by)) {
    // A partition is told only where a lead may be made.
    const partition =
      ctx.options.partition === undefined || writes === "update" ? {} : { partitionName: ctx.options.partition };
    const json = { action: actions[writes], lookupField: by, ...partition, input: part.map((row) => leadOf(row, by)) };
    const { body } = await call(ctx, { method: "POST", path: "/rest/v1/leads.json", json, expect: resultsReply });
    const told = readWritten(part, body.result ?? [], writes);
    for (const { change } of part) fates.set(change.seq, told.get(change.seq) ?? resultMissing("Marketo"));
  }
}

/** NULL clears. */
export const leadOf = ({ change, value }: Identified, by: string): Row => ({
  ...Object.fromEntries(Object.entries(change.fields).map(([name, one]) => [name, fieldOf(one)])),
  [by]: by === "id" ? Number(value) : value,
});

/** Fields hold no structures. */
export const fieldOf = (value: Value): Value =>
  value !== null && typeof value === "object" ? JSON.stringify(value) : value;

/** Parts that one request may have: an import's other rows come by the thousand. */
function* packed(rows: readonly Identified[], by: string): Generator<readonly Identified[]> {
  let part: Identified[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(leadOf(row, by))) + 1;
    if (part.length === maxLeads || (part.length > 0 && bytes + size > maxBytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(row);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
