import { z } from "zod";
import type { RunStore } from "../store.ts";
import type { Database } from "./database.ts";

type Syncs = Pick<
  RunStore,
  "lastSettled" | "saveLastSettled" | "targetState" | "saveTargetState" | "lastTick" | "saveTick"
>;

const syncRow = z.object({
  last_settled: z.string().nullable(),
  target_state: z.string().nullable(),
  last_tick: z.number().nullable(),
});

/** What outlives a sync's runs. */
export function sqliteSyncs(db: Database): Syncs {
  const find = (sync: string): Promise<z.infer<typeof syncRow> | null> =>
    db.read(() => {
      const row = db.get("select last_settled, target_state, last_tick from syncs where name = ?", sync);
      return row ? syncRow.parse(row) : null;
    });

  const save = (sync: string, column: keyof z.infer<typeof syncRow>, value: string | number | null): Promise<void> =>
    db.write(() => {
      db.run(
        `insert into syncs (name, ${column}) values (?, ?) on conflict (name) do update set ${column} = excluded.${column}`,
        sync,
        value,
      );
    });

  return {
    lastSettled: async (sync) => (await find(sync))?.last_settled ?? null,
    saveLastSettled: (sync, runId) => save(sync, "last_settled", runId),
    async targetState(sync) {
      const text = (await find(sync))?.target_state ?? null;
      return text === null ? null : z.json().parse(JSON.parse(text));
    },
    saveTargetState: (sync, state) => save(sync, "target_state", JSON.stringify(state)),
    async lastTick(sync) {
      const at = (await find(sync))?.last_tick ?? null;
      return at === null ? null : new Date(at);
    },
    saveTick: (sync, due) => save(sync, "last_tick", due.getTime()),
  };
}
