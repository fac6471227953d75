import type { z } from "zod";
import type { FieldRule, Guard, RejectRetry, Schedule, SyncConfig } from "../core/sync.ts";
import type { Row, Value } from "../core/value.ts";
import { byteSize, durationMs, percent } from "./duration.ts";
import type { Place } from "./fault.ts";
import type { guardSchema, rejectsSchema } from "./shared-schema.ts";
import type { FieldYaml, SyncYaml } from "./sync-schema.ts";
import { parseTemplate } from "./template.ts";

/** What a sync has where neither it nor the project's defaults say otherwise. */
export interface Defaults {
  readonly guard: Guard;
  readonly rejects: { readonly retry: RejectRetry };
}

export const builtInDefaults: Defaults = {
  guard: { maxRemoved: 0.2, maxRemovedRows: 10_000, maxChanged: 0.5, minRows: 1, mappingChange: "hold" },
  rejects: { retry: "on_change" },
};

export function mergeDefaults(
  base: Defaults,
  over: {
    readonly guard?: z.output<typeof guardSchema> | undefined;
    readonly rejects?: z.output<typeof rejectsSchema> | undefined;
  },
): Defaults {
  const { guard = {} } = over;
  return {
    guard: {
      maxRemoved: share(guard.max_removed) ?? base.guard.maxRemoved,
      maxRemovedRows: guard.max_removed_rows ?? base.guard.maxRemovedRows,
      maxChanged: share(guard.max_changed) ?? base.guard.maxChanged,
      minRows: guard.min_rows ?? base.guard.minRows,
      mappingChange: guard.mapping_change ?? base.guard.mappingChange,
    },
    rejects: over.rejects ?? base.rejects,
  };
}

const share = (text: string | number | undefined): number | undefined =>
  text === undefined ? undefined : percent(String(text));

/** A validated sync file as the rest of Millrace reads it. Names of columns and fields stay as written. */
export function normaliseSync(yaml: SyncYaml, defaults: Defaults, place: Place): SyncConfig {
  const { account, target, ...options } = yaml.to;
  const { guard, rejects } = mergeDefaults(defaults, yaml);
  const schedule = yaml.schedule === undefined ? undefined : normaliseSchedule(yaml.schedule);
  return {
    name: yaml.sync,
    ...(yaml.renamed_from === undefined ? {} : { renamedFrom: yaml.renamed_from }),
    source: sourceOf(yaml),
    key: yaml.key,
    match: yaml.match ?? {},
    // Options come from YAML, so they are plain JSON.
    to: { account, target, options: options as Row },
    mode: yaml.mode,
    ...(yaml.when_removed === undefined ? {} : { whenRemoved: whenRemoved(yaml.when_removed) }),
    fields: Object.fromEntries(Object.entries(yaml.fields ?? {}).map(([name, field]) => [name, normaliseField(field)])),
    batch: normaliseBatch(yaml.batch),
    ...(schedule === undefined ? {} : { schedule }),
    guard,
    rejects,
    strict: yaml.strict ?? false,
    origin: { file: place.file, line: place.line },
  };
}

function sourceOf({ model, segment, audience, table }: SyncYaml): SyncConfig["source"] {
  if (model !== undefined) return { kind: "model", name: model };
  if (segment !== undefined) return { kind: "segment", name: segment };
  if (audience !== undefined) return { kind: "audience", name: audience };
  return { kind: "table", name: table ?? "" };
}

function whenRemoved(yaml: NonNullable<SyncYaml["when_removed"]>): NonNullable<SyncConfig["whenRemoved"]> {
  return yaml === "delete" ? "delete" : { set: yaml.set as Row };
}

function normaliseField(yaml: FieldYaml): FieldRule {
  if (typeof yaml === "string") return { source: { from: "column", column: yaml }, nulls: "write", onlyIfEmpty: false };
  const onlyIfEmpty = yaml.only_if_empty ?? false;
  if ("value" in yaml) return { source: { from: "value", value: yaml.value as Value }, nulls: "write", onlyIfEmpty };
  const nulls = yaml.nulls ?? "write";
  if ("template" in yaml) {
    const parsed = parseTemplate(yaml.template);
    return { source: { from: "template", parts: "parts" in parsed ? parsed.parts : [] }, nulls, onlyIfEmpty };
  }
  const { column, type, round } = yaml;
  // Rounding says that the field is a number.
  const coerced = type ?? (round === undefined ? undefined : "number");
  return {
    source: {
      from: "column",
      column,
      ...(coerced === undefined ? {} : { type: coerced }),
      ...(round === undefined ? {} : { round }),
    },
    nulls,
    onlyIfEmpty,
  };
}

function normaliseBatch(yaml: SyncYaml["batch"]): SyncConfig["batch"] {
  const bytes = yaml?.bytes === undefined ? undefined : byteSize(String(yaml.bytes));
  return { ...(yaml?.rows === undefined ? {} : { rows: yaml.rows }), ...(bytes === undefined ? {} : { bytes }) };
}

function normaliseSchedule(yaml: NonNullable<SyncYaml["schedule"]>): Schedule {
  if ("after" in yaml) return { kind: "after-build" };
  const catchUp = yaml.catch_up ?? "once";
  if ("every" in yaml) return { kind: "every", everyMs: durationMs(yaml.every) ?? 0, catchUp };
  return { kind: "cron", cron: yaml.cron, timezone: yaml.timezone ?? "UTC", catchUp };
}
