import { ConfigError } from "../../core/errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, TargetShape, TargetSync } from "../connector.ts";
import { delivered, type Fates, notFound, resultMissing, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { type Ctx, callJson } from "./api.ts";
import { type JobPart, jobReply, pending } from "./job.ts";
import { idsOf, maxRecords, showMany } from "./lookup.ts";
import { isField, type Thing, toRecord } from "./things.ts";

/** What finds the record: external_id where the sync has it, else email. */
export const identityOf = (sync: TargetSync): string => (sync.match.includes("external_id") ? "external_id" : "email");

export function shapeOf(thing: Thing, sync: TargetSync): TargetShape {
  const wrong = sync.fields.find((name) => !isField(thing, name));
  if (wrong !== undefined) {
    throw new ConfigError(
      `sync "${sync.name}": Zendesk ${thing.plural} have no field "${wrong}" that a sync may write`,
      {
        hint: `Fields are ${Object.keys(thing.fields).join(", ")} and ${thing.customKey}.<key>.`,
      },
    );
  }
  const looksUp = sync.mode === "update" || sync.mode === "insert";
  if (looksUp && sync.match.length > 0 && identityOf(sync) === "email") {
    throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} needs external_id in \`match\``, {
      hint: "Zendesk is asked who is there, and only external ids can be asked a hundred at a time.",
    });
  }
  return {
    batch: { maxRows: maxRecords, maxBytes: 4_000_000, mixedOps: true },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  };
}

/** One job per request. `by`: is the rows' value the id of their record? */
export async function startJob(
  ctx: Ctx,
  request: {
    readonly method: "POST" | "PUT" | "DELETE";
    readonly path: string;
    readonly json?: Row;
    readonly query?: { readonly [name: string]: string };
  },
  rows: readonly Identified[],
  by: JobPart["by"],
): Promise<JobPart> {
  const { body } = await callJson(ctx, { ...request, expect: jobReply });
  return { id: body.job_status.id, by, rows: rows.map((row) => [row.change.seq, row.value]) };
}

/** Rows that the mode lets through, with the ids of those that are there. */
export async function allowed(
  ctx: Ctx,
  thing: Thing,
  by: string,
  rows: readonly Identified[],
  writes: Batch["writes"],
  fates: Fates,
): Promise<readonly (Identified & { readonly id: string | null })[]> {
  const ids = await idsOf(ctx, thing, by, rows);
  return rows.flatMap((row) => {
    const id = ids.get(row.change.seq) ?? null;
    if (id === null && writes === "update") fates.set(row.change.seq, notFound);
    else if (id !== null && writes === "insert") fates.set(row.change.seq, delivered(id));
    else return [{ ...row, id }];
    return [];
  });
}

export const recordOf = (thing: Thing, { change }: Identified): Row =>
  toRecord(thing, { ...change.match, ...change.fields });

/** By ids that earlier deliveries told, or that Zendesk is asked for; who is not there is deleted already. */
export async function destroy(batch: Batch, ctx: Ctx, thing: Thing, by: string): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, by, fates, lowered);
  const known = rows.filter((row) => row.change.externalId !== undefined);
  const there = await showMany(
    ctx,
    thing,
    "ids",
    known.map((row) => row.change.externalId ?? ""),
  );
  const alive = new Set(there.map((one) => one.id));
  const asked = await idsOf(
    ctx,
    thing,
    by,
    rows.filter((row) => row.change.externalId === undefined),
  );
  const doomed = rows.flatMap((row) => {
    const own = row.change.externalId;
    const id = own === undefined ? (asked.get(row.change.seq) ?? null) : alive.has(own) ? own : null;
    if (id === null) fates.set(row.change.seq, delivered());
    return id === null ? [] : [{ ...row, value: id }];
  });
  if (doomed.length === 0) return settled(batch.changes, fates, resultMissing("Zendesk"));
  const query = { ids: doomed.map((row) => row.value).join(",") };
  const job = await startJob(ctx, { method: "DELETE", path: `/${thing.plural}/destroy_many`, query }, doomed, "id");
  return pending([job], fates);
}
