import type { Bind, Column, Connection, ConnectionOptions, RowStatement } from "snowflake-sdk";

/** What a statement gave, before its cells are read. */
export interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A statement on its way. */
export interface Running<T> {
  readonly done: Promise<T>;
  cancel(): void;
}

/** Loading the driver takes a third of a second, so only who uses it pays. */
async function driver() {
  const { default: snowflake } = await import("snowflake-sdk");
  // Otherwise it writes snowflake.log into whatever folder we are in.
  snowflake.configure({ logLevel: "OFF", additionalLogToConsole: false });
  return snowflake;
}

/** Logs in: one request. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const connection = (await driver()).createConnection(options);
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

/** Logs out; ends what the session still runs. Never fails: the session may be gone already. */
export function closeConnection(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.destroy(() => resolve());
  });
}

/** One statement, all its rows. */
export function run(connection: Connection, sqlText: string, binds: readonly Bind[]): Running<Answer> {
  const { started, running } = send(connection, sqlText, binds, false);
  return { ...running, done: started.then(({ statement, rows }) => ({ columns: columnsOf(statement), rows })) };
}

/**
 * Several statements in one request; what comes back are the rows of the last, or with `none` nothing that is worth waiting for:
 * the answers are fetched one by one. It stops at the first statement that fails.
 */
export function runScript(connection: Connection, texts: readonly string[], answer: "last" | "none"): Running<Answer> {
  const done = Promise.withResolvers<Answer>();
  const statement = connection.execute({
    sqlText: texts.join(";\n"),
    parameters: { MULTI_STATEMENT_COUNT: texts.length },
    streamResult: false,
    fetchAsString: ["Number"],
    complete: (error, finished, rows) => {
      if (error) return done.reject(error);
      if (answer === "last" && nextResult(finished)) return;
      done.resolve({ columns: columnsOf(finished), rows: rows ?? [] });
    },
  });
  return { done: done.promise, cancel: () => statement.cancel(() => undefined) };
}

/** Asks for the answer of a script's next statement; false: this was the last. The driver's types do not mention it. */
function nextResult(statement: RowStatement): boolean {
  const call = (name: string): unknown => {
    const method: unknown = Reflect.get(statement, name);
    return typeof method === "function" ? method.call(statement) : false;
  };
  if (call("hasNext") !== true) return false;
  call("NextResult");
  return true;
}

/** One statement whose rows are fetched while they are read. */
export function open(connection: Connection, sqlText: string, binds: readonly Bind[]): Running<RowStatement> {
  const { started, running } = send(connection, sqlText, binds, true);
  return { ...running, done: started.then(({ statement }) => statement) };
}

/** PUT has no columns before its files are sent. */
export const columnsOf = (statement: RowStatement): readonly Column[] => statement.getColumns() ?? [];

function send(connection: Connection, sqlText: string, binds: readonly Bind[], streamResult: boolean) {
  const started = Promise.withResolvers<{ statement: RowStatement; rows: readonly (readonly unknown[])[] }>();
  const statement = connection.execute({
    sqlText,
    ...(binds.length === 0 ? {} : { binds }),
    streamResult,
    // Numbers as the server writes them: a JavaScript number has 53 bits, NUMBER has 38 digits.
    fetchAsString: ["Number"],
    complete: (error, finished, rows) =>
      error ? started.reject(error) : started.resolve({ statement: finished, rows: rows ?? [] }),
  });
  return { started: started.promise, running: { cancel: () => statement.cancel(() => undefined) } };
}
