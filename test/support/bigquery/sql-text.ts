// Reading statements as text, for what the emulator cannot do by itself.

/** dbt writes who asks before each statement. */
const LEADING = /^(?:\s|\/\*[\s\S]*?\*\/|--[^\n]*(?:\n|$))+/;

/** Statements of a script, without comments before them; a semicolon in a literal or a quoted name ends nothing. */
export function statementsOf(script: string): string[] {
  const parts: string[] = [];
  let current = "";
  for (const token of script.match(
    /r'[^'\n]*'|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^;'"`/-]+|[\s\S]/g,
  ) ?? []) {
    if (token !== ";") {
      current += token;
      continue;
    }
    parts.push(current);
    current = "";
  }
  parts.push(current);
  return parts.map((part) => part.replace(LEADING, "").trim()).filter((part) => part !== "");
}

/** A table, by itself or with its dataset and project. */
export const NAME = "((?:`[^`]+`|[\\w-]+)(?:\\.(?:`[^`]+`|[\\w-]+))*)";
export const pattern = (words: string) => new RegExp(`^\\s*(?:/\\*[\\s\\S]*?\\*/\\s*)*${words}\\s*${NAME}`, "i");
const CREATE = pattern("create\\s+(or\\s+replace\\s+)?(?:table|view)\\s+(if\\s+not\\s+exists\\s+)?");
const WRITE = pattern("(?:insert(?:\\s+into)?|update|delete(?:\\s+from)?|merge(?:\\s+into)?|truncate\\s+table)\\s");

export interface Path {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** `p`.`d`.`t`, `p.d.t`, d.t or t */
export function pathOf(name: string, project: string, dataset: string | undefined): Path {
  const parts = name.replaceAll("`", "").split(".");
  return {
    projectId: parts.at(-3) ?? project,
    datasetId: parts.at(-2) ?? dataset ?? "",
    tableId: parts.at(-1) ?? "",
  };
}

export function createdBy(
  statement: string,
): { readonly name: string; readonly replace: boolean; readonly ifMissing: boolean } | null {
  const found = CREATE.exec(statement);
  return found === null
    ? null
    : { name: found[3] ?? "", replace: found[1] !== undefined, ifMissing: found[2] !== undefined };
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2: statementType */
export function kindOf(statement: string): string {
  const text = statement.replace(/^(\s|\/\*[\s\S]*?\*\/|--[^\n]*)+/, "");
  const [, verb = "", what = ""] =
    /^(\w+)(?:\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(\w+))?/i.exec(text)?.map((word) => word?.toUpperCase()) ??
    [];
  if (verb === "CREATE")
    return what === "TABLE" && /\bas\s*\(?\s*(select|with)\b/i.test(text) ? "CREATE_TABLE_AS_SELECT" : `CREATE_${what}`;
  if (verb === "DROP" || verb === "ALTER") return `${verb}_${what}`;
  return ["INSERT", "UPDATE", "DELETE", "MERGE"].includes(verb) ? verb : "SELECT";
}

export const writtenBy = (statement: string): string | null => WRITE.exec(statement)?.[1] ?? null;

const WRITTEN =
  /^(\s*(?:create\s+(?:or\s+replace\s+)?(?:table|view)|drop\s+(?:table|view))\s+(?:if\s+(?:not\s+)?exists\s+)?|\s*(?:insert\s+into|update|delete\s+from)\s+)(?!if\s)([\w-]+)(?=[\s(;]|$)/i;

/** The table that a statement makes, drops or changes, in the default dataset if it names none: the emulator does so only for what is read. */
export const inDataset = (statement: string, dataset: string): string =>
  statement.replace(WRITTEN, (_, before: string, name: string) => `${before}\`${dataset}\`.${name}`);

/** Temporary tables become tables of the session's own dataset. */
export const inSession = (statement: string, dataset: string): string =>
  statement
    .replace(
      /^(\s*create\s+(?:or\s+replace\s+)?)temp(?:orary)?(\s+table\s+(?:if\s+not\s+exists\s+)?)/i,
      `$1$2\`${dataset}\`.`,
    )
    .replace(/\b_SESSION\b/g, `\`${dataset}\``);

export const makesTemporary = (statement: string): boolean =>
  /^\s*create\s+(?:or\s+replace\s+)?temp(?:orary)?\s+table\b/i.test(statement);
export const isBegin = (statement: string): boolean => /^begin(\s+transaction)?$/i.test(statement);
export const isCommit = (statement: string): boolean => /^commit(\s+transaction)?$/i.test(statement);
export const isRollback = (statement: string): boolean => /^rollback(\s+transaction)?$/i.test(statement);
export const endsSession = (statement: string): boolean => /^call\s+bq\.abort_session\b/i.test(statement);
export const isControl = (statement: string): boolean =>
  isBegin(statement) || isCommit(statement) || isRollback(statement) || endsSession(statement);
