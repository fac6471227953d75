import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import { codeOf, pointedRow, sentence } from "./errors.ts";
import { resultMissing } from "./fates.ts";
import { givenIdentifiers, identifierName } from "./profiles.ts";

/** https://developers.klaviyo.com/en/reference/get_bulk_import_profiles_job */
export const jobReply = z.object({
  data: z.object({
    attributes: z.object({
      status: z.string(),
      total_count: z.number().nullish(),
      completed_count: z.number().nullish(),
      failed_count: z.number().nullish(),
    }),
  }),
});
export type ImportJob = z.output<typeof jobReply>["data"]["attributes"];

/** https://developers.klaviyo.com/en/reference/get_errors_for_bulk_import_profiles_job */
const importError = z.object({
  attributes: z.object({
    code: z.string().nullish(),
    source: z.object({ pointer: z.string().nullish() }).nullish(),
    original_payload: z.record(z.string(), z.unknown()).nullish(),
  }),
});
export const errorPage = z.object({
  data: z.array(importError),
  links: z.object({ next: z.string().nullish() }).optional(),
});
export type ImportError = z.output<typeof importError>;

/** Codes of conditions that pass by themselves. Only `invalid` is documented; these are named by what they can only mean. */
const passes = /^(INTERNAL|SERVER|SERVICE|TIMEOUT|THROTTLED|RATE)/;

/**
 * Fates of the rows of a finished job, in the order sent. Refused rows are found by the payload that the error repeats, or by its pointer.
 * The others are delivered only if every number agrees: total = sent, completed + failed = total, and every failure has found its row.
 */
export function importFates(
  sent: readonly Change[],
  job: ImportJob,
  errors: readonly ImportError[],
): ReadonlyMap<number, RowFate> {
  const fates = new Map<number, RowFate>();
  const seqs = rowsByIdentifier(sent);
  let unplaced = 0;
  for (const error of errors) {
    const rows = rowsOf(error, sent, seqs);
    if (rows.length === 0) unplaced += 1;
    for (const seq of rows) fates.set(seq, rows.length === 1 ? refusal(error) : resultMissing);
  }
  const { total_count: total, completed_count: completed, failed_count: failed } = job;
  const agrees =
    job.status === "complete" &&
    unplaced === 0 &&
    total === sent.length &&
    (completed ?? 0) + (failed ?? 0) === total &&
    fates.size === (failed ?? 0);
  for (const change of sent) {
    if (!fates.has(change.seq)) fates.set(change.seq, agrees ? { status: "delivered" } : resultMissing);
  }
  return fates;
}

function refusal(error: ImportError): RowFate {
  const code = codeOf(error.attributes.code);
  const message = sentence({ code, pointer: error.attributes.source?.pointer ?? "" });
  if (code === "UNKNOWN_ERROR") return { status: "retry", code: "UNREADABLE_RESULT", message };
  return { status: passes.test(code) ? "retry" : "rejected", code, message };
}

function rowsByIdentifier(sent: readonly Change[]): ReadonlyMap<string, readonly number[]> {
  const seqs = new Map<string, number[]>();
  for (const change of sent) {
    for (const [name, value] of givenIdentifiers(change.match)) {
      const id = identifierName(name, value);
      seqs.set(id, [...(seqs.get(id) ?? []), change.seq]);
    }
  }
  return seqs;
}

function rowsOf(
  error: ImportError,
  sent: readonly Change[],
  seqs: ReadonlyMap<string, readonly number[]>,
): readonly number[] {
  const payload = error.attributes.original_payload;
  const named = payload === null || payload === undefined ? [] : identifiersIn(payload).map((id) => seqs.get(id) ?? []);
  const rows = [...new Set(named.flat())];
  if (rows.length > 0) return rows;
  const place = pointedRow(error.attributes.source?.pointer ?? "");
  const change = place === null ? undefined : sent[place];
  return change === undefined ? [] : [change.seq];
}

/** The payload is documented as an object only: a resource with attributes, and the bare attributes, are both read. */
function identifiersIn(payload: Readonly<Record<string, unknown>>): readonly string[] {
  const nested = payload.attributes;
  const attributes = typeof nested === "object" && nested !== null ? (nested as Record<string, unknown>) : payload;
  return ["email", "phone_number", "external_id"].flatMap((name) => {
    const value = attributes[name];
    return typeof value === "string" && value !== "" ? [identifierName(name, value)] : [];
  });
}
