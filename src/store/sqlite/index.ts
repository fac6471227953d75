import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { RunStore } from "../store.ts";
import { sqliteBatches } from "./batches.ts";
import { type Database, openDatabase } from "./database.ts";
import { sqliteLeases } from "./leases.ts";
import { sqliteRuns } from "./runs.ts";
import { sqliteSettling } from "./settling.ts";
import { sqliteSyncs } from "./syncs.ts";
import { sqliteTargets } from "./targets.ts";

/**
 * The embedded control store: one SQLite file (with its -wal and -shm beside it), made with its folder when it is not there.
 * Several processes of one machine may have it open. Throws StoreFailed, naming the file and the mend, when it cannot be used.
 */
export async function openSqliteStore(options: { readonly path: string; readonly clock: Clock }): Promise<RunStore> {
  const db = await openDatabase(options.path, options.clock);
  try {
    const storeId = (await meta(db, "store_id")) ?? (await makeId(db));
    return {
      storeId,
      ...sqliteLeases(db),
      ...sqliteRuns(db),
      ...sqliteBatches(db),
      ...sqliteSettling(db),
      ...sqliteSyncs(db),
      ...sqliteTargets(db),
      warehouseId: () => meta(db, "warehouse_id"),
      async saveWarehouseId(id) {
        await db.write(() => db.run("insert or replace into meta (name, value) values ('warehouse_id', ?)", id));
      },
      close: db.close,
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

const meta = (db: Database, name: "store_id" | "warehouse_id"): Promise<string | null> =>
  db.read(() => {
    const value = db.get("select value from meta where name = ?", name)?.value;
    return typeof value === "string" ? value : null;
  });

/** Made once: of two processes that open a new file together, the first to commit decides. */
const makeId = (db: Database): Promise<string> =>
  db.write(() => {
    db.run("insert or ignore into meta (name, value) values ('store_id', ?)", randomUUID());
    return String(db.get("select value from meta where name = 'store_id'")?.value);
  });
