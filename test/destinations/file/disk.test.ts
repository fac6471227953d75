import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TargetInvalid, Unavailable } from "../../../src/core/delivery-errors.ts";
import { diskTrouble } from "../../../src/destinations/file/disk.ts";
import { file } from "../../../src/destinations/file/index.ts";
import { added, type FileRunParts, fileRun, withFolder } from "./run.ts";

const parts = (folder: string): FileRunParts => ({
  folder,
  target: "csv",
  options: { path: "out.csv" },
  fields: ["name"],
  changes: [added(1, { name: "Ann" })],
});

describe("trouble with the disk", () => {
  test.skipIf(process.platform !== "linux")("says that the disk is full, and leaves what was there", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "out.csv"), "old\n");
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      // Linux' own full disk: every write to it fails with ENOSPC.
      await symlink("/dev/full", join(folder, "out.csv.tmp"));
      const error: unknown = await run.finish().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Unavailable);
      expect(String(error)).toMatch(/no space left/);
      expect(await readFile(join(folder, "out.csv"), "utf8")).toBe("old\n");
      await rm(join(folder, "out.csv.tmp"));
      await run.finish();
      expect(await readFile(join(folder, "out.csv"), "utf8")).toBe("key,name\nk1,Ann\n");
    }),
  );

  test("makes the account's folder, but not the folder above it, which may be a disk that is not mounted", () =>
    withFolder(async (folder) => {
      const made = fileRun(parts(join(folder, "exports")));
      await made.send(1, 1);
      const error: unknown = await fileRun(parts(join(folder, "mnt", "exports")))
        .send(1, 1)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TargetInvalid);
      expect(String(error)).toMatch(/does not exist/);
    }));

  test("says that a file is in the way of a folder, and a folder in the way of a file", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "taken"), "");
      await expect(fileRun(parts(join(folder, "taken"))).send(1, 1)).rejects.toBeInstanceOf(TargetInvalid);
      await mkdir(join(folder, "out.csv"));
      const run = fileRun(parts(folder));
      await run.send(1, 1);
      await expect(run.finish()).rejects.toBeInstanceOf(TargetInvalid);
    }));

  test.each([
    ["EROFS", TargetInvalid],
    ["EACCES", TargetInvalid],
    ["ENAMETOOLONG", TargetInvalid],
    ["EDQUOT", Unavailable],
    ["EIO", Unavailable],
  ])("turns %s into an error with a mend", (code, type) => {
    const error = diskTrouble(Object.assign(new Error(code), { code }), "/exports/out.csv");
    expect(error).toBeInstanceOf(type);
    expect(Reflect.get(error, "hint")).not.toBe("");
  });
});

describe("paths", () => {
  test.each(["../out.csv", "/etc/out.csv", "a/../../b", "a//b", "C:\\out", "a\\..\\b", ".parts/x", "a\0b", ""])(
    "refuse to leave the account's folder by %j",
    (path) => {
      expect(file.targets.csv?.options.safeParse({ path }).success).toBe(false);
    },
  );

  test("may go down into folders", () => {
    expect(file.targets.csv?.options.safeParse({ path: "crm/weekly/out.csv" }).success).toBe(true);
  });
});
