import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { runStoreContract } from "../contract/run-store.ts";

runStoreContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-store-"));
  return {
    open: (clock) => openSqliteStore({ path: join(folder, "deep", "store.db"), clock }),
    remove: () => rm(folder, { recursive: true }),
  };
});
