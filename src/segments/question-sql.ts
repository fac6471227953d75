import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { literal } from "../rules/literal.ts";
import { profileKeys } from "../rules/rows.ts";
import { columns, ref } from "../rules/text.ts";
import { conditionWords } from "./condition-words.ts";
import { countOnePattern } from "./count-models.ts";
import { profileTable } from "./names.ts";
import { askedOfEvents, patternName, rulesWithin } from "./patterns.ts";
import { allowedSql, isListed, ruleOf, ruleSql } from "./rule-sql.ts";
import { sequenceTables } from "./sequence-model.ts";

/** One condition of a segment, and the columns of a question that answer it. */
export interface AskedCondition {
  /** True or false. */
  readonly column: string;
  readonly words: string;
  /** Column: what it shows, e.g. a trait's name or how often an event happened. */
  readonly values: readonly { readonly column: string; readonly label: string }[];
}

/**
 * SQL for dbt to render, and what its columns mean. It counts events from their tables, so that a definition can be tried before it is
 * built; it reads profiles' traits as the last build left them.
 */
export interface Question {
  readonly conditions: readonly AskedCondition[];
  readonly sql: string;
}

/** How many profiles there are and are members, and for each condition that must hold: how many fulfil it, and how many only it keeps out. */
export function previewQuestion(segment: SegmentDeclaration, declared: Declarations, samples: number): Question {
  const rule = ruleOf(segment);
  const outer = rule === null ? [] : rule.kind === "all" ? rule.rules : [rule];
  const { tables, conditions } = conditionTables(segment, declared, outer);
  const counts = conditions.flatMap(({ column }) => {
    const others = conditions.filter((other) => other.column !== column).map((other) => other.column);
    const only = [`not ${column}`, ...others, "is_allowed"].join(" and ");
    return [
      `count(case when ${column} then 1 end) as ${column}_true`,
      `count(case when ${only} then 1 end) as ${column}_only`,
    ];
  });
  const totals = `select\n${columns(["count(*) as profiles", "count(case when is_member then 1 end) as members", ...counts])}\nfrom conditions`;
  const list = `select\n    profile_id,\n    row_number() over (order by profile_id) as place\nfrom conditions\nwhere is_member`;
  const last = `select totals.*, sample.profile_id as sample_id\nfrom totals\nleft join sample on sample.place <= ${samples}`;
  return { conditions, sql: withAll([...tables, ["totals", totals], ["sample", list]], last) };
}

/** One profile: each condition of the tree, true or false, with the profile's own values. */
export function explainQuestion(segment: SegmentDeclaration, declared: Declarations, profile: string): Question {
  const rule = ruleOf(segment);
  const leaves =
    rule === null
      ? []
      : [...rulesWithin([rule])].filter(({ kind }) => kind !== "all" && kind !== "any" && kind !== "not");
  const unique = [...new Map(leaves.map((leaf) => [JSON.stringify(leaf), leaf])).values()];
  const { tables, conditions } = conditionTables(segment, declared, unique);
  const last = `select *\nfrom conditions\nwhere cast(profile_id as {{ dbt.type_string() }}) = ${literal(profile)}`;
  return { conditions, sql: withAll(tables, last) };
}

/** Who would enter and who would leave if the second definition took the first's place; counts and some of each. */
export function diffQuestion(
  before: { readonly segment: SegmentDeclaration; readonly declared: Declarations },
  after: { readonly segment: SegmentDeclaration; readonly declared: Declarations },
  samples: number,
): string {
  const side = ({ segment, declared }: typeof before): string => {
    const { tables } = conditionTables(segment, declared, []);
    return withAll(tables, "select\n    profile_id,\n    is_member\nfrom conditions").trimEnd();
  };
  const both = [
    "select",
    "    coalesce(was.profile_id, becomes.profile_id) as profile_id,",
    "    coalesce(was.is_member, false) as was_member,",
    "    coalesce(becomes.is_member, false) as becomes_member",
    "from was",
    "full outer join becomes on was.profile_id = becomes.profile_id",
  ].join("\n");
  const moved =
    "select\n    profile_id,\n    becomes_member,\n    row_number() over (partition by becomes_member order by profile_id) as place\nfrom both_sides\nwhere was_member <> becomes_member";
  const totals = [
    "select",
    columns([
      "count(case when was_member then 1 end) as was",
      "count(case when becomes_member then 1 end) as becomes",
      "count(case when becomes_member and not was_member then 1 end) as enters",
      "count(case when was_member and not becomes_member then 1 end) as leaves",
    ]),
    "from both_sides",
  ].join("\n");
  const last = `select totals.*, moved.profile_id as sample_id, moved.becomes_member as sample_enters\nfrom totals\nleft join moved on moved.place <= ${samples}`;
  return withAll(
    [
      ["was", side(before)],
      ["becomes", side(after)],
      ["both_sides", both],
      ["moved", moved],
      ["totals", totals],
    ],
    last,
  );
}

const withAll = (tables: readonly (readonly [string, string])[], last: string): string =>
  `with ${tables.map(([name, query]) => `${name} as (\n${query}\n)`).join(",\n")}\n${last}\n`;

function conditionTables(
  segment: SegmentDeclaration,
  declared: Declarations,
  asked: readonly Rule[],
): { readonly tables: readonly (readonly [string, string])[]; readonly conditions: readonly AskedCondition[] } {
  const keys = profileKeys(declared);
  const rule = ruleOf(segment);
  const { counts, sequences } = askedOfEvents(declared, rule === null ? [] : [rule]);
  const tables: (readonly [string, string])[] = [["profiles", `select * from ${ref(profileTable)}`]];
  for (const pattern of counts.values()) tables.push([pattern.name, countOnePattern(pattern, keys)]);
  for (const sequence of sequences.values()) tables.push(...sequenceTables(sequence, keys));
  const select: string[] = ["profiles.profile_id"];
  const conditions = asked.map((each, i): AskedCondition => {
    const column = `c${i + 1}`;
    select.push(`(${ruleSql(each, declared, "negated")}) as ${column}`);
    const values = valuesOf(each).map(({ sql, label }, n) => {
      const name = `${column}_v${n + 1}`;
      select.push(`${sql} as ${name}`);
      return { column: name, label };
    });
    return { column, words: conditionWords(each), values };
  });
  const member =
    rule === null
      ? isListed("model" in segment.by ? segment.by.model : segment.name)
      : ruleSql(rule, declared, "negated");
  const allowed = allowedSql(declared).join(" and ");
  select.push(`(${allowed === "" ? "1 = 1" : allowed}) as is_allowed`);
  select.push(`(${allowed === "" ? "" : `${allowed} and `}(${member})) as is_member`);
  const joins = [...counts.keys()].map((name) => `left join ${name} on profiles.profile_id = ${name}.profile_id`);
  tables.push(["conditions", ["select", columns(select), "from profiles", ...joins].join("\n")]);
  return { tables, conditions };
}

/** The profile's values that a condition looks at. */
function valuesOf(rule: Rule): { readonly sql: string; readonly label: string }[] {
  if (rule.kind === "trait") {
    const others = rule.comparisons.flatMap((each) => ("to" in each && "trait" in each.to ? [each.to.trait] : []));
    return [...new Set([rule.trait, ...others])].map((name) => ({ sql: `profiles.${name}`, label: name }));
  }
  if (rule.kind === "did") return [{ sql: `coalesce(${patternName(rule.pattern)}.times, 0)`, label: "times" }];
  return [];
}
