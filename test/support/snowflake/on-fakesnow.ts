import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createSnowflakeWarehouse } from "../../../src/warehouse/snowflake/index.ts";
import { type LabEngine, useLabEngine } from "../lab-engine.ts";
import { type Fakesnow, type Logins, startFakesnow, whyNoFakesnow } from "./fakesnow.ts";

const reason = await whyNoFakesnow();

/** Tests that need the Snowflake stand-in; where this machine cannot have it, one test that says why. */
export function onFakesnow(name: string, tests: () => void | Promise<void>): void {
  if (reason === null) describe(name, tests);
  else it(name, (context) => context.skip(reason));
}

/**
 * Tests that take minutes there, because it translates every statement in Python: only where MILLRACE_LONG_TESTS is set.
 * `MILLRACE_LONG_TESTS=1 npm test -- test/warehouse/snowflake`
 */
export function onFakesnowAtLength(name: string, tests: () => void | Promise<void>): void {
  if (process.env.MILLRACE_LONG_TESTS !== undefined) onFakesnow(name, tests);
  else it(name, (context) => context.skip("minutes long on fakesnow: set MILLRACE_LONG_TESTS"));
}

/** One server for the tests around it. */
export function fakesnow(logins?: Logins): () => Fakesnow {
  let server: Fakesnow | null = null;
  beforeAll(async () => {
    server = await startFakesnow(logins);
  });
  afterAll(() => server?.stop());
  return () => {
    if (server === null) throw new Error("fakesnow has not started");
    return server;
  };
}

/** A database for each folder: the server's last as long as it does. */
export const databaseOf = (dir: string): string => `d${createHash("sha256").update(dir).digest("hex").slice(0, 12)}`;

/** Every LedgerLab of this test file gets a database of its own on one server. */
export function labsOnFakesnow(): void {
  const server = fakesnow();
  const engine: LabEngine = {
    open: async (dir, dialect) =>
      createSnowflakeWarehouse({ ...server().options(databaseOf(dir)), ...(dialect && { dialect }) }),
    remove: async () => undefined,
  };
  beforeAll(() => useLabEngine(engine));
}
