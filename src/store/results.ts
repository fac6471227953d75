import { z } from "zod";
import type { ResultRange, RowFate, RowStatus } from "../core/result.ts";
import { assertCover, defect, type SeqRange } from "./rules.ts";

export type StatusCounts = Readonly<Record<RowStatus, number>>;

/**
 * Results of one batch as they are kept: `r` holds runs of rows with one fate as [rows, attempt, status, code?, message?],
 * from the batch's first row on; `x` the platform's ids, row by row, where it returned any.
 * A thousand delivered rows are 30 bytes; with a thousand ids they are about the bytes of the ids.
 */
const packed = z.object({
  r: z.array(z.tuple([z.number(), z.number(), z.string()]).rest(z.string())),
  x: z.array(z.string().nullable()).optional(),
});

type PackedRange = [rows: number, attempt: number, status: string, ...reason: string[]];

/** Checks that the ranges cover the batch exactly, and packs them. Throws ContractError otherwise. */
export function packResults(
  batchId: string,
  batch: SeqRange,
  results: readonly ResultRange[],
): { readonly text: string; readonly counts: StatusCounts } {
  assertCover(`Results of batch ${batchId}`, batch, results);
  const counts = { delivered: 0, accepted: 0, rejected: 0, retry: 0, unknown: 0 };
  const ranges: PackedRange[] = [];
  const ids: (string | null)[] = [];
  let hasIds = false;
  let last: ResultRange | null = null;
  for (const range of results) {
    const rows = range.toSeq - range.fromSeq + 1;
    counts[range.status] += rows;
    const id = externalId(range);
    if (id !== null) hasIds = true;
    for (let i = 0; i < rows; i++) ids.push(id);
    const before = ranges.at(-1);
    if (before && last && sameFate(last, range)) before[0] += rows;
    else ranges.push([rows, range.attempt, range.status, ...("code" in range ? [range.code, range.message] : [])]);
    last = range;
  }
  return { text: JSON.stringify(hasIds ? { r: ranges, x: ids } : { r: ranges }), counts };
}

/** The ranges of one batch, in order of seq: rows with an id stand alone, the others are as long as their fate is the same. */
export function* unpackResults(fromSeq: number, text: string): Generator<ResultRange> {
  const { r, x } = packed.parse(JSON.parse(text));
  let seq = fromSeq;
  for (const [rows, attempt, status, code, message] of r) {
    const end = seq + rows;
    while (seq < end) {
      const id = x?.[seq - fromSeq] ?? null;
      let next = seq + 1;
      if (id === null) while (next < end && (x?.[next - fromSeq] ?? null) === null) next++;
      yield { fromSeq: seq, toSeq: next - 1, attempt, ...fateOf(status, id, code, message) };
      seq = next;
    }
  }
}

/** Appends a range, or lengthens the last one where both are one run of rows with one fate and no ids. */
export function appendRange(ranges: ResultRange[], range: ResultRange): void {
  const last = ranges.at(-1);
  const joins =
    last !== undefined &&
    last.toSeq + 1 === range.fromSeq &&
    externalId(last) === null &&
    externalId(range) === null &&
    sameFate(last, range);
  if (joins) ranges[ranges.length - 1] = { ...last, toSeq: range.toSeq };
  else ranges.push(range);
}

const externalId = (range: ResultRange): string | null => ("externalId" in range ? (range.externalId ?? null) : null);

function sameFate(a: ResultRange, b: ResultRange): boolean {
  if (a.status !== b.status || a.attempt !== b.attempt) return false;
  return !("code" in a && "code" in b) || (a.code === b.code && a.message === b.message);
}

function fateOf(status: string, id: string | null, code = "", message = ""): RowFate {
  if (status === "delivered" || status === "accepted") return id === null ? { status } : { status, externalId: id };
  if (status === "rejected" || status === "retry" || status === "unknown") return { status, code, message };
  throw defect(`A stored result has the unknown status "${status}".`);
}
