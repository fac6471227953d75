/** One file that `millrace compile` writes. */
export interface CompiledFile {
  /** Below the dbt project's `models/millrace/`, with `/`, e.g. "segments/lapsing.sql". */
  readonly path: string;
  /** Without the header that marks it as compiled. */
  readonly text: string;
  /** The project file it was compiled from, for the header and for faults, e.g. "segments/lapsing.yml". */
  readonly from: string;
}

/** The folder of a dbt project that belongs to `compile`; files in it without its header are left alone. */
export const compiledFolder = "models/millrace";

const made = (from: string): string => `made by \`millrace compile\` from ${from}; change that file, not this one`;
const headed = /^(?:--|#) made by `millrace compile` from /;

/** The file as it stands on disk: a header in the comment style of its kind, then the text. */
export function compiledText({ path, from, text }: CompiledFile): string {
  const header = path.endsWith(".sql") ? `-- ${made(from)}` : `# ${made(from)}`;
  return `${header}\n${text.endsWith("\n") ? text : `${text}\n`}`;
}

export const isCompiled = (text: string): boolean => headed.test(text);
