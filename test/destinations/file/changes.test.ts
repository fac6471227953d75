import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { file } from "../../../src/destinations/file/index.ts";
import { parquetRows, readFileRows } from "./read.ts";
import { added, type FileRunParts, fileRun, withFolder } from "./run.ts";

const parts = (folder: string, more: Partial<FileRunParts> = {}): FileRunParts => ({
  folder,
  target: "csv",
  options: { path: "out", contents: "changes" },
  fields: ["name", "n"],
  changes: [
    { op: "remove", key: "k9" },
    added(1, { name: "Ann", n: 1 }),
    { op: "update", key: "k2", fields: { name: "Bob", n: 2.5 } },
  ],
  ...more,
});

describe("files of changes", () => {
  test("name parts by batch and say what happened to each row", () =>
    withFolder(async (folder) => {
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      await run.send(2, 3);
      const out = join(folder, "out", "run-1");
      expect((await readdir(out)).sort()).toEqual(["part-1-1.csv", "part-2-3.csv"]);
      expect(await readFile(join(out, "part-1-1.csv"), "utf8")).toBe("_op,key,name,n\nremove,k9,,\n");
      expect(await readFile(join(out, "part-2-3.csv"), "utf8")).toBe(
        "_op,key,name,n\nadd,k1,Ann,1\nupdate,k2,Bob,2.5\n",
      );
    }));

  test("get their manifest last, with size, digest and counts of every file", () =>
    withFolder(async (folder) => {
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      await run.send(2, 3);
      await run.finish();
      const out = join(folder, "out", "run-1");
      const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as Record<string, unknown>;
      const bytes = await readFile(join(out, "part-2-3.csv"));
      expect(manifest).toMatchObject({
        sync: "people",
        run: "run-1",
        format: "csv",
        columns: ["_op", "key", "name", "n"],
        rows: 3,
        counts: { add: 1, update: 1, remove: 1 },
      });
      expect((manifest.files as unknown[])[1]).toEqual({
        name: "part-2-3.csv",
        rows: 2,
        bytes: bytes.byteLength,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        counts: { add: 1, update: 1, remove: 0 },
      });
      expect(await readdir(join(folder, ".parts", "out"))).toEqual([]);
      await run.finish();
      expect(JSON.parse(await readFile(join(out, "manifest.json"), "utf8"))).toEqual(manifest);
    }));

  test("write NDJSON without the fields that the payload leaves out", () =>
    withFolder(async (folder) => {
      const changes = [added(1, { name: null, n: 1 }), added(2, { n: 2 })];
      const run = fileRun(parts(folder, { target: "ndjson", changes }));
      await run.send(1, 2);
      const text = await readFile(join(folder, "out", "run-1", "part-1-2.ndjson"), "utf8");
      expect(text).toBe('{"_op":"add","key":"k1","name":null,"n":1}\n{"_op":"add","key":"k2","n":2}\n');
    }));

  test("refuse to leave out what says who was removed", () => {
    const { csv } = file.targets;
    const sync = {
      name: "s",
      runId: "r",
      mode: "mirror" as const,
      match: [],
      fields: ["a"],
      onlyIfEmpty: [],
      plannedRows: 1,
      removes: 0,
      createdAt: new Date(0),
    };
    const options: unknown = csv?.options.parse({ path: "a", contents: "changes", key_column: false });
    expect(() => csv?.shape(options, sync)).toThrow(/who was removed/);
  });
});

describe("Parquet files", () => {
  test("have one type per column in all parts of a run", () =>
    withFolder(async (folder) => {
      const run = fileRun(parts(folder, { target: "parquet" }));
      await run.send(1, 1);
      await run.send(2, 3);
      await run.finish();
      const out = join(folder, "out", "run-1");
      expect((await readdir(out)).sort()).toEqual(["manifest.json", "part-1-1.parquet", "part-2-3.parquet"]);
      expect(await parquetRows(join(out, "part-1-1.parquet"))).toEqual([
        { _op: "remove", key: "k9", name: null, n: null },
      ]);
      expect(await parquetRows(join(out, "part-2-3.parquet"))).toEqual([
        { _op: "add", key: "k1", name: "Ann", n: 1 },
        { _op: "update", key: "k2", name: "Bob", n: 2.5 },
      ]);
    }));

  test("take declared types, refuse what does not fit, and keep text that looks like a date as text", () =>
    withFolder(async (folder) => {
      const types = { at: "datetime", day: "date", n: "integer", ok: "boolean" };
      const row = {
        at: "2026-03-02T09:00:00Z",
        day: "2026-03-02",
        n: "9007199254740993",
        ok: true,
        text: "2026-03-02",
      };
      const run = fileRun({
        folder,
        target: "parquet",
        options: { path: "out.parquet", types },
        fields: Object.keys(row),
        changes: [
          added(1, row),
          added(2, { ...row, n: 1.5 }),
          added(3, { ...row, day: "2026-02-30" }),
          added(4, { ...row, n: "9223372036854775808" }),
        ],
      });
      const results = await run.send(1, 4);
      await run.finish();
      expect(results.map((one) => one.status)).toEqual(["delivered", "rejected", "rejected", "rejected"]);
      expect(results[1]).toMatchObject({ code: "TYPE_MISMATCH", message: "n does not fit its type integer" });
      const rows = await readFileRows("parquet", join(folder, "out.parquet"));
      expect(rows).toEqual([
        {
          key: "k1",
          at: "2026-03-02 09:00:00+00",
          day: "2026-03-02",
          n: "9007199254740993",
          ok: true,
          text: "2026-03-02",
        },
      ]);
    }));
});
