import { constants } from "node:fs";
import { access, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Connector } from "../connector.ts";
import { accountFolder, type FileAccount, fileAccount } from "./account.ts";
import { onDisk } from "./disk.ts";
import { csvOptions, ndjsonOptions, parquetOptions } from "./options.ts";
import { fileTarget } from "./target.ts";

/** CSV, NDJSON and Parquet files in a folder. */
export const file: Connector<FileAccount> = {
  id: "file",
  category: "other",
  apiVersion: "",
  account: fileAccount,
  targets: {
    csv: fileTarget("csv", "a CSV file of the audience, or a folder of changes per run", csvOptions),
    ndjson: fileTarget("ndjson", "JSON lines of the audience, or a folder of changes per run", ndjsonOptions),
    parquet: fileTarget("parquet", "a Parquet file of the audience, or a folder of changes per run", parquetOptions),
  },
  accountKey: (account) => `file:${accountFolder(account)}`,
  // A disk has no rate; two parts at once keep it busy while the next rows are read.
  limits: () => [{ scope: "files", requests: 1_000, perMs: 1_000, concurrency: 2 }],
  async check({ account }) {
    const folder = accountFolder(account);
    await onDisk(folder, async () => {
      const there = await stat(folder).catch(() => null);
      // The first delivery makes the folder; a missing parent may be a disk that is not mounted.
      if (there === null) return access(dirname(folder), constants.W_OK);
      const trial = join(folder, `.millrace-check-${process.pid}`);
      await writeFile(trial, "");
      await rm(trial);
    });
  },
};
