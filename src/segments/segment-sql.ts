import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { indent, ref, withTables } from "../rules/text.ts";
import type { CountModel } from "./count-models.ts";
import { countedTables } from "./counted-tables.ts";
import { profileTable } from "./names.ts";
import { patternKey, rulesWithin, sequenceName } from "./patterns.ts";
import { ruleSql, type TimesOf } from "./rule-sql.ts";
import { sequenceModel } from "./sequence-model.ts";

/** The segment's members with their golden record and traits: what a sync of the segment reads. */
export function segmentSql(
  segment: SegmentDeclaration,
  declared: Pick<Declarations, "timeZone" | "excluded">,
  counted: ReadonlyMap<string, CountModel>,
): string {
  const { by, description } = segment;
  const rules = "rule" in by ? [by.rule] : [];
  const { tables, joins, timesOf } = countedTables(rules, counted);
  const condition =
    "rule" in by
      ? topLevel(by.rule, declared.timeZone, timesOf)
      : `profiles.profile_id in (select profile_id from ${ref(by.model)})`;
  const never = declared.excluded.map(
    ({ model }) =>
      `\n    and profiles.profile_id not in (select profile_id from ${ref(model)} where profile_id is not null)`,
  );
  const last = [
    "select profiles.*",
    `from ${ref(profileTable)} as profiles`,
    ...joins,
    `where\n    ${condition}${never.join("")}`,
  ].join("\n");
  const header = comment(description ?? `The segment ${segment.name}.`);
  return `-- ${header}\n${withTables([...tables, ...sequencesOf(rules)], last)}`;
}

/** A dbt model of the segment's own name lists its members; nothing is compiled for it. */
export const isBare = ({ name, by }: SegmentDeclaration): boolean => "model" in by && by.model === name;

/** Conditions that must all hold stand one below the other; what follows them needs an `or` in brackets. */
function topLevel(rule: Rule, timeZone: string, timesOf: TimesOf): string {
  const text = ruleSql(rule, timeZone, "plain", timesOf);
  return (rule.kind === "any" ? `(\n${indent(text)}\n)` : text).replaceAll("\n", "\n    ");
}

/** The tables of rules' sequences, each once: the profiles whose events came in it. */
export function sequencesOf(rules: readonly Rule[]): Map<string, string> {
  const within = rules.flatMap((rule) => [...rulesWithin(rule)]);
  const names = within.flatMap((each) => (each.kind === "sequence" ? [sequenceName(each)] : []));
  return new Map(
    names.map((name) => [name, `select profile_id from ${ref(sequenceModel)} where pattern = '${patternKey(name)}'`]),
  );
}
