import type { Op } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { FieldRule, Mode, SyncConfig } from "../../core/sync.ts";
import type { Row } from "../../core/value.ts";
import type { PlannedChange } from "../../deliver/planned-change.ts";
import type { Target } from "../../destinations/connector.ts";

/** A sync for rows that come from a file instead of a model. */
export function syncOf(o: {
  readonly account: string;
  readonly target: string;
  readonly op: Op;
  readonly match: string | undefined;
  readonly options: Row;
  readonly rows: readonly Row[];
  readonly spec: Target;
}): SyncConfig {
  const names = [...new Set(o.rows.flatMap((row) => Object.keys(row)))];
  const match = matchFields(o, names);
  const unknown = names.filter(
    (name) => !match.includes(name) && o.spec.fields.others === "refused" && !(name in o.spec.fields.known),
  );
  if (unknown.length > 0) {
    throw new ConfigError(`target ${o.target} has no field ${unknown.join(", ")}`, {
      hint: `It has: ${Object.keys(o.spec.fields.known).join(", ")}.`,
    });
  }
  const column = (name: string): FieldRule => ({
    source: { from: "column", column: name },
    nulls: "write",
    onlyIfEmpty: false,
  });
  return {
    name: "send",
    source: { kind: "table", name: "rows" },
    key: match[0] ?? names[0] ?? "key",
    match: Object.fromEntries(match.map((name) => [name, name])),
    to: { account: o.account, target: o.target, options: o.options },
    mode: modeFor(o.op, o.spec),
    ...(o.op === "remove" && { whenRemoved: "delete" as const }),
    fields: Object.fromEntries(names.filter((name) => !match.includes(name)).map((name) => [name, column(name)])),
    batch: {},
    guard: {
      maxRemoved: 1,
      maxRemovedRows: Number.MAX_SAFE_INTEGER,
      maxChanged: 1,
      minRows: 0,
      mappingChange: "allow",
    },
    rejects: { retry: "always" },
    strict: false,
    origin: { file: "rows", line: 1 },
  };
}

/** --match, else the target's own identifiers among the columns, else what `to:` names, else the first column. */
function matchFields(
  o: { readonly match: string | undefined; readonly options: Row; readonly spec: Target },
  names: readonly string[],
): string[] {
  if (o.match !== undefined) {
    const chosen = o.match.split(",").map((name) => name.trim());
    const missing = chosen.filter((name) => !names.includes(name));
    if (missing.length === 0) return chosen;
    throw new ConfigError(`no row has the field ${missing.join(", ")} of --match`, {
      hint: `The rows have: ${names.join(", ")}.`,
    });
  }
  const own = o.spec.identifiers.filter((name) => names.includes(name));
  if (own.length > 0) return own;
  if (!o.spec.needsMatch) return [];
  const named = o.options.external_id;
  if (typeof named === "string" && names.includes(named)) return [named];
  return names.slice(0, 1);
}

function modeFor(op: Op, { modes }: Target): Mode {
  const wanted: readonly Mode[] =
    op === "update"
      ? ["update", "upsert", "mirror"]
      : op === "remove"
        ? ["remove", "mirror"]
        : ["upsert", "mirror", "insert", "append"];
  return wanted.find((mode) => modes.includes(mode)) ?? modes[0] ?? "upsert";
}

export function toChanges(sync: SyncConfig, op: Op, rows: readonly Row[]): PlannedChange[] {
  const match = Object.keys(sync.match);
  return rows.map((row, i) => {
    const split = (chosen: boolean): Row =>
      Object.fromEntries(Object.entries(row).filter(([name]) => match.includes(name) === chosen));
    const [identifiers, fields] = match.length === 0 && op === "remove" ? [row, {}] : [split(true), split(false)];
    return {
      seq: i + 1,
      op,
      plannedOp: op,
      key: String(row.key ?? row[sync.key] ?? i + 1),
      match: identifiers,
      fields: op === "remove" ? {} : fields,
      bytes: Buffer.byteLength(JSON.stringify(row)),
    };
  });
}
