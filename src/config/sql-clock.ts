/** A use of the machine's clock in a model. Lines and columns count from 1. */
export interface ClockUse {
  readonly line: number;
  readonly column: number;
  readonly word: string;
}

const clock = /\b(current_date|current_timestamp|now\s*\(\s*\))(?![\w$])/gi;

// Comments of SQL and Jinja, and texts: nothing in them runs.
const silent = /--[^\n]*|\/\*[\s\S]*?\*\/|\{#[\s\S]*?#\}|'(?:[^']|'')*'/g;

/** Where a model asks the machine for the time, so that a run that is resumed tomorrow would read other rows. */
export function clockUses(sql: string): ClockUse[] {
  const bare = sql.replace(silent, (text) => text.replace(/[^\n]/g, " "));
  return [...bare.matchAll(clock)].map((match) => {
    const before = bare.slice(0, match.index);
    const line = before.split("\n").length;
    const column = match.index - before.lastIndexOf("\n");
    return { line, column, word: match[0].replace(/\s/g, "").toLowerCase() };
  });
}
