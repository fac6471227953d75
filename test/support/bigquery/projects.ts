import { createHash } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { z } from "zod";
import { raw } from "../../../src/warehouse/sql.ts";
import { useProjectEngine } from "../../e2e/project-engine.ts";
import { type Peer, startPeer } from "./peer.ts";

const rowOf = z.record(z.string(), z.unknown());

/** BigQuery has no dataset of a session: the tests' table is named with its own. */
const qualified = (statement: string): string =>
  statement
    .replace(/\b(table|into|from|exists|table if exists) people\b/g, "$1 main.people")
    .replace(/\bvarchar\b/g, "string");

/** Every tiny project of this test file has datasets of its own on one emulator; its rows stand in `main`. */
export function projectsOnBigQuery(): void {
  let peer: Peer | null = null;
  beforeAll(async () => {
    peer = await startPeer();
  });
  afterAll(() => peer?.stop());
  const own = (): Peer => {
    if (peer === null) throw new Error("the emulator has not started");
    return peer;
  };
  useProjectEngine({
    yaml: (dir) => {
      const schema = `millrace_${createHash("sha256").update(dir).digest("hex").slice(0, 8)}`;
      return `{ type: bigquery, project: test, dataset: main, schema: ${schema}, api_endpoint: "${own().shim.url}" }`;
    },
    async run(_dir, work) {
      const warehouse = own().open();
      return warehouse.session("write", async (session) => {
        await session.execute([warehouse.dialect.createSchema("main")]);
        return work((statement) => session.query(raw(qualified(statement)), rowOf));
      });
    },
  });
}
