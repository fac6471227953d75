import type { CompiledFile } from "../core/compiled.ts";
import type { Declarations, SegmentDeclaration, Span } from "../core/declared.ts";
import { profileKeys } from "../rules/rows.ts";
import { steadyConfig } from "../rules/steady.ts";
import { type ModelProperties, propertiesFile } from "../rules/text.ts";
import { choose } from "./choose.ts";
import { countedBy, countModelSql, countModels, steadyCounts } from "./count-models.ts";
import { flagParts, flagsSql } from "./flags-sql.ts";
import { withInstantsInWords } from "./instants.ts";
import { flowsSql, lifecycleFlowsSql, membershipSql, overlapSql, sizesSql } from "./membership-sql.ts";
import { flagsModel, membershipModel } from "./names.ts";
import { askedOfEvents } from "./patterns.ts";
import { ruleOf } from "./rule-sql.ts";
import { segmentSql } from "./segment-sql.ts";
import { sequenceModel, sequenceModelSql } from "./sequence-model.ts";

/** The segments as dbt models: what rules count, a view per segment, and the history of all memberships. `split`: who shares a pass. */
export function compileSegments(
  declared: Declarations,
  daysOf: (span: Span) => number,
  split: typeof choose = choose,
): CompiledFile[] {
  const { segments } = declared;
  const [first] = segments;
  if (first === undefined) return [];
  const keys = profileKeys(declared);
  const asked = askedOfEvents(
    declared,
    segments.flatMap((segment) => ruleOf(segment) ?? []),
  );
  const counts = countModels(asked.counts.values(), daysOf, split);
  const counted = countedBy(counts);
  const from = first.origin.file;
  const files: CompiledFile[] = [];
  const properties: ModelProperties[] = [];
  const add = (model: string, text: string, from: string): void =>
    void files.push({ path: `segments/${model}.sql`, text, from });

  for (const model of counts) {
    const steady = steadyCounts(model, keys);
    add(
      model.model,
      `${steady === null ? table : steadyConfig}\n\n${withInstantsInWords(countModelSql(model, keys), keys.timeZone)}`,
      from,
    );
    const shared = model.kind === "shared";
    properties.push({
      name: model.model,
      description: `How often profiles did what rules ask of ${model.patterns[0]?.event.model ?? ""}; ${shared ? "one pass for all" : "a pass for each"}.`,
      columns: shared
        ? [
            // What each of the others counts stands above it in the SQL; here it would cost dbt more than the model itself.
            { ...profileId, tests: ["unique", "not_null"] },
          ]
        : [
            profileId,
            { name: "pattern", description: "What is counted." },
            { name: "times", description: "How often." },
          ],
    });
  }
  const sequences = [...asked.sequences.values()];
  if (sequences.length > 0) {
    const text = withInstantsInWords(sequenceModelSql(sequences, keys), keys.timeZone);
    add(sequenceModel, `${table}\n\n${text}`, from);
    properties.push({
      name: sequenceModel,
      description: "Who did one thing after another, for every sequence that rules ask for.",
      columns: [profileId, { name: "pattern", description: "Which sequence." }],
    });
  }
  for (const segment of segments) {
    if ("model" in segment.by && segment.by.model === segment.name) continue;
    add(
      segment.name,
      `{{ config(materialized='view') }}\n\n${segmentSql(segment, declared, counted)}`,
      segment.origin.file,
    );
    properties.push({ name: segment.name, description: describe(segment), columns: [] });
  }
  for (const { model, column, text } of flagParts(declared, counted)) {
    add(model, text, from);
    properties.push({ name: model, description: `${column} of segment_flags, reckoned anew.`, columns: [] });
  }
  add(flagsModel, flagsSql(declared), from);
  add(membershipModel, membershipSql(declared), from);
  add("segment_sizes", sizesSql, from);
  add("segment_overlap", overlapSql, from);
  add("segment_flows", flowsSql, from);
  if (declared.lifecycles.length > 0) add("segment_lifecycle_flows", lifecycleFlowsSql(declared), from);
  properties.push(
    ...historyProperties.filter(({ name }) => declared.lifecycles.length > 0 || name !== "segment_lifecycle_flows"),
  );
  files.push({ path: "segments/segments.yml", text: propertiesFile(properties), from });
  return files;
}

const table = "{{ config(materialized='table') }}";

const describe = ({ name, description }: SegmentDeclaration): string =>
  `${description ?? `The segment ${name}`}: its members with their golden record and traits.`;

const profileId = { name: "profile_id", description: "The profile." };
const segment = { name: "segment", description: "The segment's name." };

const historyProperties: readonly ModelProperties[] = [
  {
    name: flagsModel,
    description:
      "Which segments each profile is in now, as bits of flags_1, flags_2, …: what the history of memberships is brought up to date by. No row: never in one.",
    columns: [
      { ...profileId, tests: ["unique", "not_null"] },
      { name: "layout", description: "A hash of which bit is whose, and of what every segment says." },
      { name: "flags_build", description: "The number of the build that last changed the row." },
    ],
  },
  {
    name: membershipModel,
    description: "Who was in which segment from when until when: a row per stay, [entered_at, left_at).",
    columns: [
      { ...segment, tests: ["not_null"] },
      { ...profileId, tests: ["not_null"] },
      { name: "entered_at", description: "The instant of the build that found them in it.", tests: ["not_null"] },
      {
        name: "entered_why",
        description: "rule; definition: the segment itself changed; identity: a merge or split changed who did what.",
      },
      { name: "left_at", description: "The instant of the build that found them gone; null: they are in it." },
      {
        name: "left_why",
        description: "rule, definition, identity (a merge or split), consent or deletion.",
      },
      { name: "definition", description: "A hash of what the segment said when it was last evaluated for them." },
      {
        name: "flags_build",
        description: "Up to which build of segment_flags the history had been read when the row was written.",
      },
    ],
  },
  {
    name: "segment_sizes",
    description: "The size of every segment after each build that changed it.",
    columns: [
      segment,
      { name: "changed_at", description: "The instant of the build." },
      { name: "entered", description: "How many entered." },
      { name: "departed", description: "How many left." },
      { name: "size", description: "How many are in it after that." },
    ],
  },
  {
    name: "segment_overlap",
    description: "How many profiles are in both of any two segments now. Pairs that share nobody have no row.",
    columns: [
      segment,
      { name: "other_segment", description: "The other one; later in the alphabet." },
      { name: "profiles", description: "How many are in both." },
    ],
  },
  {
    name: "segment_flows",
    description: "How many left one segment and entered another at the same time.",
    columns: [
      { name: "from_segment", description: "Left." },
      { name: "to_segment", description: "Entered." },
      { name: "moved_at", description: "The instant of the build." },
      { name: "profiles", description: "How many." },
    ],
  },
  {
    name: "segment_lifecycle_flows",
    description: "How many moved from one stage of a life-cycle to another.",
    columns: [
      { name: "lifecycle", description: "The life-cycle's name." },
      { name: "moved_at", description: "The instant of the build." },
      { name: "from_stage", description: "Left; null: they are new to the life-cycle." },
      { name: "to_stage", description: "Entered; null: they are in no stage any more." },
      { name: "profiles", description: "How many." },
    ],
  },
];
