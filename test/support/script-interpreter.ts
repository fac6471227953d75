/** Runs one statement of plain SQL and gives its rows. */
export type Ask = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** How variables are told from columns within a statement: by a colon (Snowflake), or by their names alone (BigQuery), where a column of that name wins. */
export type Variables = "colon" | "bare";

type Step =
  | { readonly kind: "sql"; readonly text: string }
  | { readonly kind: "set"; readonly name: string; readonly value: string }
  | { readonly kind: "while"; readonly condition: string; readonly body: readonly Step[] }
  | { readonly kind: "if"; readonly condition: string; readonly met: readonly Step[]; readonly unmet: readonly Step[] }
  | { readonly kind: "answer"; readonly value: string };

interface Script {
  /** name → the text of its default. */
  readonly declared: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

export interface Interpreted {
  readonly answer: unknown;
  /** Statements of SQL that ran, counts in conditions not among them. */
  readonly statements: number;
  /** Their names. */
  readonly variables: readonly string[];
}

/**
 * Runs a warehouse's script on an engine that has none: exactly the control flow that our scripts use (declare, set, while, if, and a last answer), and nothing
 * that it does not know. Statements reach the engine as they stand, variables replaced. No statement may hold a semicolon in a text.
 */
export async function interpret(text: string, variables: Variables, ask: Ask): Promise<Interpreted> {
  const { declared, steps } = parseScript(text, variables);
  const values = new Map<string, unknown>();
  let statements = 0;
  const filled = (sql: string, colon: "" | ":"): string => {
    const name = `\\b(${[...declared.keys()].join("|")})\\b`;
    const bare = new RegExp(`(?<![:.\\w'"])${name}(?!')`, "g");
    if (colon === "") return sql.replace(bare, (_, found: string) => literal(values.get(found)));
    if (bare.test(sql)) throw new Error(`a variable without its colon in: ${sql}`);
    return sql.replace(new RegExp(`:${name}`, "g"), (_, found: string) => literal(values.get(found)));
  };
  const evaluate = async (expression: string): Promise<unknown> =>
    Object.values((await ask(`select (${filled(expression, "")}) as value`))[0] ?? {})[0];
  const set = async (name: string, value: string): Promise<void> => {
    if (!declared.has(name)) throw new Error(`${name} is not declared`);
    values.set(name, await evaluate(value));
  };

  const run = async (each: readonly Step[]): Promise<unknown> => {
    let answer: unknown;
    for (const step of each) {
      if (step.kind === "set") await set(step.name, step.value);
      else if (step.kind === "answer") answer = await evaluate(step.value);
      else if (step.kind === "if") await run((await evaluate(step.condition)) === true ? step.met : step.unmet);
      else if (step.kind === "while") while ((await evaluate(step.condition)) === true) await run(step.body);
      else {
        statements += 1;
        await ask(filled(step.text, variables === "colon" ? ":" : ""));
      }
    }
    return answer;
  };

  for (const [name, value] of declared) await set(name, value);
  const answer = await run(steps);
  return { answer, statements, variables: [...declared.keys()] };
}

const literal = (value: unknown): string => (typeof value === "string" ? `'${value}'` : String(value));

function parseScript(text: string, variables: Variables): Script {
  const block = /^\s*execute immediate \$\$([\s\S]*)\$\$\s*$/.exec(text)?.[1];
  if ((block !== undefined) !== (variables === "colon"))
    throw new Error("Snowflake's script is a block in a string, BigQuery's is not");
  const parser = new Parser(block ?? text);
  const declared = new Map<string, string>();
  if (block !== undefined) parser.take(/declare\s/);
  const declaration =
    block === undefined ? /declare (\w+) \w+ default ([^;]+);/ : /(?!begin\b)(\w+) \w+ default ([^;]+);/;
  for (let found = parser.have(declaration); found !== null; found = parser.have(declaration))
    declared.set(found[1] ?? "", found[2] ?? "");
  if (block !== undefined) parser.take(/begin\s/);
  const steps = parser.steps(variables === "colon" ? /(\w+) := ([^;]+);/ : /set (\w+) = ([^;]+);/);
  if (block !== undefined) parser.take(/end;/);
  parser.end();
  return { declared, steps };
}

/** Reads a script from its beginning. */
class Parser {
  #rest: string;

  constructor(text: string) {
    this.#rest = text.trimStart();
  }

  /** What stands next, if it is this. */
  have(what: RegExp): RegExpExecArray | null {
    const found = new RegExp(`^(?:${what.source})`).exec(this.#rest);
    if (found !== null) this.#rest = this.#rest.slice(found[0].length).trimStart();
    return found;
  }

  take(what: RegExp): void {
    if (this.have(what) === null) throw new Error(`${what.source} expected at: ${this.#rest.slice(0, 80)}`);
  }

  end(): void {
    if (this.#rest !== "") throw new Error(`more than one script: ${this.#rest.slice(0, 80)}`);
  }

  /** Up to the end of the block. */
  steps(assignment: RegExp): Step[] {
    const steps: Step[] = [];
    while (this.#rest !== "" && !/^(end\b|else\b)/.test(this.#rest)) steps.push(this.#step(assignment));
    return steps;
  }

  #step(assignment: RegExp): Step {
    const loop = this.have(/while \(([\s\S]*?)\) do\s/);
    if (loop !== null) {
      const body = this.steps(assignment);
      this.take(/end while;/);
      return { kind: "while", condition: loop[1] ?? "", body };
    }
    const branch = this.have(/if \(([\s\S]*?)\) then\s/);
    if (branch !== null) {
      const met = this.steps(assignment);
      const unmet = this.have(/else\s/) === null ? [] : this.steps(assignment);
      this.take(/end if;/);
      return { kind: "if", condition: branch[1] ?? "", met, unmet };
    }
    const set = this.have(assignment);
    if (set !== null) return { kind: "set", name: set[1] ?? "", value: set[2] ?? "" };
    const answer = this.have(/(?:return|select) ([^;]+);/);
    if (answer !== null) return { kind: "answer", value: answer[1] ?? "" };
    const statement = this.have(/((?:create or replace|insert into) [^;]+);/);
    if (statement === null) throw new Error(`no statement that our scripts use: ${this.#rest.slice(0, 80)}`);
    return { kind: "sql", text: statement[1] ?? "" };
  }
}
