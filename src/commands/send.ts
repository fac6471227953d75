import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Op } from "../core/change.ts";
import { ConfigError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit.ts";
import type { RowResult } from "../core/result.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Row } from "../core/value.ts";
import { targetSync } from "../deliver/deliver.ts";
import type { Target } from "../destinations/connector.ts";
import type { App, PreparedSync } from "./app.ts";
import type { VerbAction } from "./run-verb.ts";
import { dryRun } from "./send/dry-run.ts";
import { parseJson, readOptions } from "./send/options.ts";
import { syncOf, toChanges } from "./send/rows.ts";
import { type SentRows, sendRows } from "./send/send-rows.ts";

export interface SendOptions {
  readonly rows: string;
  readonly op: Op;
  readonly options: string;
  readonly match?: string;
  readonly dryRun?: boolean;
}

/** `send ACCOUNT TARGET --rows FILE`: tries a connector with rows of your own, by the same engine that delivers plans. */
export const send =
  (accountName: string, targetName: string, options: SendOptions): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const account = await app.account(accountName);
    const target = account.connector.targets[targetName];
    if (target === undefined) {
      throw new ConfigError(`${account.connector.id} has no target ${targetName}`, {
        hint: `It has: ${Object.keys(account.connector.targets).join(", ")}.`,
      });
    }
    if (!target.ops.includes(options.op)) {
      throw new ConfigError(`target ${targetName} cannot ${options.op}`, { hint: `It can: ${target.ops.join(", ")}.` });
    }
    const rows = await readRows(options.rows);
    const to = readOptions(target, targetName, options.options);
    const chosen = syncOf({
      account: accountName,
      target: targetName,
      op: options.op,
      match: options.match,
      options: to.raw,
      rows,
      spec: target,
    });
    const sync = asWhole(app, target, to.parsed, chosen, options.op);
    const changes = toChanges(sync, options.op, rows);
    if (Object.keys(sync.match).length > 0 && options.match === undefined) {
      app.out.note(`rows are identified by ${Object.keys(sync.match).join(", ")}; --match FIELD says otherwise`);
    }
    const prepared: PreparedSync = { sync, account, target, options: to.parsed };
    if (options.dryRun) return dryRun(app, prepared, changes);
    return tell(app, await inScratch((dir) => sendRows(app, prepared, changes, dir)), rows.length);
  };

/** Where a target holds its whole audience in one piece, such as a file, added rows are tried as that audience. */
function asWhole(app: App, target: Target, options: unknown, sync: SyncConfig, op: Op): SyncConfig {
  if (op !== "add" || !target.modes.includes("mirror")) return sync;
  const mirror = { ...sync, mode: "mirror" } as const;
  const told = targetSync("send", mirror, { total: 0, removes: 0, createdAt: app.clock.now() });
  try {
    return target.shape(options, told).contents === "snapshot" ? mirror : sync;
  } catch (error) {
    if (error instanceof ConfigError) return sync;
    throw error;
  }
}

function tell(app: App, sent: SentRows, total: number): ExitCode {
  const { results, error } = sent;
  const counts = new Map<string, number>();
  for (const result of results) counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
  for (const result of results.filter((each) => "code" in each).slice(0, 20)) app.out.print(resultText(result));
  app.out.print(`${total} rows: ${[...counts].map(([status, n]) => `${n} ${status}`).join(", ") || "nothing to send"}`);
  if (error !== null) app.out.note(`${error.code}: ${error.message}\n  ${error.hint}`);
  app.out.emit(results.map(resultDocument));
  if (error !== null) return 1;
  if (counts.has("unknown")) return 4;
  return counts.has("rejected") || counts.has("retry") ? 3 : 0;
}

const resultText = (result: RowResult): string =>
  `row ${result.seq}: ${result.status}${"code" in result ? ` ${result.code}: ${result.message}` : ""}`;

const resultDocument = (result: RowResult): Row => ({
  seq: result.seq,
  status: result.status,
  ...("code" in result && { code: result.code, message: result.message }),
  ...("externalId" in result && result.externalId !== undefined && { external_id: result.externalId }),
});

async function readRows(file: string): Promise<Row[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new ConfigError(`--rows ${file} cannot be read`, {
      hint: "Name a file of NDJSON: one JSON object a line.",
      cause,
    });
  });
  const rows: Row[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const row = parseJson(line, `${file}:${i + 1}`);
    if (row === null || typeof row !== "object" || Array.isArray(row)) {
      throw new ConfigError(`${file}:${i + 1}: the line is no JSON object`, {
        hint: 'Write e.g. {"email": "ann@example.com", "first_name": "Ann"}.',
      });
    }
    rows.push(row as Row);
  }
  return rows;
}

async function inScratch<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-send-"));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
