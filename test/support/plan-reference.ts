import type { RowFate } from "../../src/core/result.ts";
import type { Mode, RejectRetry } from "../../src/core/sync.ts";

/**
 * What a plan must decide and what settling must leave, row by row with plain loops, from DESIGN.md and not from the SQL.
 * A model row is (key, e-mail, value); the value is mapped to a number, and "x" is none.
 */
export interface ModelRow {
  readonly id: string | null;
  readonly email: string | null;
  readonly value: string | null;
}

export type Scope = "changes" | "full" | "rejects" | "adopt" | "rebuild";

export interface Setting {
  readonly mode: Mode;
  /** false: the key alone identifies a record. */
  readonly byMatch: boolean;
  readonly moves: boolean;
  readonly snapshot: boolean;
  readonly retry: RejectRetry;
  /** Which of several mappings; part of what a row was sent as. */
  readonly mapping: number;
  readonly scope: Scope;
}

export interface LedgerRow {
  readonly key: string;
  /** The e-mail; "" where the key alone identifies. */
  readonly ident: string;
  /** What was sent last. */
  readonly content: string | null;
  /** false: a person said that it never arrived, so it differs from everything. */
  readonly certain: boolean;
  readonly externalId: string | null;
  readonly state: "present" | "removed" | "unknown";
  /** What was sent and never answered. */
  readonly parked: Op | null;
  readonly run: number;
}

export interface RejectRow {
  readonly key: string | null;
  readonly ident: string | null;
  readonly op: Op | "keep" | "refuse";
  readonly content: string | null;
  readonly code: string;
  readonly attempts: number;
}

export interface Books {
  readonly ledger: readonly LedgerRow[];
  readonly rejects: readonly RejectRow[];
}

type Op = "add" | "update" | "remove";

/** A row of the plan; `kept` rows are not sent. */
export interface Decided {
  readonly op: Op | "keep" | "refuse" | "standing" | "suppress" | "forget";
  readonly key: string | null;
  readonly ident: string | null;
  readonly content: string | null;
  readonly value: string | null;
  readonly externalId: string | null;
  readonly prev: { readonly key: string; readonly ident: string } | null;
  readonly code: string | null;
  /** Model rows it stands for. */
  readonly rows: number;
}

export interface Expected {
  readonly decided: readonly Decided[];
  readonly cleared: readonly RejectRow[];
  readonly unchanged: number;
}

const isWrite = (op: RejectRow["op"]): boolean => op === "add" || op === "update";

const nothing = { content: null, value: null, externalId: null, prev: null, code: null, rows: 1 } as const;

