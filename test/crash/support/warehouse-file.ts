import { DuckDBInstance } from "@duckdb/node-api";

export type Cells = Readonly<Record<string, unknown>>;

/** Runs statements on the project's DuckDB file, waiting while the command line has it. */
export async function inWarehouse<T>(
  path: string,
  access: "READ_ONLY" | "READ_WRITE",
  work: (query: (sql: string) => Promise<Cells[]>) => Promise<T>,
): Promise<T> {
  const instance = await opened(path, access);
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Cells[]);
  } finally {
    connection.disconnectSync();
    instance.closeSync();
  }
}

/** A reader that keeps writers out for as long as it is there. */
export async function readerOf(path: string): Promise<{ release(): void }> {
  const instance = await opened(path, "READ_ONLY");
  return { release: () => instance.closeSync() };
}

async function opened(path: string, access: "READ_ONLY" | "READ_WRITE"): Promise<DuckDBInstance> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await DuckDBInstance.create(path, { access_mode: access, threads: "1" });
    } catch (error) {
      if (performance.now() > deadline || !/lock/i.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
