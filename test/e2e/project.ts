import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { projectEngine } from "./project-engine.ts";

/** A project without dbt (its warehouse: see project-engine.ts), in a folder that the test leaves behind nothing of. */
export interface TinyProject {
  readonly dir: string;
  readonly warehouse: string;
  readonly store: string;
  write(path: string, text: string): void;
  read(path: string): string;
  /** Runs statements in the warehouse. */
  sql(...statements: readonly string[]): Promise<void>;
  query(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Makes `people` anew: id, email, name, score. */
  people(...rows: readonly Person[]): Promise<void>;
}

export interface Person {
  readonly id: string | null;
  readonly email?: string | null;
  readonly name?: string | null;
  readonly score?: string | null;
}

export const person = (n: number): Person => ({
  id: `c${n}`,
  email: `person${n}@example.com`,
  name: `Person Number ${n}`,
  score: `${n}0`,
});
export const persons = (from: number, to: number): Person[] =>
  Array.from({ length: to - from + 1 }, (_, i) => person(from + i));

export const millraceYml = (dir: string): string => `project: tiny
warehouse: ${projectEngine().yaml(dir)}
store: ./store.sqlite
accounts:
  hook: { connector: http, base_url: "\${HOOK_URL}" }
  files: { connector: file, path: ./out }
`;

/** YAML of a sync of `people` to the webhook; `more` is appended and `to` goes into its target's options. */
export const toHook = (
  name: string,
  o: { readonly mode?: string; readonly to?: string; readonly more?: string } = {},
): string =>
  `sync: ${name}
table: ${projectEngine().schema ?? "main"}.people
key: id
to: { account: hook, target: request${o.to ?? ""} }
mode: ${o.mode ?? "mirror"}
fields:
  email: email
  name: name
  score: { column: score, type: integer }
${o.more ?? ""}`;

export const toFile = (
  name: string,
  o: { readonly mode?: string; readonly target?: string; readonly path?: string; readonly more?: string } = {},
): string =>
  `sync: ${name}
table: ${projectEngine().schema ?? "main"}.people
key: id
to: { account: files, target: ${o.target ?? "csv"}, path: ${o.path ?? "people.csv"} }
mode: ${o.mode ?? "mirror"}
fields: { email: email, name: name }
${o.more ?? ""}`;

export function tinyProject(files: Readonly<Record<string, string>>): TinyProject {
  const dir = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const warehouse = join(dir, "warehouse.duckdb");
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  for (const [path, text] of Object.entries({ "millrace.yml": millraceYml(dir), ...files })) write(path, text);
  const sql = async (...statements: readonly string[]): Promise<void> => {
    await projectEngine().run(dir, async (run) => {
      for (const statement of statements) await run(statement);
    });
  };
  return {
    dir,
    warehouse,
    store: join(dir, "store.sqlite"),
    write,
    read: (path) => readFileSync(join(dir, path), "utf8"),
    sql,
    query: (statement) => projectEngine().run(dir, (run) => run(statement)),
    people: (...rows) =>
      sql(
        "drop table if exists people",
        "create table people (id varchar, email varchar, name varchar, score varchar)",
        ...rows.map(
          ({ id, email, name, score }) =>
            `insert into people values (${[id, email, name, score].map(literal).join(", ")})`,
        ),
      ),
  };
}

function literal(value: string | null | undefined): string {
  if (value === null || value === undefined) return "null";
  // NUL cannot stand in a statement's text.
  return `'${value.replaceAll("'", "''").replaceAll("\0", "' || chr(0) || '")}'`;
}
