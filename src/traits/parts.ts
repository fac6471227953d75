import type { TraitDeclaration } from "../core/declared.ts";
import { longestName, shortName } from "../core/model-name.ts";
import type { RowRoom } from "../core/row-room.ts";
import { comment } from "../rules/literal.ts";
import { columns, ref } from "../rules/text.ts";

/** A model that has some columns of another one, and all of its rows. */
export interface Part {
  readonly model: string;
  /** Its columns beside the profile's id. */
  readonly names: readonly string[];
  /** Without dbt's configuration. */
  readonly text: string;
}

/**
 * Bytes that a value may take of a row of Postgres, whatever it is: what has a fixed length is padded to eight; of what has none, TOAST
 * leaves up to 24 bytes in the row and replaces more by a pointer of 18 (MAXALIGN(TOAST_POINTER_SIZE) in toast_helper.c; 339 texts of 23
 * characters fill a page).
 */
const fixed = 8;
const varying = 24;

/** The profile's id, and values whose type nobody says. */
export const widestValue = varying;

/** Beside the traits of a file that is evaluated again in part: evaluated_at, identity_run, has_rows and definition. */
export const steadyWidths: readonly number[] = [fixed, fixed, fixed, varying];

/** The width of a trait as `profile_traits` has it. */
export function widthOf({ rule, as }: TraitDeclaration): number {
  switch (rule.kind) {
    case "count":
    case "distinct":
    case "average":
    case "median_gap":
    case "ratio":
    case "score":
    case "days_since":
      return fixed;
    case "sum":
    case "min":
    case "max":
    case "first":
    case "last":
    case "value":
      // Others are not cast; of them `as` is the user's word.
      return as === undefined || as === "text" ? varying : fixed;
    case "most_frequent":
    case "sql":
    case "expression":
      return varying;
  }
}

/** As the file's own table has it: not yet how long ago something was, but when. */
export const widthInFile = (trait: TraitDeclaration): number =>
  trait.rule.kind === "days_since" ? varying : widthOf(trait);

/** The bytes of a row at most, with a header that marks which values are missing. */
export function rowBytes(widths: readonly number[]): number {
  const header = Math.ceil((23 + Math.ceil(widths.length / 8)) / 8) * 8;
  return widths.reduce((sum, width) => sum + width, header);
}

/** Whether one row of every engine holds these values. */
export const fits = (widths: readonly number[], room: RowRoom | undefined): boolean =>
  room === undefined || rowBytes(widths) <= room.bytes;

/** Cuts a list so that each part, with the widths that every part has beside, is a row of at most so many bytes; in order. */
export function cut<T>(
  items: readonly T[],
  { beside, widthOf, bytes }: CutOptions<T>,
): readonly (readonly [T, ...T[]])[] {
  const parts: [T, ...T[]][] = [];
  let widths: number[] = [];
  for (const item of items) {
    const width = widthOf(item);
    const last = parts.at(-1);
    if (last !== undefined && rowBytes([...beside, ...widths, width]) <= bytes) {
      last.push(item);
      widths.push(width);
    } else {
      parts.push([item]);
      widths = [width];
    }
  }
  return parts;
}

export interface CutOptions<T> {
  /** Of what every part has: the profile's id, … */
  readonly beside: readonly number[];
  readonly widthOf: (item: T) => number;
  readonly bytes: number;
}

const longestSuffix = "_part_1600".length;

/** Names of parts that are models of their own; those that are taken are passed over, and what is too long is cut. */
export function partNames(whole: string, count: number, taken: ReadonlySet<string>): string[] {
  const stem = shortName(whole, longestName - longestSuffix);
  const names: string[] = [];
  for (let n = 1; names.length < count; n++) {
    const name = `${stem}_part_${n}`;
    if (!taken.has(name)) names.push(name);
  }
  return names;
}

/** The view that shows parts as one: engines leave out the parts that a query asks nothing of, where an index says that each has a profile once. */
export function partsViewSql(header: string, parts: readonly Part[], shown: readonly string[]): string {
  const [first, ...others] = parts;
  if (first === undefined) return "";
  const owner = new Map(parts.flatMap(({ model, names }) => names.map((name) => [name, model] as const)));
  return [
    `-- ${comment(header)}`,
    "select",
    columns(["profile_id", ...shown].map((name) => `${owner.get(name) ?? first.model}.${name}`)),
    `from ${ref(first.model)} as ${first.model}`,
    ...others.map(
      ({ model }) => `left join ${ref(model)} as ${model} on ${first.model}.profile_id = ${model}.profile_id`,
    ),
    "",
  ].join("\n");
}

/** dbt's configuration of a part. Where an engine has no unique index, or none that helps, it goes without. */
export const partConfig = (settings: string): string =>
  `{{ config(${settings}, indexes=[{'columns': ['profile_id'], 'unique': true}] if target.type == 'postgres' else []) }}`;
