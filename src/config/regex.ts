/**
 * Why a regular expression would not mean the same on every warehouse; undefined: it does, as far as can be seen.
 * DuckDB and BigQuery have RE2 (https://github.com/google/re2/wiki/Syntax: no look-around, no backreferences); in Postgres \b is a
 * backspace (https://www.postgresql.org/docs/current/functions-matching.html).
 */
export function regexFault(pattern: string): string | undefined {
  if (pattern === "") return "the expression is empty";
  try {
    new RegExp(pattern, "u");
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message.replace(/^Invalid regular expression: /, "") : "";
    return `not a regular expression: ${why}`;
  }
  const bare = pattern.replaceAll("\\\\", "");
  if (/\(\?/.test(bare)) return "groups that begin with (? are not known everywhere";
  const odd = /\\([^dDsSwW.^$|?*+()[\]{}/-])/.exec(bare)?.[0];
  if (odd !== undefined) return `${odd} does not mean the same everywhere`;
  return undefined;
}
