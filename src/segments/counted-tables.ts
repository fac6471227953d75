import type { Rule } from "../core/declared.ts";
import { columns, ref } from "../rules/text.ts";
import { type CountModel, columnsPerModel } from "./count-models.ts";
import { patternKey, patternName, rulesWithin } from "./patterns.ts";
import type { TimesOf } from "./rule-sql.ts";

/** What a query joins to `profiles` so that rules can ask how often a profile did something. */
export interface CountedTables {
  /** Name and query of those that do not stand in the warehouse as they are joined. */
  readonly tables: readonly (readonly [name: string, query: string])[];
  readonly joins: readonly string[];
  readonly timesOf: TimesOf;
}

/** For these rules, one join of each model that counts for them. `countedBy`: which does, by the pattern's name. */
export function countedTables(rules: readonly Rule[], countedBy: ReadonlyMap<string, CountModel>): CountedTables {
  const wanted = new Map<CountModel, Set<string>>();
  for (const each of rulesWithin(rules)) {
    if (each.kind !== "did") continue;
    const pattern = patternName(each.pattern);
    const model = countedBy.get(pattern) ?? raise(pattern);
    wanted.set(model, (wanted.get(model) ?? new Set()).add(pattern));
  }
  const tables: (readonly [string, string])[] = [];
  const joins: string[] = [];
  const times = new Map<string, string>();
  for (const [model, all] of wanted) {
    const patterns = [...all];
    for (let from = 0; from < patterns.length; from += columnsPerModel) {
      const some = patterns.slice(from, from + columnsPerModel);
      const [pattern = ""] = some;
      if (model.kind === "apart" && some.length === 1) {
        joins.push(
          `${joined(`${ref(model.model)} as ${pattern}`, pattern)}\n    and ${pattern}.pattern = ${key(pattern)}`,
        );
        times.set(pattern, `${pattern}.times`);
        continue;
      }
      const name = from === 0 ? model.model : `${model.model}__${from / columnsPerModel + 1}`;
      if (model.kind === "apart") tables.push([name, sideBySide(model.model, some)]);
      joins.push(joined(model.kind === "apart" ? name : `${ref(model.model)} as ${name}`, name));
      for (const each of some) times.set(each, `${name}.${each}`);
    }
  }
  const timesOf = (pattern: string): string => times.get(pattern) ?? raise(pattern);
  return { tables, joins, timesOf };
}

function raise(pattern: string): never {
  throw new Error(`no model counts ${pattern}`);
}

const joined = (table: string, name: string): string =>
  `left join ${table}\n    on profiles.profile_id = ${name}.profile_id`;

const key = (pattern: string): string => `'${patternKey(pattern)}'`;

/** Patterns counted apart, as columns: one join for all of them. */
function sideBySide(model: string, patterns: readonly string[]): string {
  const times = patterns.map((name) => `max(case when pattern = ${key(name)} then times end) as ${name}`);
  return `select\n${columns(["profile_id", ...times])}\nfrom ${ref(model)}\nwhere pattern in (\n${columns(patterns.map(key))}\n)\ngroup by profile_id`;
}
