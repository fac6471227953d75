import { BatchRefused } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import { type ApiError, pointedRow, readErrors, requestError, sentence } from "./errors.ts";

/** Answers that refuse the whole request and may say which rows are to blame. */
export const refusals = [400, 422] as const;

/** What a request came to: its answer, or a refusal as a whole. */
export type Posted<T> =
  | { readonly value: T }
  | { readonly refused: { readonly status: number; readonly body: unknown } };

/** More rounds than this and it is cheaper to let the engine bisect. */
const maxRounds = 3;

/**
 * Sends rows, and when the platform refuses all of them for some that it names, sends the others again at once:
 * a refused request applied nothing. Named rows land in `fates`. Throws BatchRefused when no row is named (the engine bisects).
 */
export async function sendDroppingRefused<R extends { readonly seq: number }, T>(
  rows: readonly R[],
  fates: Map<number, RowFate>,
  scope: string,
  post: (rows: readonly R[]) => Promise<Posted<T>>,
  judge: (error: ApiError) => RowFate = rejected,
): Promise<{ readonly sent: readonly R[]; readonly value: T } | null> {
  let left = rows;
  for (let round = 1; left.length > 0; round++) {
    const posted = await post(left);
    if ("value" in posted) return { sent: left, value: posted.value };
    const { status, body } = posted.refused;
    const named = namedRows(readErrors(body), left.length, judge);
    if (named.size === 0 || round >= maxRounds) throw refusedAsAWhole(scope, status, body);
    for (const [i, fate] of named) {
      const row = left[i];
      if (row !== undefined) fates.set(row.seq, fate);
    }
    left = left.filter((_row, i) => !named.has(i));
  }
  return null;
}

/** Rows that the errors point at, by their place in the request. */
export function namedRows(
  errors: readonly ApiError[],
  count: number,
  judge: (error: ApiError) => RowFate = rejected,
): ReadonlyMap<number, RowFate> {
  const named = new Map<number, RowFate>();
  for (const error of errors) {
    const row = pointedRow(error.pointer);
    if (row === null || row >= count || named.has(row)) continue;
    named.set(row, judge(error));
  }
  return named;
}

export const rejected = (error: ApiError): RowFate => ({
  status: "rejected",
  code: error.code,
  message: sentence(error),
});

/** The body of an answer that is read as text; null where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function refusedAsAWhole(scope: string, status: number, body: unknown): Error {
  return (
    requestError(scope)(status, body) ??
    new BatchRefused(`Klaviyo answered ${status}`, { hint: "Mend the row, or the mapping.", reason: `HTTP_${status}` })
  );
}
