import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { parse } from "csv-parse/sync";
import type { Row, Value } from "../../../src/core/value.ts";

export type Format = "csv" | "ndjson" | "parquet";
export type Contents = "snapshot" | "changes";

/** Reads files as a stranger would: by their format alone. */
export async function readFileRows(format: Format, path: string): Promise<Row[]> {
  if (format === "parquet") return parquetRows(path);
  const text = await readFile(path, "utf8");
  if (format === "csv") return parse<Row>(text, { columns: true, bom: true });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

export async function parquetRows(path: string): Promise<Row[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  try {
    const reader = await db.runAndReadAll(`select * from read_parquet('${path}')`);
    return reader.getRowObjectsJson() as Record<string, Value>[];
  } finally {
    db.closeSync();
    instance.closeSync();
  }
}

/** The audience that a reader of the files would end up with. */
export async function readAudience(format: Format, contents: Contents, path: string): Promise<Row[]> {
  if (contents === "snapshot") {
    const there = await stat(path).catch(noneYet);
    return Array.isArray(there) ? [] : readFileRows(format, path);
  }
  const runs = await readdir(path).catch(noneYet);
  const held = new Map<string, Row>();
  for (const run of runs.sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
    const files = (await readdir(join(path, run))).filter((name) => name.startsWith("part-"));
    for (const part of files.sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
      for (const { _op, ...row } of await readFileRows(format, join(path, run, part))) {
        if (_op === "remove") held.delete(String(row.key));
        else held.set(String(row.key), row);
      }
    }
  }
  return [...held.values()];
}

function noneYet(error: unknown): never[] {
  if (error instanceof Error && Reflect.get(error, "code") === "ENOENT") return [];
  throw error;
}
