import { ContractError } from "../core/errors.ts";
import { batchRange, type CutLimits, createCutter } from "./cut.ts";
import type { ChangeSource, PlannedChange } from "./planned-change.ts";
import { bytesOf, newWork, type Work } from "./work.ts";

/** Payload bytes that one page should hold: wide rows are read fewer at a time. */
const pageBytes = 8 * 1024 * 1024;
/** The first page is small: how wide the rows are is not known yet. */
const firstPageRows = 2_000;

/** Reads the frozen plan from left to right, a page ahead, and cuts it into batches. Removals and the rest never share a page. */
export class Feed {
  readonly #changes: ChangeSource;
  readonly #runId: string;
  readonly #limits: CutLimits;
  readonly #total: number;
  readonly #maxPageRows: number;
  #pageRows: number;
  /** The first row that no batch has. */
  #uncut: number;
  #unread: number;
  #ahead: { readonly from: number; readonly page: Promise<readonly PlannedChange[]> } | null = null;
  readonly #cutter: ReturnType<typeof createCutter>;

  constructor(options: {
    readonly changes: ChangeSource;
    readonly runId: string;
    readonly limits: CutLimits;
    readonly fromSeq: number;
    readonly total: number;
    readonly pageRows: number;
  }) {
    this.#changes = options.changes;
    this.#runId = options.runId;
    this.#limits = options.limits;
    this.#total = options.total;
    this.#maxPageRows = options.pageRows;
    this.#pageRows = Math.min(options.pageRows, firstPageRows);
    this.#uncut = options.fromSeq;
    this.#unread = options.fromSeq;
    this.#cutter = createCutter(options.limits);
  }

  /** The first row that no batch holds; beyond the last row when all are cut. */
  get uncut(): number {
    return this.#uncut;
  }

  get done(): boolean {
    return this.#uncut > this.#total;
  }

  /** At least one more batch, unless the plan is at its end. */
  async next(): Promise<readonly Work[]> {
    const batches: Work[] = [];
    const close = (rows: readonly PlannedChange[]) => {
      const [first, last] = [rows[0], rows.at(-1)];
      if (first === undefined || last === undefined) return;
      batches.push(newWork(batchRange(this.#runId, first.seq, last.seq), rows));
      this.#uncut = last.seq + 1;
    };
    while (batches.length === 0 && this.#unread <= this.#total) {
      const page = await this.#page();
      for (const change of page) {
        const closed = this.#cutter.push(change);
        if (closed !== null) close(closed);
      }
      const regionEnds = this.#unread > this.#total || this.#unread === this.#limits.removes + 1;
      if (regionEnds) close(this.#cutter.rest());
    }
    return batches;
  }

  async #page(): Promise<readonly PlannedChange[]> {
    const from = this.#unread;
    const page = await (this.#ahead?.from === from ? this.#ahead.page : this.#read(from));
    this.#ahead = null;
    this.#unread = from + page.length;
    const width = Math.max(1, bytesOf(page) / page.length);
    this.#pageRows = Math.max(1, Math.min(this.#maxPageRows, Math.floor(pageBytes / width)));
    if (this.#unread <= this.#total) {
      const ahead = this.#read(this.#unread);
      // Its failure is met where it is awaited, or by nobody if the run ends before.
      ahead.catch(() => undefined);
      this.#ahead = { from: this.#unread, page: ahead };
    }
    return page;
  }

  #read(from: number): Promise<readonly PlannedChange[]> {
    const end = from <= this.#limits.removes ? this.#limits.removes : this.#total;
    return readExactly(this.#changes, from, Math.min(end, from + this.#pageRows - 1));
  }
}

/** Reads a range and makes sure that it is all there: a plan that changed under a run must stop it. */
export async function readExactly(
  changes: ChangeSource,
  fromSeq: number,
  toSeq: number,
): Promise<readonly PlannedChange[]> {
  const rows = await changes(fromSeq, toSeq);
  const whole = rows.length === toSeq - fromSeq + 1 && rows.every((row, i) => row.seq === fromSeq + i);
  if (whole) return rows;
  throw new ContractError(`the frozen plan should have rows ${fromSeq} to ${toSeq}, and ${rows.length} were read`, {
    hint: "The run's plan table was changed or dropped from outside. Restore it, or end the run with `millrace runs` and plan again.",
  });
}
