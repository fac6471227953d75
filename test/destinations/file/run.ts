import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Change, Op } from "../../../src/core/change.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { RowResult } from "../../../src/core/result.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import type { Batch, HttpClient, TargetCtx, TargetSync } from "../../../src/destinations/connector.ts";
import type { FileAccount } from "../../../src/destinations/file/account.ts";
import { file } from "../../../src/destinations/file/index.ts";

export interface FileRun {
  /** Sends the changes fromSeq..toSeq as one batch. */
  send(fromSeq: number, toSeq: number): Promise<readonly RowResult[]>;
  finish(): Promise<void>;
}

export interface FileRunParts {
  readonly folder: string;
  readonly target: string;
  readonly options: Row;
  readonly mode?: Mode;
  readonly runId?: string;
  readonly match?: readonly string[];
  readonly fields: readonly string[];
  readonly changes: readonly { readonly op: Op; readonly key: string; readonly match?: Row; readonly fields?: Row }[];
}

const noHttp: HttpClient = { request: () => Promise.reject(new Error("files need no HTTP")) };

/** One run of the file connector, a step at a time, so that a test can stop between any two. */
export function fileRun(parts: FileRunParts): FileRun {
  const target = file.targets[parts.target];
  if (target === undefined) throw new Error(`no target ${parts.target}`);
  const changes = parts.changes.map((one, i): Change => ({ match: {}, fields: {}, ...one, seq: i + 1 }));
  const sync: TargetSync = {
    name: "people",
    runId: parts.runId ?? "run-1",
    mode: parts.mode ?? "mirror",
    match: parts.match ?? [],
    fields: parts.fields,
    onlyIfEmpty: [],
    plannedRows: changes.length,
    removes: changes.filter((change) => change.op === "remove").length,
    createdAt: new Date("2026-03-02T09:00:00Z"),
  };
  const ctx: TargetCtx<FileAccount, unknown> = {
    account: file.account.parse({ path: parts.folder }),
    options: target.options.parse(parts.options),
    sync,
    state: null,
    http: noHttp,
    clock: systemClock,
    signal: new AbortController().signal,
    resource: async (_name, open) => (await open()).value,
    checkpoint: async () => {},
  };
  return {
    async send(fromSeq, toSeq) {
      const rows = changes.slice(fromSeq - 1, toSeq);
      const batch: Batch = {
        id: "b",
        fromSeq,
        toSeq,
        changes: rows,
        writes: "upsert",
        attempt: 1,
        idempotencyKey: "b",
      };
      const result = await target.send(batch, ctx);
      if (result.state !== "done") throw new Error("files are never pending");
      return result.rows;
    },
    async finish() {
      await target.finish?.(ctx);
    },
  };
}

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-file-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const added = (n: number, fields: Row) => ({ op: "add" as const, key: `k${n}`, fields });
