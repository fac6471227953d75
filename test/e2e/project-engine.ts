import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

export type RunStatement = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** Where tiny projects keep their rows, one database per folder. */
export interface ProjectEngine {
  /** The value of `warehouse:` in the folder's millrace.yml. */
  yaml(dir: string): string;
  /** The schema of their tables, where it is not main. */
  readonly schema?: string;
  /** Runs statements whose unqualified names are in that schema. */
  run<T>(dir: string, work: (run: RunStatement) => Promise<T>): Promise<T>;
}

const duckDb: ProjectEngine = {
  yaml: () => "{ type: duckdb, path: ./warehouse.duckdb, schema: millrace }",
  async run(dir, work) {
    const instance = await DuckDBInstance.create(join(dir, "warehouse.duckdb"));
    try {
      const connection = await instance.connect();
      try {
        return await work(async (statement) => (await connection.runAndReadAll(statement)).getRowObjectsJson());
      } finally {
        connection.disconnectSync();
      }
    } finally {
      instance.closeSync();
    }
  },
};

let chosen = duckDb;

export const projectEngine = (): ProjectEngine => chosen;

/** From now on every tiny project of this test file stands there: the same tests on another engine. */
export function useProjectEngine(engine: ProjectEngine): void {
  chosen = engine;
}
