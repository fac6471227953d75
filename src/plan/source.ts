import { createHash } from "node:crypto";
import { ColumnMissing, ConfigError } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import type { FieldRule, FieldType, SyncConfig } from "../core/sync.ts";
import type { Dialect, SourceColumn } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import { canonicalMapping, mappingSalt } from "./mapping.ts";

/** What the diff and the payload say about one row of the model; every expression reads alias `f`. */
export interface SourceSql {
  readonly relation: Sql;
  readonly key: Sql;
  /** The row's profile as text, by the column that is named so; null: the model has none. */
  readonly profileId: Sql | null;
  /** 64-bit, of the identifiers; `0` when the key alone identifies the record. */
  readonly matchHash: Sql;
  /** false: every match hash is 0 and the key alone decides. */
  readonly hasMatch: boolean;
  /** 64-bit and never NULL, of the mapped columns as they stand in the model. */
  readonly fastFingerprint: Sql;
  /** What `fastFingerprint` is good for: engine, version and the types of the mapped columns. */
  readonly fingerprintEngine: string;
  readonly stableFingerprint: Sql;
  /** JSON text of destination identifier → value. */
  readonly identifiers: Sql;
  /** JSON text of the payload. */
  readonly fields: Sql;
  /** Why the row cannot be sent, NULL if it can. */
  readonly refusalCode: Sql;
  readonly refusalMessage: Sql;
}

const alias = raw("f");
const text = (value: string): Sql => sql`${value}`;

/**
 * Compiles a sync's key, match and field rules to SQL over its model.
 * @param fieldTypes types the target knows for its fields; a rule's own `type` comes first
 * @throws ColumnMissing naming every column that the sync uses and the model lacks
 */
export function compileSource(
  dialect: Dialect,
  relation: Relation,
  columns: readonly SourceColumn[],
  sync: SyncConfig,
  fieldTypes: Readonly<Record<string, FieldType>>,
): SourceSql {
  const column = columnFinder(relation, columns, sync);
  const ref = (found: SourceColumn): Sql => sql`${alias}.${dialect.ident(found.name)}`;
  const asText = (name: string): Sql => dialect.text(ref(column(name)), column(name));

  const profile = columns.find(({ name }) => name.toLowerCase() === "profile_id");
  const match = Object.entries(sync.match).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const matchTexts = match.map(([, name]) => asText(name));
  const hasMatch = match.some(([, name]) => column(name).name !== column(sync.key).name);
  const rules = Object.entries(sync.fields).map(([name, rule]) => compileRule(name, rule));
  const inputs = dedupe(rules.flatMap((rule) => rule.inputs));
  const salt = mappingSalt(canonicalMapping(sync));
  const checks = [
    ...(match.length > 0
      ? [
          {
            broken: join(
              matchTexts.map((value) => sql`coalesce(${value}, '') = ''`),
              " or ",
            ),
            code: "NULL_MATCH",
            message: `${match.map(([, name]) => name).join(", ")}: empty, so the record cannot be identified at the destination`,
          },
        ]
      : []),
    ...rules.flatMap((rule) => rule.checks),
  ];
  const firstBroken = (pick: (check: Check) => string): Sql =>
    checks.length === 0
      ? sql`cast(null as ${dialect.typeName("text")})`
      : sql`case ${join(
          checks.map((check) => sql`when ${check.broken} then ${text(pick(check))}`),
          " ",
        )} end`;

  return {
    relation: sql`${dialect.relation(relation)} as ${alias}`,
    key: asText(sync.key),
    profileId: profile === undefined ? null : dialect.text(ref(profile), profile),
    matchHash: hasMatch ? dialect.fastFingerprint(matchTexts, "") : raw("0"),
    hasMatch,
    fastFingerprint: dialect.fastFingerprint(
      inputs.map((input) => input.value),
      salt,
    ),
    fingerprintEngine: `${dialect.fingerprintEngine}/${typesTag(inputs)}`,
    stableFingerprint: dialect.stableFingerprint(
      inputs.map((input) => input.text),
      salt,
    ),
    identifiers: dialect.jsonObject(
      match.map(([name], i) => [name, dialect.json(matchTexts[i] ?? raw("null"), { type: "text" })]),
    ),
    fields: dialect.jsonObject(rules.map((rule) => [rule.name, rule.json])),
    refusalCode: firstBroken((check) => check.code),
    refusalMessage: firstBroken((check) => check.message),
  };

  function compileRule(name: string, rule: FieldRule): CompiledRule {
    const { source } = rule;
    if (source.from === "value") return { name, json: dialect.jsonLiteral(source.value), inputs: [], checks: [] };
    if (source.from === "template") {
      const parts = source.parts.map((part) =>
        "text" in part ? text(part.text) : sql`coalesce(${asText(part.column)}, '')`,
      );
      const columnsUsed = source.parts.flatMap((part) => ("column" in part ? [column(part.column)] : []));
      const value = parts.length === 0 ? text("") : sql`(${join(parts, " || ")})`;
      return { name, json: dialect.json(value, { type: "text" }), inputs: columnsUsed.map(rawInput), checks: [] };
    }
    const found = column(source.column);
    const type = source.type ?? (source.round === undefined ? fieldTypes[name] : "number");
    if (type === undefined || type === "json") {
      return { name, json: dialect.json(ref(found), found), inputs: [rawInput(found)], checks: [] };
    }
    const cast = dialect.tryCast(ref(found), found, type);
    const value = source.round === undefined ? cast : dialect.round(cast, found, source.round);
    const check = {
      broken: sql`${ref(found)} is not null and ${cast} is null`,
      code: "NOT_COERCIBLE",
      message: `${name}: the value of ${source.column} cannot be read as ${type}`,
    };
    return {
      name,
      json: dialect.json(value, { type }),
      inputs: [source.round === undefined ? rawInput(found) : roundedInput(found, value)],
      checks: [check],
    };
  }

  /** The column as it stands: cheaper to hash than what becomes of it. */
  function rawInput(found: SourceColumn): Input {
    const value = dialect.hashable(ref(found), found);
    // JSON was once hashed as it was written.
    const type = found.type === "json" ? `${found.nativeType} by value` : found.nativeType;
    return { id: found.name, type, value, text: dialect.text(ref(found), found) };
  }

  /**
   * A rounded number is compared after rounding, or the last bits of a sum would re-send the row after every build;
   * where it cannot be rounded the text is compared, so that a bad value still counts as a change.
   */
  function roundedInput(found: SourceColumn, rounded: Sql): Input {
    const value = sql`coalesce(${dialect.json(rounded, { type: "number" })}, ${dialect.text(ref(found), found)})`;
    return { id: value.text, type: "rounded", value, text: value };
  }
}

