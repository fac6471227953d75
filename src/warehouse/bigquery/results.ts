import type { Value } from "../../core/value.ts";
import { type ApiRow, readerFor } from "./cells.ts";
import type { JobRef, Jobs, Page } from "./jobs.ts";

/** Rows asked for at once; the API ends a page at 10 MB whatever is asked. */
const PAGE_ROWS = 10_000;
/** Pages that are under way at the same time. Each is held whole: four of at most 10 MB. */
const AHEAD = 4;

/** Rows of a page as arrays of cells. */
export function cellsOf(fields: Page["fields"], rows: readonly ApiRow[]): Value[][] {
  const readers = fields.map(readerFor);
  return rows.map(({ f }) => readers.map((read, i) => read(f[i]?.v ?? null)));
}

/** All rows of a finished query in order; later pages are fetched several at once, and yielded in their place. */
export async function* pagesOf(jobs: Jobs, ref: JobRef, first: Page, signal?: AbortSignal): AsyncGenerator<Value[][]> {
  yield cellsOf(first.fields, first.rows);
  let next = first.rows.length;
  if (next >= first.totalRows) return;
  // The first page shows how many of these rows fit into one.
  const rows = Math.max(1, Math.min(PAGE_ROWS, next));
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const underWay: Promise<Value[][]>[] = [];
  try {
    while (next < first.totalRows || underWay.length > 0) {
      while (underWay.length < AHEAD && next < first.totalRows) {
        const part = rangeOf(jobs, ref, next, Math.min(rows, first.totalRows - next), either);
        part.catch(() => undefined);
        underWay.push(part);
        next += rows;
      }
      const page = await underWay.shift();
      if (page !== undefined) yield page;
    }
  } finally {
    stop.abort();
  }
}

/** Rows `from` to `from + count`; more than one page where they are wider than the first ones. */
async function rangeOf(jobs: Jobs, ref: JobRef, from: number, count: number, signal: AbortSignal): Promise<Value[][]> {
  const all: Value[][] = [];
  while (all.length < count) {
    const page = await jobs.page(ref, { maxRows: count - all.length, startRow: from + all.length }, signal);
    if (page.rows.length === 0) throw new Error("a page of an answer is missing");
    all.push(...cellsOf(page.fields, page.rows));
  }
  return all;
}

export const firstPageRows = PAGE_ROWS;
