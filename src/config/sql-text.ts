/** What is wrong with a piece of SQL that is to stand inside a query, as far as that can be told on any engine. */
export function sqlTextFault(text: string): { readonly message: string; readonly mend: string } | undefined {
  const bare = text.replace(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g, " x ");
  if (text.trim() === "") return { message: "it is empty", mend: "write SQL" };
  if (/\{[{%#]|[}%#]\}/.test(bare)) return { message: "a brace of dbt's is open", mend: "close it" };
  // In one engine a backslash in a text keeps its quote open, in another it is a sign like others.
  const readings = [/'(?:[^']|'')*'/g, /'(?:[^'\\]|\\[\s\S]|'')*'/g].map((texts) => outside(bare, texts));
  const [first] = readings;
  return readings.every((fault) => fault !== undefined) ? first : undefined;
}

function outside(sql: string, texts: RegExp): { readonly message: string; readonly mend: string } | undefined {
  const silent = new RegExp(`(${texts.source}|"(?:[^"]|"")*"|\`[^\`]*\`|/\\*[\\s\\S]*?\\*/|--[^\\n]*(?:\\n|$))`, "g");
  // What follows the text would belong to the comment.
  const ends = (sql.match(silent) ?? []).at(-1);
  if (ends?.startsWith("--") && !ends.endsWith("\n") && sql.endsWith(ends))
    return {
      message: "it ends in a comment, which what follows would belong to",
      mend: "write it as /* … */, or leave it out",
    };
  const rest = sql.replace(silent, " ");
  if (/['"`]/.test(rest)) return { message: "a quote is open", mend: "close it" };
  if (rest.includes(";")) return { message: "it is more than one expression", mend: "leave the semicolon out" };
  let depth = 0;
  for (const [bracket] of rest.matchAll(/[()]/g)) {
    depth += bracket === "(" ? 1 : -1;
    if (depth < 0) break;
  }
  if (depth > 0) return { message: "a bracket is open", mend: "close it" };
  if (depth < 0) return { message: "it closes a bracket that it did not open", mend: "leave it out, or open it" };
  return undefined;
}
