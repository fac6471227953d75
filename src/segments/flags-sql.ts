import { createHash } from "node:crypto";
import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { steadyConfig } from "../rules/steady.ts";
import { columns, indent, ref, withTables } from "../rules/text.ts";
import type { CountModel } from "./count-models.ts";
import { countedTables } from "./counted-tables.ts";
import { definitionOf, profileTable } from "./names.ts";
import { rulesWithin } from "./patterns.ts";
import { type Asking, allowedSql, memberSql, ruleSql, rulesInPlace, rulesOf } from "./rule-sql.ts";
import { isBare, sequencesOf } from "./segment-sql.ts";

/** Where `segment_flags` says whether a profile is in a segment: a bit of one of its columns. */
export interface Flag {
  readonly segment: SegmentDeclaration;
  /** `flags_1`, `flags_2`, … */
  readonly column: string;
  /** A power of two; JSON and doubles end at 53 bits, so a bigint. */
  readonly bit: bigint;
}

/** Of the 63 bits of a number without its sign. */
const bitsPerColumn = 60;

/** Rules first: one pass over the profiles evaluates those of a column. What a model lists alone stands in columns of its own. */
export function flagsOf(segments: readonly SegmentDeclaration[]): Flag[][] {
  const groups: SegmentDeclaration[][] = [];
  for (const some of [segments.filter((each) => !isBare(each)), segments.filter(isBare)]) {
    for (let from = 0; from < some.length; from += bitsPerColumn) groups.push(some.slice(from, from + bitsPerColumn));
  }
  return groups.map((group, i) =>
    group.map((segment, place) => ({ segment, column: `flags_${i + 1}`, bit: 2n ** BigInt(place) })),
  );
}

/** The model that has one column of flags. It names other models and calls no macro, so dbt's parse need not render it, however many segments there are. */
const partOf = (column: string): string => `segment_${column}`;

/** The models of all columns of flags; each is part of the query of `segment_flags` and stands nowhere in the warehouse. */
export function flagParts(
  declared: Declarations,
  counted: ReadonlyMap<string, CountModel>,
): { readonly model: string; readonly column: string; readonly text: string }[] {
  const inPlace = rulesInPlace(declared.segments);
  return flagsOf(declared.segments).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { column, segment } = first;
    const query = isBare(segment) ? listedFlags(column, group) : ruledFlags(column, group, declared, counted, inPlace);
    const text = `{{ config(materialized='ephemeral') }}\n\n-- In which of ${group.length} segments each profile is now: the sum of their bits.\n${query}`;
    return [{ model: partOf(column), column, text }];
  });
}

/**
 * A row per profile that is or was in a segment, and in which it is now. A later build writes the rows that differ and numbers them
 * with the build, so that the history of memberships reads those that changed since it last did, and nobody else's.
 */
export function flagsSql(declared: Declarations): string {
  const groups = flagsOf(declared.segments);
  const all = groups.flatMap(([first]) => first?.column ?? []);
  // Another order or meaning of the bits makes every row differ.
  const layout = createHash("sha256")
    .update(JSON.stringify(groups.map((group) => group.map(({ segment }) => [segment.name, definitionOf(segment)]))))
    .digest("hex")
    .slice(0, 12);
  const differs = [
    ...all.map((column) => `coalesce(now_flags.${column}, 0) <> coalesce(known.${column}, 0)`),
    `known.layout <> '${layout}'`,
  ];
  const update = [
    "select",
    columns([
      "coalesce(now_flags.profile_id, known.profile_id) as profile_id",
      ...all.map((column) => `coalesce(now_flags.${column}, 0) as ${column}`),
      `'${layout}' as layout`,
      "(select coalesce(max(flags_build), {{ millrace.first_flags_build() }}) + 1 from {{ this }}) as flags_build",
    ]),
    "from now_flags",
    "full outer join (",
    "    -- as the last build left them; a column may be new",
    "    select",
    indent(columns(["profile_id", `{{ millrace.own_columns(['${all.join("', '")}'], '0') }}`, "layout"])),
    "    from {{ this }}",
    ") as known on now_flags.profile_id = known.profile_id",
    `where\n    ${differs.join("\n    or ")}`,
  ].join("\n");
  const begin = [
    "select",
    columns([
      "profile_id",
      ...all,
      `cast('${layout}' as {{ dbt.type_string() }}) as layout`,
      "cast({{ millrace.first_flags_build() }} as bigint) as flags_build",
    ]),
    "from now_flags",
  ].join("\n");
  const text = withTables(
    [["now_flags", together(all)]],
    `{% if is_incremental() %}\n${update}\n{% else %}\n${begin}\n{% endif %}`,
  );
  return `${steadyConfig}

-- In which segments each profile is now: a bit each, and segment_membership says whose is which.
${text}`;
}