interface Input {
  readonly id: string;
  readonly type: string;
  readonly value: Sql;
  readonly text: Sql;
}

interface Check {
  readonly broken: Sql;
  readonly code: string;
  readonly message: string;
}

interface CompiledRule {
  readonly name: string;
  readonly json: Sql;
  readonly inputs: readonly Input[];
  readonly checks: readonly Check[];
}

const dedupe = (inputs: readonly Input[]): Input[] =>
  [...new Map(inputs.map((input) => [input.id, input])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** A column's type is part of what the engine hashes: int 1 and bigint 1 may hash apart. */
const typesTag = (inputs: readonly Input[]): string =>
  createHash("sha256")
    .update(JSON.stringify(inputs.map(({ id, type }) => [id, type])))
    .digest("hex")
    .slice(0, 8);

function columnFinder(
  relation: Relation,
  columns: readonly SourceColumn[],
  sync: SyncConfig,
): (name: string) => SourceColumn {
  const exact = new Map(columns.map((found) => [found.name, found]));
  const folded = new Map(columns.map((found) => [found.name.toLowerCase(), found]));
  const used = [sync.key, ...Object.values(sync.match), ...Object.values(sync.fields).flatMap(columnsOf)];
  const missing = [...new Set(used)].filter((name) => !exact.has(name) && !folded.has(name.toLowerCase()));
  if (missing.length > 0) {
    throw new ColumnMissing(
      `${sync.origin.file}:${sync.origin.line}: ${relation.schema}.${relation.name} has no column ${missing.join(", ")}`,
      {
        hint: `It has: ${columns.map((found) => found.name).join(", ")}. Mend the sync or the model.`,
        context: { sync: sync.name },
      },
    );
  }
  return (name) => {
    const found = exact.get(name) ?? folded.get(name.toLowerCase());
    if (found === undefined) throw new ConfigError(`no column ${name}`, { hint: "Mend the sync." });
    return found;
  };
}

function columnsOf(rule: FieldRule): string[] {
  if (rule.source.from === "column") return [rule.source.column];
  if (rule.source.from === "template")
    return rule.source.parts.flatMap((part) => ("column" in part ? [part.column] : []));
  return [];
}
