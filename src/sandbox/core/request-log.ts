import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { RowsTouched } from "./platform.ts";

/** One request that arrived. Written before it is answered, so that it survives whatever happens to the caller. */
export interface LogEntry {
  readonly seq: number;
  readonly at: string;
  readonly platform: string;
  readonly method: string;
  readonly path: string;
  /** The first 200 characters, without the question mark; "" for none. */
  readonly query: string;
  readonly idempotency_key: string | null;
  readonly bytes: number;
  /** Of the body, hex; "" for none. The body itself is not kept. */
  readonly sha256: string;
  readonly rows: RowsTouched;
  readonly applied: boolean;
  /** null: never answered. */
  readonly status: number | null;
  readonly misbehaved?: string;
  readonly contract_violation?: string;
  readonly note?: string;
}

export interface RequestLog {
  nextSeq(): number;
  append(entry: LogEntry): void;
  /** The newest entries held in memory; the file has all. */
  entries(): readonly LogEntry[];
  clear(): void;
}

const KEPT = 20_000;
const seqLine = z.object({ seq: z.int() });

/** Continues the numbering of an existing file. */
export function openRequestLog(file: string | undefined): RequestLog {
  let seq = 0;
  let kept: LogEntry[] = [];
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    seq = lastSeq(file);
  }
  return {
    nextSeq() {
      seq += 1;
      return seq;
    },
    append(entry) {
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(entry)}\n`);
      kept.push(entry);
      if (kept.length > 2 * KEPT) kept = kept.slice(-KEPT);
    },
    entries: () => kept,
    clear() {
      kept = [];
    },
  };
}

function lastSeq(file: string): number {
  if (!existsSync(file)) return 0;
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  for (const line of lines.reverse()) {
    const parsed = seqLine.safeParse(tryJson(line));
    if (parsed.success) return parsed.data.seq;
  }
  return 0;
}

/** A line cut off by a killed process is skipped. */
function tryJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