/** Profiles with a bit set. */
function together(all: readonly string[]): string {
  const bits = (column: string): string => `cast(${column} as bigint) as ${column}`;
  const [only = ""] = all;
  if (all.length === 1)
    return `select\n${columns(["profile_id", bits(only)])}\nfrom ${ref(partOf(only))}\nwhere ${only} <> 0`;
  const parts = all.map((own) => {
    const shown = all.map((column) => (column === own ? bits(column) : `0 as ${column}`));
    return `select\n${columns(["profile_id", ...shown])}\nfrom ${ref(partOf(own))}\nwhere ${own} <> 0`;
  });
  const most = all.map((column) => `max(${column}) as ${column}`);
  return `select\n${columns(["profile_id", ...most])}\nfrom (\n\n${indent(parts.join("\n\nunion all\n\n"))}\n\n) as parts\ngroup by profile_id`;
}

/** Segments by rules, and those that a model lists among the profiles: all of them in one pass. */
function ruledFlags(
  column: string,
  group: readonly Flag[],
  declared: Declarations,
  counted: ReadonlyMap<string, CountModel>,
  inPlace: ReadonlyMap<string, Rule>,
): string {
  const own = group.flatMap(({ segment }) => rulesOf(segment));
  const named = [...rulesWithin(own)].flatMap((each) => (each.kind === "segment" ? [each.segment] : []));
  const rules = [...own, ...new Set(named.flatMap((segment) => inPlace.get(segment) ?? []))];
  const { tables, joins, timesOf } = countedTables(rules, counted);
  const asking: Asking = { timeZone: declared.timeZone, timesOf, inPlace };
  const bits = lifecyclesTogether(group).map((flags) => {
    const [{ segment, bit }] = flags;
    const text =
      segment.stage === undefined
        ? `case when\n${indent(memberSql(segment, asking))}\nthen ${bit} else 0 end`
        : stagesSql(flags, asking);
    return { names: flags.map(({ segment }) => segment.name), text };
  });
  const asked = bits.map(({ text }) => text).join("\n");
  // A failed test of a segment holds its history back: each is named, if no other's rule asks for its members.
  const waits = (name: string): string => (asked.includes(ref(name)) ? "" : `-- depends_on: ${ref(name)}\n`);
  const sum = bits.map(({ names, text }, i) => `${names.map(waits).join("")}${i === 0 ? "" : "+ "}${text}`).join("\n");
  const allowed = allowedSql(declared);
  const last = [
    "select",
    columns(["profiles.profile_id", `${sum}\nas ${column}`]),
    `from ${ref(profileTable)} as profiles`,
    ...joins,
    ...(allowed.length === 0 ? [] : [`where\n    ${allowed.join("\n    and ")}`]),
  ].join("\n");
  return withTables([...tables, ...sequencesOf(rules)], last);
}

/** Stages of one life-cycle, which stand beside each other, in one; every other segment by itself. */
function lifecyclesTogether(group: readonly Flag[]): [Flag, ...Flag[]][] {
  const all: [Flag, ...Flag[]][] = [];
  for (const flag of group) {
    const follows = flag.segment.stage?.before.at(-1)?.name;
    const last = all.at(-1);
    if (follows !== undefined && last?.at(-1)?.segment.name === follows) last.push(flag);
    else all.push([flag]);
  }
  return all;
}

/** A profile is in the first stage whose rule holds; stages whose bits another column has come first. */
function stagesSql([first, ...others]: readonly [Flag, ...Flag[]], asking: Asking): string {
  const elsewhere = (first.segment.stage?.before ?? []).map(({ name, rule }) => ({ name, rule, bit: 0n }));
  const here = [first, ...others].flatMap(({ segment: { name, stage }, bit }) =>
    stage === undefined ? [] : [{ name, rule: stage.own, bit }],
  );
  const whens = [...elsewhere, ...here].map(
    ({ name, rule, bit }) => `-- stage ${name}\nwhen\n${indent(ruleSql(rule, asking))}\nthen ${bit}`,
  );
  return `case\n${indent(whens.join("\n"))}\n    else 0\nend`;
}

/** Segments that are a dbt model of that name: whomever it lists, also whom no trait knows. */
function listedFlags(column: string, group: readonly Flag[]): string {
  const lists = group.map(
    ({ segment: { name }, bit }) =>
      `select distinct\n    profile_id,\n    ${bit} as bit\nfrom ${ref(name)}\nwhere profile_id is not null`,
  );
  return `select\n    profile_id,\n    sum(bit) as ${column}\nfrom (\n\n${indent(lists.join("\n\nunion all\n\n"))}\n\n) as lists\ngroup by profile_id\n`;
}
