import { z } from "zod";
import type { ResultRange } from "../../core/result.ts";
import { runCountsSchema } from "../records.ts";
import { appendRange, unpackResults } from "../results.ts";
import { defect } from "../rules.ts";
import type { RunStore } from "../store.ts";
import type { Database } from "./database.ts";
import { assertFence } from "./leases.ts";

/** Ranges in a page of results, at most. */
const PAGE_RANGES = 5_000;

const resultsRow = z.object({ from_seq: z.number(), results: z.string() });

/** What the settle stage reads and ends. */
export function sqliteSettling(db: Database): Pick<RunStore, "results" | "counts" | "settled"> {
  return {
    async *results(runId) {
      let page: ResultRange[] = [];
      let after = 0;
      while (true) {
        // A batch at a time, by key: nothing stays open while the reader is busy elsewhere.
        const next = await db.read(() =>
          db.get(
            "select from_seq, results from batch_results where run_id = ? and from_seq > ? order by from_seq limit 1",
            runId,
            after,
          ),
        );
        if (!next) break;
        const { from_seq, results } = resultsRow.parse(next);
        after = from_seq;
        for (const range of await db.read(() => [...unpackResults(from_seq, results)])) {
          appendRange(page, range);
          if (page.length < PAGE_RANGES) continue;
          yield page;
          page = [];
        }
      }
      if (page.length > 0) yield page;
    },

    counts: (runId) =>
      db.read(() =>
        runCountsSchema.parse(
          db.get(
            `select coalesce(sum(to_seq - from_seq + 1), 0) as planned,
               coalesce(sum(delivered), 0) as delivered, coalesce(sum(accepted), 0) as accepted,
               coalesce(sum(rejected), 0) as rejected, coalesce(sum(retry), 0) as retry, coalesce(sum(unknown), 0) as unknown
             from batches where run_id = ? and state in ('returned', 'settled')`,
            runId,
          ),
        ),
      ),

    settled: (runId, sync, lease) =>
      db.write(() => {
        assertFence(db, lease);
        const owner = db.get("select sync from runs where id = ?", runId)?.sync;
        if (owner !== sync) throw defect(`Run ${runId} is of the sync ${String(owner)}, not of ${sync}.`);
        db.run("update batches set state = 'settled' where run_id = ? and state = 'returned'", runId);
        db.run("delete from batch_results where run_id = ?", runId);
        db.run(
          "insert into syncs (name, last_settled) values (?, ?) on conflict (name) do update set last_settled = excluded.last_settled",
          sync,
          runId,
        );
      }),
  };
}