/** @param quietTwins keys the model repeats without any difference to the ledger: whether they are noticed */
export function expectedPlan(
  books: Books,
  model: readonly ModelRow[],
  s: Setting,
  quietTwins: "noticed" | "unnoticed",
): Expected {
  const ledger = s.scope === "rebuild" ? [] : books.ledger;
  const identOf = (row: ModelRow): string | null => (s.byMatch ? row.email : "");
  const contentOf = (row: ModelRow): string => `${s.mapping}:${row.value ?? "NULL"}`;
  const everything = s.scope === "full" || s.scope === "rebuild";
  const onceOnly = s.mode === "insert" || s.mode === "append";
  const held = (key: string, ident: string | null) => ledger.find((l) => l.key === key && l.ident === ident);

  function stateOf(row: ModelRow & { id: string }): LedgerRow["state"] | null {
    if (!onceOnly) return held(row.id, identOf(row))?.state ?? null;
    const states = ledger.filter((l) => l.key === row.id).map((l) => l.state);
    return (["unknown", "present", "removed"] as const).find((state) => states.includes(state)) ?? null;
  }
  function differs(row: ModelRow & { id: string }): boolean {
    if (everything) return true;
    const state = stateOf(row);
    if (s.mode === "remove") return state !== "removed";
    if (onceOnly) return state !== "present";
    const own = held(row.id, identOf(row));
    return state !== "present" || own?.certain !== true || own.content !== contentOf(row);
  }

  const keyed = model.filter((row): row is ModelRow & { id: string } => row.id !== null);
  const nullKeys = model.length - keyed.length;
  const copies = new Map<string, number>();
  for (const row of keyed) copies.set(row.id, (copies.get(row.id) ?? 0) + 1);
  const twins = new Set<string>();
  for (const [key, count] of copies) {
    if (count < 2) continue;
    const rows = keyed.filter((row) => row.id === key);
    const idents = new Set(rows.map(identOf));
    const quiet =
      rows.every((row) => !differs(row)) &&
      idents.size === count &&
      !onceOnly &&
      s.mode !== "upsert" &&
      s.mode !== "update";
    if (!quiet || quietTwins === "noticed") twins.add(key);
  }

  const candidates = keyed.filter((row) => !twins.has(row.id) && differs(row));
  const refusal = (row: ModelRow): string | null =>
    s.byMatch && (row.email === null || row.email === "") ? "NULL_MATCH" : row.value === "x" ? "NOT_COERCIBLE" : null;
  const inScope = (key: string): boolean => s.scope !== "rejects" || books.rejects.some((r) => r.key === key);

  const contested = s.byMatch && s.mode !== "append";
  const arrivals = candidates
    .filter((row) => refusal(row) === null && (stateOf(row) === null || stateOf(row) === "removed"))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const fate = new Map<string, { collides: boolean; waits: boolean; prev: LedgerRow | null }>();
  const takenOver = new Set<LedgerRow>();
  for (const row of contested ? arrivals : []) {
    const first = arrivals.find((other) => identOf(other) === identOf(row)) === row;
    const holders = ledger.filter((l) => l.key !== row.id && l.ident === identOf(row) && l.state !== "removed");
    const lives = (l: LedgerRow): boolean =>
      keyed.some((m) => m.id === l.key && identOf(m) === l.ident) ||
      candidates.some((m) => m.id === l.key && refusal(m) !== null) ||
      twins.has(l.key);
    const waits = holders.some((l) => l.state === "unknown");
    const collides = !first || holders.some((l) => l.state === "present" && lives(l));
    const prev = collides || waits ? null : (holders.toSorted((a, b) => (a.key < b.key ? -1 : 1))[0] ?? null);
    if (prev !== null) takenOver.add(prev);
    fate.set(row.id, { collides, waits, prev });
  }
  for (const row of contested && s.moves ? arrivals : []) {
    const found = fate.get(row.id);
    if (found === undefined || found.collides || found.waits || found.prev !== null) continue;
    const [former] = ledger
      .filter((l) => l.key === row.id && l.ident !== identOf(row) && l.state === "present" && l.externalId !== null)
      .filter((l) => !keyed.some((m) => m.id === l.key && identOf(m) === l.ident) && !takenOver.has(l))
      .toSorted((a, b) => (a.ident < b.ident ? -1 : 1));
    if (former === undefined) continue;
    takenOver.add(former);
    fate.set(row.id, { ...found, prev: former });
  }

  const decided: Decided[] = candidates.map((row) => {
    const content = contentOf(row);
    const ident = identOf(row);
    const own = held(row.id, ident);
    const { collides = false, waits = false, prev = null } = fate.get(row.id) ?? {};
    const op: Op =
      s.mode === "remove"
        ? "remove"
        : s.mode === "update"
          ? "update"
          : onceOnly
            ? "add"
            : prev !== null || stateOf(row) === "present"
              ? "update"
              : "add";
    const base = {
      key: row.id,
      ident,
      content,
      value: row.value,
      externalId: prev?.externalId ?? own?.externalId ?? null,
      prev: prev && { key: prev.key, ident: prev.ident },
      rows: 1,
    };
    if (stateOf(row) === "unknown" || !inScope(row.id)) return { ...base, op: "suppress", code: null };
    const code = refusal(row);
    if (code !== null) return { ...base, op: "refuse", code };
    if (collides) return { ...base, op: "refuse", code: "DUPLICATE_MATCH" };
    if (waits) return { ...base, op: "suppress", code: null };
    const standing = books.rejects.find(
      (r) => r.key === row.id && r.ident === ident && r.op === op && r.content === content && stands(r, s),
    );
    return standing ? { ...base, op: "standing", code: standing.code } : { ...base, op, code: null };
  });

  const frozen = new Set([
    ...twins,
    ...decided.flatMap((d) => (d.op === "refuse" || d.op === "suppress" ? [d.key] : [])),
  ]);
  for (const l of ledger) {
    if (keyed.some((m) => m.id === l.key && identOf(m) === l.ident)) continue;
    const row = { ...nothing, key: l.key, ident: l.ident, content: l.content, externalId: l.externalId };
    if (s.mode === "remove" && l.state === "removed") decided.push({ ...row, op: "forget" });
    if (s.mode !== "mirror" || l.state !== "present" || frozen.has(l.key) || takenOver.has(l) || !inScope(l.key))
      continue;
    decided.push({ ...row, op: "remove" });
  }
  for (const key of twins) {
    decided.push({ ...nothing, key, ident: null, op: "refuse", code: "DUPLICATE_KEY", rows: copies.get(key) ?? 0 });
  }
  if (nullKeys > 0) {
    decided.push({ ...nothing, key: null, ident: null, op: "refuse", code: "NULL_KEY", rows: nullKeys });
  }

  const sends = decided.some((d) => d.op === "add" || d.op === "update" || d.op === "remove");
  if (s.snapshot && sends && s.scope !== "adopt") {
    for (const row of keyed) {
      if (twins.has(row.id) || differs(row)) continue;
      const kept = { ...nothing, key: row.id, ident: identOf(row), content: contentOf(row), value: row.value };
      const code = refusal(row);
      decided.push(code === null ? { ...kept, op: "keep" } : { ...kept, op: "refuse", code });
    }
  }

  const fromModel = decided
    .filter((d) => d.op !== "forget" && d.op !== "keep" && (d.op !== "remove" || s.mode === "remove"))
    .reduce((sum, d) => sum + d.rows, 0);

  const differing = new Set(keyed.filter(differs).map((row) => row.id));
  const cleared = books.rejects.filter((r) => {
    if (s.scope === "rejects" || r.op === "refuse" || r.op === "keep") return false;
    if (isWrite(r.op)) return s.mode === "remove" || !differing.has(r.key ?? "");
    if (s.mode === "remove") return !candidates.some((row) => row.id === r.key && identOf(row) === r.ident);
    const gone = (l: LedgerRow) => !keyed.some((m) => m.id === l.key && identOf(m) === l.ident);
    return (
      s.mode !== "mirror" ||
      !ledger.some((l) => l.key === r.key && l.ident === r.ident && l.state === "present" && gone(l))
    );
  });
  return { decided, cleared, unchanged: model.length - fromModel };
}

