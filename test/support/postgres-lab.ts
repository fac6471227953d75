import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { createPostgresWarehouse } from "../../src/warehouse/postgres/index.ts";
import { type LabEngine, useLabEngine } from "./lab-engine.ts";
import { type Database, freshDatabase } from "./postgres-database.ts";

/** Every LedgerLab of this test file gets a database of its own on one Postgres server. */
export function labsOnPostgres(): void {
  let server: Database | null = null;
  const databases = new Map<string, Database>();
  beforeAll(async () => {
    server = await freshDatabase();
    useLabEngine(engine);
  });
  afterAll(() => server?.remove());
  const engine: LabEngine = {
    async open(dir, dialect) {
      if (server === null) throw new Error("Postgres has not started");
      const database = databases.get(dir) ?? (await server.another());
      databases.set(dir, database);
      return createPostgresWarehouse({
        url: database.url,
        schema: "millrace",
        clock: systemClock,
        waitMs: 10_000,
        ...(dialect && { dialect }),
      });
    },
    async remove(dir) {
      await databases.get(dir)?.remove();
      databases.delete(dir);
    },
  };
}
