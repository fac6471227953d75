import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { indent, ref, withTables } from "../rules/text.ts";
import type { CountModel } from "./count-models.ts";
import { profileTable } from "./names.ts";
import { patternKey, patternName, rulesWithin, sequenceName } from "./patterns.ts";
import { ruleSql } from "./rule-sql.ts";
import { sequenceModel } from "./sequence-model.ts";

/** The segment's members with their golden record and traits: what a sync of the segment reads. */
export function segmentSql(
  segment: SegmentDeclaration,
  declared: Pick<Declarations, "timeZone" | "excluded">,
  models: readonly CountModel[],
): string {
  const { by, description } = segment;
  const tables: (readonly [string, string])[] = [["profiles", `select * from ${ref(profileTable)}`]];
  const joins: string[] = [];
  let condition: string;
  if ("model" in by) {
    condition = `profiles.profile_id in (select profile_id from ${ref(by.model)})`;
  } else {
    for (const [name, query] of patternTables(by.rule, models)) {
      tables.push([name, query.text]);
      if (query.kind === "counted") joins.push(`left join ${name} on profiles.profile_id = ${name}.profile_id`);
    }
    condition = topLevel(by.rule, declared.timeZone);
  }
  const never = declared.excluded.map(
    ({ model }) =>
      `\n    and profiles.profile_id not in (select profile_id from ${ref(model)} where profile_id is not null)`,
  );
  const last = ["select profiles.*", "from profiles", ...joins, `where\n    ${condition}${never.join("")}`].join("\n");
  const header = comment(description ?? `The segment ${segment.name}.`);
  return `-- ${header}\n${withTables(tables, last)}`;
}

/** A dbt model of the segment's own name lists its members; nothing is compiled for it. */
export const isBare = ({ name, by }: SegmentDeclaration): boolean => "model" in by && by.model === name;

/** Conditions that must all hold stand one below the other; what follows them needs an `or` in brackets. */
function topLevel(rule: Rule, timeZone: string): string {
  const text = rule.kind === "any" ? `(\n${indent(ruleSql(rule, timeZone))}\n)` : ruleSql(rule, timeZone);
  return text.replaceAll("\n", "\n    ");
}

/** The tables a rule names beside `profiles`, each once. */
function patternTables(
  rule: Rule,
  models: readonly CountModel[],
): Map<string, { readonly kind: "counted" | "listed"; readonly text: string }> {
  const tables = new Map<string, { readonly kind: "counted" | "listed"; readonly text: string }>();
  for (const each of rulesWithin(rule)) {
    if (each.kind === "did") {
      const name = patternName(each.pattern);
      const model = models.find(({ patterns }) => patterns.some((pattern) => pattern.name === name));
      const from = ref(model?.model ?? "");
      const text =
        model?.kind === "shared"
          ? `select\n    profile_id,\n    ${name} as times\nfrom ${from}`
          : `select\n    profile_id,\n    times\nfrom ${from}\nwhere pattern = '${patternKey(name)}'`;
      tables.set(name, { kind: "counted", text });
    } else if (each.kind === "sequence") {
      const name = sequenceName(each);
      tables.set(name, { kind: "listed", text: whoFollowed(name) });
    }
  }
  return tables;
}

/** The profiles whose events came in a sequence. */
export const whoFollowed = (sequence: string): string =>
  `select profile_id from ${ref(sequenceModel)} where pattern = '${patternKey(sequence)}'`;
