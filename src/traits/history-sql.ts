import type { Declarations, TraitDeclaration } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { columns, indent, ref } from "../rules/text.ts";
import { profileTraits } from "./profile-traits.ts";

export const traitHistory = "trait_history";

/** The traits whose past is kept. */
export const historyOf = ({ traitFiles }: Pick<Declarations, "traitFiles">): TraitDeclaration[] =>
  traitFiles.flatMap(({ traits }) => traits).filter(({ history }) => history);

export const traitHistoryColumns = [
  { name: "profile_id", description: "The profile.", tests: ["not_null"] },
  { name: "trait", description: "The trait's name.", tests: ["not_null"] },
  { name: "value", description: "What it was, as text.", tests: ["not_null"] },
  { name: "number_value", description: "What it was, of traits that are numbers." },
  { name: "valid_from", description: "The instant of the build that found this value first.", tests: ["not_null"] },
  { name: "valid_to", description: "The instant of the build that found another one, or none; null: it is so now." },
];

const text = "{{ dbt.type_string() }}";
const timestamp = "{{ dbt.type_timestamp() }}";
const asOf = "{{ millrace.as_of() }}";

/**
 * What traits were and when: ranges [valid_from, valid_to) of one value. A build adds the values that are new since the last one and
 * closes those that ended, and touches nothing else. A missing value has no row.
 */
export function traitHistorySql(kept: readonly TraitDeclaration[]): string {
  const present = kept.map(presentValue).join("\n\nunion all\n\n");
  const opened = (from: string): string =>
    `select\n${columns(["profile_id", "trait", "value", "number_value", `${asOf} as valid_from`, `cast(null as ${timestamp}) as valid_to`])}\nfrom ${from}`;
  const tables: (readonly [string, string])[] = [
    ["open_ranges", "select *\nfrom {{ this }}\nwhere valid_to is null"],
    ["latest", `select coalesce(max(coalesce(valid_to, valid_from)), ${asOf}) as known_at\nfrom {{ this }}`],
    [
      "compared",
      [
        "select",
        columns([
          "coalesce(present.profile_id, open_ranges.profile_id) as profile_id",
          "coalesce(present.trait, open_ranges.trait) as trait",
          "present.value",
          "present.number_value",
          "open_ranges.value as old_value",
          "open_ranges.number_value as old_number_value",
          "open_ranges.valid_from",
        ]),
        "from present",
        "full outer join open_ranges",
        "    on present.profile_id = open_ranges.profile_id",
        "    and present.trait = open_ranges.trait",
      ].join("\n"),
    ],
    [
      "changes",
      [
        "select *",
        "from compared",
        "where",
        "    (",
        "        value is null",
        "        or old_value is null",
        "        -- sums of fractions differ in their last digits, by the order in which they were added up",
        "        or (number_value is not null and abs(number_value - old_number_value) > 1e-9 * (abs(number_value) + abs(old_number_value)))",
        "        or (number_value is null and value <> old_value)",
        "        or (number_value is not null and old_number_value is null)",
        "    )",
        "    -- history does not run backwards: a build that stands at an earlier instant changes nothing",
        `    and ${asOf} >= (select known_at from latest)`,
      ].join("\n"),
    ],
  ];
  const ended = [
    "select",
    columns([
      "profile_id",
      "trait",
      "old_value as value",
      "old_number_value as number_value",
      "valid_from",
      `${asOf} as valid_to`,
    ]),
    "from changes",
    "where",
    "    old_value is not null",
    "    -- a second build at one instant corrects the first one's value: the row above takes its place",
    `    and (value is null or valid_from < ${asOf})`,
  ].join("\n");
  const more = tables.map(([name, query]) => `, ${name} as (\n\n${indent(query)}\n\n)`).join("");
  return [
    // A full refresh would forget what was: history is kept through it.
    "{{ config(materialized='incremental', unique_key=['profile_id', 'trait', 'valid_from'], full_refresh=false) }}",
    "",
    `-- ${comment("What traits were, and from when until when.")}`,
    `with present as (\n\n${indent(present)}\n\n)`,
    `{% if is_incremental() %}${more}`,
    "",
    `${opened("changes")}\nwhere value is not null`,
    "",
    "union all",
    "",
    ended,
    "{% else %}",
    "",
    opened("present"),
    "{% endif %}",
    "",
  ].join("\n");
}

function presentValue({ name, type }: TraitDeclaration): string {
  const number = "{{ millrace.type_double() }}";
  const select = [
    "profile_id",
    `cast('${name}' as ${text}) as trait`,
    `cast(${name} as ${text}) as value`,
    `cast(${type === "number" ? name : "null"} as ${number}) as number_value`,
  ];
  return `select\n${columns(select)}\nfrom ${ref(profileTraits)}\nwhere ${name} is not null`;
}
