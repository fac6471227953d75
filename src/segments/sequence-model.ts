import type { Span } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { happened, type ProfileKeys, rowsQuery } from "../rules/rows.ts";
import { columns, withTables } from "../rules/text.ts";
import { patternConditions } from "./count-models.ts";
import { byKey, patternKey, patternWords, type SoughtSequence } from "./patterns.ts";

export const sequenceModel = "event_sequences";

/** Rows of (profile_id, pattern): who did the steps of which sequence. */
export function sequenceModelSql(sequences: readonly SoughtSequence[], keys: ProfileKeys): string {
  const tables = sequences.flatMap((sequence) => sequenceTables(sequence, keys));
  const last = sequences
    .toSorted(byKey)
    .map(({ name }) => `select\n    profile_id,\n    '${patternKey(name)}' as pattern\nfrom ${name}`);
  return `-- ${comment("Who did one thing after another, for every sequence that rules ask for.")}\n${withTables(tables, last.join("\n\nunion all\n\n"))}`;
}

/** Named tables of which the last bears the sequence's name and lists profiles. */
export function sequenceTables(
  { name, steps, span }: SoughtSequence,
  keys: ProfileKeys,
): (readonly [string, string])[] {
  const rows = steps.map((step, i) => {
    const filters = [...happened(step.event), ...patternConditions(step, "source", keys.timeZone)];
    const words = comment(patternWords(step, keys.timeZone));
    return `-- step ${i + 1}: ${words}\n${rowsQuery(step.event, [`source.${step.event.at} as happened_at`, `${i + 1} as step_no`], filters, keys)}`;
  });
  const tables: (readonly [string, string])[] = [[`${name}_1`, chain(rows.join("\n\nunion all\n\n"))]];
  // The latest begin of the steps so far is carried to each row of the next step. Of rows of one instant the later step comes first,
  // so that nothing follows itself.
  for (let step = 2; step <= steps.length; step++) {
    const before = `max(case when step_no = ${step - 1} then began_at end) over (\n    partition by profile_id\n    order by happened_at, step_no desc\n    rows between unbounded preceding and 1 preceding\n)`;
    tables.push([
      `${name}_${step}`,
      `select\n${columns(["profile_id", "happened_at", "step_no", `case when step_no = ${step} then ${before} else began_at end as began_at`])}\nfrom ${name}_${step - 1}`,
    ]);
  }
  const end = `${name}_${steps.length}`;
  const within =
    span === undefined
      ? ""
      : `\n    and happened_at <= {{ millrace.instant_plus(${exactCount(span)}, "${exactUnit(span)}", "began_at") }}`;
  tables.push([
    name,
    `select distinct profile_id\nfrom ${end}\nwhere\n    step_no = ${steps.length}\n    and began_at is not null${within}`,
  ]);
  return tables;
}

const chain = (rows: string): string =>
  `select\n    profile_id,\n    happened_at,\n    step_no,\n    case when step_no = 1 then happened_at end as began_at\nfrom (\n${columns([rows])}\n) as steps`;

/** Between two events a day has 24 hours; months and years are the calendar's. */
const exactUnit = ({ unit }: Span): string => (unit === "day" || unit === "week" ? "hour" : unit);
const exactCount = ({ count, unit }: Span): number => count * (unit === "day" ? 24 : unit === "week" ? 168 : 1);
