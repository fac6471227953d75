import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { FieldType, Mode } from "../../core/sync.ts";
import type { TargetSync } from "../connector.ts";

export type Format = "csv" | "ndjson" | "parquet";

/** Names that stay inside the account's folder and clear of the folders that hold unfinished work. */
const insidePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith("/") && !/^[a-zA-Z]:/.test(path) && !path.includes("\\"), {
    error: "path is relative to the account's folder, with / between its parts",
  })
  .refine(
    (path) => path.split("/").every((part) => part !== ".." && part !== "." && part !== "" && part !== ".parts"),
    {
      error: "path may not leave the account's folder: no `..`, `.` or empty part",
    },
  )
  .refine((path) => !path.includes("\0"), { error: "path may not hold NUL" });

const common = {
  path: insidePath.meta({ description: "file name (snapshot) or folder (changes) within the account's folder" }),
  contents: z.enum(["snapshot", "changes"]).optional().meta({
    description: "the whole audience in one file, or one folder of parts per run; default: snapshot for mirror",
  }),
  key_column: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .meta({ description: "column for the model's key; default: `key` where the sync has no match, else none" }),
};

const types = z.record(z.string(), z.enum(["text", "number", "integer", "boolean", "date", "datetime", "json"]));

export const csvOptions = z.strictObject({
  ...common,
  delimiter: z
    .string()
    .length(1)
    .refine((char) => !/["\r\n\0]/.test(char), { error: "delimiter is one character, no quote and no line break" })
    .default(","),
  header: z.boolean().default(true),
  bom: z.boolean().default(false).meta({ description: "byte order mark, for Excel" }),
});

export const ndjsonOptions = z.strictObject(common);

export const parquetOptions = z.strictObject({
  ...common,
  types: types
    .default({})
    .meta({ description: "column types; others follow the values: text, integer, number, boolean" }),
});

export type CsvOptions = z.infer<typeof csvOptions>;

/** What the three formats share; `types` and the CSV settings are absent where they mean nothing. */
export interface FileOptions {
  readonly path: string;
  readonly contents?: "snapshot" | "changes" | undefined;
  readonly key_column?: string | false | undefined;
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
  readonly bom?: boolean | undefined;
  readonly types?: Readonly<Record<string, FieldType>> | undefined;
}

export type Contents = "snapshot" | "changes";

const removing: readonly Mode[] = ["mirror", "remove"];

/** What the file holds. Throws ConfigError where options and sync contradict each other. */
export function contentsOf(options: FileOptions, sync: Pick<TargetSync, "mode">): Contents {
  const contents = options.contents ?? (sync.mode === "mirror" ? "snapshot" : "changes");
  if (contents === "snapshot" && sync.mode !== "mirror") {
    throw new ConfigError(`contents: snapshot needs mode: mirror, not ${sync.mode}`, {
      hint: "A snapshot is the model as it is now, so whoever left it is not in the file: say `mode: mirror`, or `contents: changes`.",
    });
  }
  return contents;
}

/** Columns in the order of the file: _op (changes only), the key where it is wanted, identifiers, fields as in the YAML. */
export function columnsOf(options: FileOptions, sync: TargetSync): readonly string[] {
  const named = [...new Set([...sync.match, ...sync.fields])];
  const contents = contentsOf(options, sync);
  const key = keyColumn(options, sync);
  const keys = key === null || named.includes(key) ? [] : [key];
  if (contents === "snapshot") return [...keys, ...named];
  if (named.includes("_op") || key === "_op") {
    throw new ConfigError("a column is named _op, which a file of changes uses itself", {
      hint: "Give the field another name.",
    });
  }
  if (keys.length === 0 && sync.match.length === 0 && removing.includes(sync.mode)) {
    throw new ConfigError("nothing in the file would say who was removed", {
      hint: "Declare `match:`, or leave out `key_column: false`.",
    });
  }
  return ["_op", ...keys, ...named];
}

/** null: the key has no column of its own. */
export function keyColumn(options: FileOptions, sync: Pick<TargetSync, "match">): string | null {
  const wanted = options.key_column ?? (sync.match.length === 0 ? "key" : false);
  return wanted === false ? null : wanted;
}