function stands(reject: RejectRow, s: Setting): boolean {
  if (s.scope !== "changes") return false;
  if (s.retry === "always" || s.mode === "remove") return false;
  return s.retry === "on_change" || reject.attempts >= s.retry.times;
}

/** The books after the plan was delivered with these fates. */
export function expectedBooks(
  books: Books,
  plan: Expected,
  s: Setting,
  run: number,
  fateOf: (change: Decided) => RowFate,
): Books {
  let ledger = s.scope === "rebuild" ? [] : [...books.ledger];
  let rejects = books.rejects.filter((r) => r.op !== "refuse" && !plan.cleared.includes(r));
  const fresh: RejectRow[] = [];
  const without = (key: string | null, ident: string | null) => {
    ledger = ledger.filter((l) => l.key !== key || l.ident !== ident);
  };
  const refused = (d: Decided, op: RejectRow["op"], code: string) => {
    const old = books.rejects.find((r) => r.key === d.key && r.op === op && r.ident === d.ident);
    const attempts = old !== undefined && old.content === d.content ? old.attempts + 1 : 1;
    fresh.push({ key: d.key, ident: d.ident, op, content: d.content, code, attempts });
  };
  const sent = plan.decided.filter((d) => ["add", "update", "remove", "keep"].includes(d.op));
  if (sent.length > 0) rejects = rejects.filter((r) => r.op !== "keep");
  const arrived: LedgerRow[] = [];
  for (const d of plan.decided) {
    if (d.op === "forget") without(d.key, d.ident);
    if (d.op === "refuse") refused(d, "refuse", d.code ?? "");
    if (d.op !== "add" && d.op !== "update" && d.op !== "remove" && d.op !== "keep") continue;
    const fate = fateOf(d);
    if (fate.status === "rejected") refused(d, d.op, fate.code);
    if (fate.status === "retry" || fate.status === "unknown") continue;
    rejects = rejects.filter(
      (r) => r.key !== d.key || (d.op === "remove" ? r.op !== "remove" || r.ident !== d.ident : r.op === "remove"),
    );
  }
  for (const d of plan.decided) {
    if (d.op !== "add" && d.op !== "update" && d.op !== "remove") continue;
    const fate = fateOf(d);
    if (fate.status === "rejected" || fate.status === "retry") continue;
    without(d.key, d.ident);
    if (d.prev !== null) without(d.prev.key, d.prev.ident);
    const named = fate.status !== "unknown" ? fate.externalId : undefined;
    arrived.push({
      key: d.key ?? "",
      ident: d.ident ?? "",
      content: d.content,
      certain: true,
      run,
      externalId: named ?? d.externalId,
      state: fate.status === "unknown" ? "unknown" : d.op === "remove" ? "removed" : "present",
      parked: fate.status === "unknown" ? d.op : null,
    });
  }
  return { ledger: [...ledger, ...arrived], rejects: [...rejects, ...fresh] };
}

/** The books after a person decided about one run's unanswered rows. */
export function resolvedBooks(books: Books, run: number, decision: "delivered" | "resend"): Books {
  const ledger = books.ledger.flatMap((l): LedgerRow[] => {
    if (l.state !== "unknown" || l.run !== run) return [l];
    if (decision === "delivered") return [{ ...l, parked: null, state: l.parked === "remove" ? "removed" : "present" }];
    return l.parked === "add" ? [] : [{ ...l, parked: null, state: "present", certain: false }];
  });
  return { ...books, ledger };
}
