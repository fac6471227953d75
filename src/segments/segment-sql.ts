import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { ref, withTables } from "../rules/text.ts";
import type { CountModel } from "./count-models.ts";
import { countedTables } from "./counted-tables.ts";
import { profileTable } from "./names.ts";
import { patternKey, rulesWithin, sequenceName } from "./patterns.ts";
import { allowedSql, memberSql, rulesOf } from "./rule-sql.ts";
import { sequenceModel } from "./sequence-model.ts";

/** The segment's members with their golden record and traits: what a sync of the segment reads. */
export function segmentSql(
  segment: SegmentDeclaration,
  declared: Pick<Declarations, "timeZone" | "excluded">,
  counted: ReadonlyMap<string, CountModel>,
): string {
  const rules = rulesOf(segment);
  const { tables, joins, timesOf } = countedTables(rules, counted);
  const condition = memberSql(segment, { timeZone: declared.timeZone, timesOf }).replaceAll("\n", "\n    ");
  const last = [
    "select profiles.*",
    `from ${ref(profileTable)} as profiles`,
    ...joins,
    `where\n    ${[condition, ...allowedSql(declared)].join("\n    and ")}`,
  ].join("\n");
  const header = comment(segment.description ?? `The segment ${segment.name}.`);
  return `-- ${header}\n${withTables([...tables, ...sequencesOf(rules)], last)}`;
}

/** A dbt model of the segment's own name lists its members; nothing is compiled for it. */
export const isBare = ({ name, by }: SegmentDeclaration): boolean => "model" in by && by.model === name;

/** The tables of rules' sequences, each once: the profiles whose events came in it. */
export function sequencesOf(rules: readonly Rule[]): Map<string, string> {
  const names = [...rulesWithin(rules)].flatMap((each) => (each.kind === "sequence" ? [sequenceName(each)] : []));
  return new Map(
    names.map((name) => [name, `select profile_id from ${ref(sequenceModel)} where pattern = '${patternKey(name)}'`]),
  );
}
