import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate, RowResult } from "../../core/result.ts";

/** What a receiver with `response: per_row` answers; names only what is read. */
const perRowAnswer = z.object({
  results: z.array(
    z.object({
      key: z.union([z.string(), z.number()]).optional(),
      /** Position among the request's changes, from 0. */
      index: z.int().optional(),
      status: z.enum(["delivered", "rejected", "retry"]),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});

type Entry = z.infer<typeof perRowAnswer>["results"][number];

/** The engine takes the row's values out of it; this only bounds what is kept until then. */
const maxMessageChars = 500;
const severity = ["delivered", "retry", "rejected"] as const;

/**
 * One result per change. A row that the answer does not name was not confirmed: `retry`, or `unknown` where it may not
 * be sent twice. A row that it names twice gets the worse fate.
 */
export function perRowResults(text: string, changes: readonly Change[], resend: "once" | "idempotent"): RowResult[] {
  const entries = parse(text);
  const byKey = new Map(changes.map((change) => [change.key, change.seq]));
  const bySeq = new Map<number, Entry>();
  for (const entry of entries ?? []) {
    const named = entry.key === undefined ? undefined : byKey.get(String(entry.key));
    const seq = entry.index === undefined ? named : changes[entry.index]?.seq;
    if (seq === undefined) continue;
    const before = bySeq.get(seq);
    if (before === undefined || severity.indexOf(entry.status) > severity.indexOf(before.status)) bySeq.set(seq, entry);
  }
  const unnamed: RowFate = {
    status: resend === "once" ? "unknown" : "retry",
    code: entries === null ? "ANSWER_UNREADABLE" : "NOT_IN_ANSWER",
    message: entries === null ? "the answer is not the per_row JSON" : "the answer does not name the row",
  };
  return changes.map((change): RowResult => {
    const entry = bySeq.get(change.seq);
    if (entry === undefined) return { seq: change.seq, ...unnamed };
    if (entry.status === "delivered") return { seq: change.seq, status: "delivered" };
    const code = entry.code ?? "REFUSED";
    const message = (entry.message ?? "the receiver gives no reason").slice(0, maxMessageChars);
    return { seq: change.seq, status: entry.status, code, message };
  });
}

function parse(text: string): readonly Entry[] | null {
  try {
    return perRowAnswer.parse(JSON.parse(text)).results;
  } catch {
    return null;
  }
}
