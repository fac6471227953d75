import { z } from "zod";
import { ColumnMissing, type MillraceError, RelationMissing, WarehouseFailed } from "../../core/errors.ts";

/** What DuckDB throws when `errors_as_json` is on. https://duckdb.org/docs/stable/configuration/overview */
const structured = z.object({
  exception_type: z.string(),
  exception_message: z.string(),
  error_subtype: z.string().optional(),
  type: z.string().optional(),
  name: z.string().optional(),
});

interface EngineError {
  /** "Catalog", "Binder", "Conversion", "Out of Memory" … */
  readonly kind: string;
  readonly message: string;
  readonly subtype?: string | undefined;
  readonly entry?: string | undefined;
  readonly name?: string | undefined;
}

function parse(cause: unknown): EngineError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const brace = text.indexOf("{");
  if (brace >= 0) {
    try {
      const found = structured.safeParse(JSON.parse(text.slice(brace)));
      if (found.success) {
        const { exception_type, exception_message, error_subtype, type, name } = found.data;
        return { kind: exception_type, message: exception_message, subtype: error_subtype, entry: type, name };
      }
    } catch {
      // Not JSON after all: the plain form below.
    }
  }
  const plain = /^([A-Za-z ]+?) Error: ([\s\S]*)$/.exec(text);
  return plain ? { kind: plain[1] ?? "", message: plain[2] ?? "" } : { kind: "", message: text };
}

/** These kinds quote names; any other may quote the user's data. */
const NAMES_ONLY = new Set([
  "Catalog",
  "Binder",
  "Parser",
  "IO",
  "Out of Memory",
  "Dependency",
  "Permission",
  "Not implemented",
]);

/** How DuckDB's own sentences about data begin. Anything else may be a text that a model raised with error(). */
const KNOWN_BEGINNING =
  /^(Could not|Overflow|NOT NULL|PRIMARY KEY|Duplicate key|CHECK constraint|Violates|Malformed JSON|Type |Casting|Failed to|Division|Invalid|Cannot|Value|Timestamp|Date|Time|Unable)/i;

/** The engine's sentence without values: from the first quote on, because a value may itself hold quotes and line breaks. */
function scrub(kind: string, message: string): string {
  if (NAMES_ONLY.has(kind)) {
    const sentence = message.replace(/'[\s\S]*'|'[\s\S]*$/g, "'…'").split(/\n\s*\n|\nLINE \d+:/)[0] ?? "";
    return sentence.replace(/\s+/g, " ").trim().slice(0, 500);
  }
  if (!KNOWN_BEGINNING.test(message)) return "a value or a check of the data was refused.";
  const end = message.search(/['"\n(]|(?<![A-Za-z0-9_])[-+.]?\d/);
  return end < 0 ? message.trim() : `${message.slice(0, end).trim()} …`;
}

const RELATION = [
  /^(?:Table|View) with name "?(.+?)"? does not exist/,
  /^Schema with name "?(.+?)"? does not exist/,
  /^Catalog "(.+?)" does not exist/,
];
const COLUMN = [
  /^Referenced column "(.+?)" not found/,
  /does not have a column (?:named|with name) "(.+?)"(?:\s|$)/,
  /^Referenced update column (.+?) not found/,
];

const match = (patterns: readonly RegExp[], text: string): string | undefined => {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
};

function missing({ kind, message, subtype, entry, name }: EngineError): MillraceError | null {
  if (kind !== "Catalog" && kind !== "Binder") return null;
  const isRelation = subtype === "MISSING_ENTRY" && (entry === "Table" || entry === "View" || entry === "Schema");
  const relation = (isRelation ? name : undefined) ?? match(RELATION, message);
  if (relation !== undefined) {
    return new RelationMissing(`The warehouse has no relation ${relation}.`, {
      hint: "Build it (millrace build), or correct the name and the schema.",
      context: { relation },
    });
  }
  const column = (subtype === "COLUMN_NOT_FOUND" ? name : undefined) ?? match(COLUMN, message);
  if (column === undefined) return null;
  return new ColumnMissing(`The warehouse has no column ${column} where it was asked for.`, {
    hint: "Select it in the model, or correct its name in the sync.",
    context: { column },
  });
}

const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /No space left|max_temp_directory_size|failed to offload/i,
    "The disk is full: free space beside the warehouse file or in the temporary directory.",
  ],
  [
    /Out of Memory|could not allocate|failed to (?:pin|allocate)/i,
    "Raise memory_limit in millrace.yml, lower threads, or free memory.",
  ],
  [/read-only mode/i, "Only write sessions may change the warehouse."],
  [
    /not a valid DuckDB database|Corrupt|checksum|Could not read enough bytes/i,
    "The file is no DuckDB database or is damaged: correct `path`, or restore it from a backup.",
  ],
  [
    /version number|storage version|newer version/i,
    "The file was written by a newer DuckDB: upgrade Millrace, or export it with the version that wrote it.",
  ],
  [/Permission denied|Read-only file system/i, "Give this user read and write access to the file and its folder."],
  [/Is a directory/i, "`path` names a folder: name a file in it."],
  [
    /WAL/,
    "The write-ahead log beside the file cannot be read: restore both from one backup, or move the .wal away and lose what it holds.",
  ],
];

/** Literals are the only values a statement's text can hold. */
const withoutLiterals = (statement: string): string => statement.replace(/'(?:[^']|'')*'/g, "'…'").slice(0, 600);

/** What DuckDB threw, in our words and without the data it quotes. The original is not kept as cause, because it holds values. */
export function mapError(cause: unknown, statement?: string): MillraceError {
  const error = parse(cause);
  const absent = missing(error);
  if (absent) return absent;
  const probe = `${error.kind} ${error.message}`;
  const hint =
    HINTS.find(([pattern]) => pattern.test(probe))?.[1] ??
    "See the statement in the error's context; run it in DuckDB to look closer.";
  return new WarehouseFailed(
    `DuckDB: ${error.kind === "" ? "" : `${error.kind}: `}${scrub(error.kind, error.message)}`,
    {
      hint,
      context: statement === undefined ? {} : { statement: withoutLiterals(statement) },
    },
  );
}

/** Who holds the file, from DuckDB's own sentence; null if this is no lock conflict. */
export function lockHolder(cause: unknown): string | null {
  const { message } = parse(cause);
  if (!/Could not set lock on file|Conflicting lock|being used by another process/.test(message)) return null;
  const held = /Conflicting lock is held in (.+?) \(PID (\d+)\)/.exec(message);
  return held ? `${held[1]} (PID ${held[2]})` : "another process";
}
