import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Unavailable } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { file } from "../../../src/destinations/file/index.ts";
import { added, type FileRunParts, fileRun, withFolder } from "./run.ts";

const parts = (folder: string, more: Partial<FileRunParts> = {}): FileRunParts => ({
  folder,
  target: "csv",
  options: { path: "out.csv", key_column: "id" },
  fields: ["name"],
  changes: [added(1, { name: "Ann" }), added(2, { name: "Bob" })],
  ...more,
});

const read = (folder: string) => readFile(join(folder, "out.csv"), "utf8");
const both = "id,name\nk1,Ann\nk2,Bob\n";

describe("snapshots", () => {
  test("leave the old file as it was until the run is finished", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "out.csv"), "old\n");
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      await run.send(2, 2);
      expect(await read(folder)).toBe("old\n");
      await run.finish();
      expect(await read(folder)).toBe(both);
    }));

  test("are the same when every step is done twice", () =>
    withFolder(async (folder) => {
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      await run.send(1, 1);
      await run.send(2, 2);
      await run.finish();
      await run.finish();
      expect(await read(folder)).toBe(both);
      expect((await readdir(join(folder, ".parts", "out.csv"))).sort()).toEqual(["published.json"]);
    }));

  test("keep the order of seq, whichever batch came first", () =>
    withFolder(async (folder) => {
      const many = Array.from({ length: 12 }, (_, i) => added(i + 1, { name: `p${i + 1}` }));
      const run = fileRun(parts(folder, { changes: many }));
      for (const from of [11, 1, 3, 9, 5, 7]) await run.send(from, from + 1);
      await run.finish();
      const ids = (await read(folder))
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",")[0]);
      expect(ids).toEqual(many.map((row) => row.key));
    }));

  test("are not published when a batch is missing", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "out.csv"), "old\n");
      const run = fileRun(parts(folder));
      await run.send(2, 2);
      await expect(run.finish()).rejects.toBeInstanceOf(Unavailable);
      expect(await read(folder)).toBe("old\n");
    }));

  test("are not published a second time from nothing when the parts were lost", () =>
    withFolder(async (folder) => {
      const first = fileRun(parts(folder));
      await first.send(1, 2);
      await first.finish();
      const second = fileRun(parts(folder, { runId: "run-2" }));
      await expect(second.finish()).rejects.toThrow(/not whole/);
      expect(await read(folder)).toBe(both);
    }));

  test("drop who left, and are empty but for the header when all left", () =>
    withFolder(async (folder) => {
      const first = fileRun(parts(folder));
      await first.send(1, 2);
      await first.finish();
      const leavers = ["k1", "k2"].map((key) => ({ op: "remove" as const, key }));
      const second = fileRun(parts(folder, { runId: "run-2", changes: leavers }));
      expect((await second.send(1, 2)).map((row) => row.status)).toEqual(["delivered", "delivered"]);
      await second.finish();
      expect(await read(folder)).toBe("id,name\n");
    }));

  test("clear away what a run that was given up left behind", () =>
    withFolder(async (folder) => {
      await fileRun(parts(folder, { runId: "dead" })).send(1, 1);
      const run = fileRun(parts(folder, { runId: "run-2" }));
      await run.send(1, 2);
      await run.finish();
      expect(await readdir(join(folder, ".parts", "out.csv"))).toEqual(["published.json"]);
    }));

  test("ignore the half-written part of a killed process", () =>
    withFolder(async (folder) => {
      const work = join(folder, ".parts", "out.csv", "run-1");
      await mkdir(work, { recursive: true });
      await writeFile(join(work, "part-1-1.csv.tmp"), "k1,A");
      const run = fileRun(parts(folder));
      await run.send(1, 2);
      await run.finish();
      expect(await read(folder)).toBe(both);
    }));

  test("need mode mirror, and are its default", () => {
    const { csv } = file.targets;
    const sync = {
      name: "s",
      runId: "r",
      match: ["id"],
      fields: [],
      onlyIfEmpty: [],
      plannedRows: 1,
      removes: 0,
      createdAt: new Date(0),
    };
    const options: unknown = csv?.options.parse({ path: "a.csv" });
    expect(csv?.shape(options, { ...sync, mode: "mirror" }).contents).toBe("snapshot");
    expect(csv?.shape(options, { ...sync, mode: "upsert" }).contents).toBe("changes");
    const asked: unknown = csv?.options.parse({ path: "a.csv", contents: "snapshot" });
    expect(() => csv?.shape(asked, { ...sync, mode: "upsert" })).toThrow(ConfigError);
  });
});
