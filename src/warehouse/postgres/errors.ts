import {
  ColumnMissing,
  GrantMissing,
  MillraceError,
  RelationMissing,
  WarehouseBusy,
  WarehouseFailed,
} from "../../core/errors.ts";

interface ServerError {
  /** SQLSTATE, Node's own (ECONNREFUSED), or "" where the driver only has words. */
  readonly code: string;
  readonly message: string;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;
}

function parse(cause: unknown): ServerError {
  const read = (name: string): string | undefined => {
    const value: unknown = cause instanceof Error ? Reflect.get(cause, name) : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const message = cause instanceof Error ? cause.message : String(cause);
  return {
    code: read("code") ?? "",
    message,
    column: read("column"),
    constraint: read("constraint"),
    table: read("table"),
  };
}

/** The connection is gone, or never was: what ran on it was undone, unless it was a COMMIT. */
export function isConnectionLoss(cause: unknown): boolean {
  const { code, message } = parse(cause);
  if (/^(08|57P0[123])/.test(code)) return true;
  if (/^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH)/.test(code)) return true;
  return code === "" && /connection|not queryable|terminated|socket/i.test(message);
}

/** The name that a server's sentence quotes, whatever its language: "x", «x», »x«, „x“ or unquoted before "does not". */
const named = (message: string): string | undefined =>
  /["«»„“](.+?)["«»“”]/.exec(message)?.[1] ?? /^\S+ (\S+) does not exist/.exec(message)?.[1];

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const RELATION_CODES = new Set(["42P01", "3F000"]);

function missing({ code, message, column }: ServerError): MillraceError | null {
  if (RELATION_CODES.has(code)) {
    const relation = named(message) ?? "it was asked for";
    return new RelationMissing(`The warehouse has no relation ${relation}.`, {
      hint: "Build it (millrace build), or correct the name and the schema.",
      context: { relation },
    });
  }
  if (code !== "42703") return null;
  const absent = column ?? named(message) ?? "of that name";
  return new ColumnMissing(`The warehouse has no column ${absent} where it was asked for.`, {
    hint: "Select it in the model, or correct its name in the sync.",
    context: { column: absent },
  });
}

/** Sentence and hint by SQLSTATE, the longest match first. The server's own sentences about data quote the data. */
const KNOWN: readonly (readonly [code: string, sentence: string | null, hint: string])[] = [
  ["28P01", "it refuses the user or password", "Check user and password in `warehouse: {url}`."],
  [
    "28",
    "it refuses this user from here",
    "Check the user, the server's pg_hba.conf, and whether it wants `ssl: require`.",
  ],
  ["3D000", "there is no such database", "Correct the database in `warehouse: {url}`."],
  ["57014", "the statement was cancelled", "Raise `statement_timeout`, or ask who cancelled it; then run it again."],
  [
    "57P0",
    "the server ended the connection",
    "It was shut down or an administrator ended the session: run it again, or `millrace resume` goes on from what was recorded.",
  ],
  ["25006", "the database is read-only", "Connect to the primary, not to a replica."],
  ["53100", "the disk is full", "Free space on the server."],
  [
    "53400",
    "a limit that its settings set is reached",
    "Raise `work_mem` in `warehouse:`, so that less is written to disk, or the server's `temp_file_limit`.",
  ],
  ["53", "it has no room for this now", "See the server's log; memory, disk or connections ran out."],
  ["54", null, "The statement is larger than Postgres takes: map fewer fields in one sync."],
  ["22", "a value cannot be read as its type, or does not fit", "Look at the model: a view that casts, or a check."],
  ["23", "a constraint refuses a row", "Take constraints and triggers off Millrace's own tables."],
  [
    "2BP01",
    "other objects depend on it",
    "Drop the views that were made over Millrace's tables, or make them over the ledger only.",
  ],
  ["P0001", "a function or trigger of the database refused it", "Look at the functions that the model uses."],
  ["0A000", null, "This Postgres cannot do it; Millrace needs version 14 or later."],
];

const BUSY: Readonly<Record<string, string>> = {
  "53300": "it has no connection left",
  "55P03": "somebody holds a lock",
  "40P01": "two programs waited for each other",
  "40001": "another program changed the same rows",
  "57P03": "it is starting up or shutting down",
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Start the server, or correct host and port in `warehouse: {url}`.",
  ENOTFOUND: "Correct the host in `warehouse: {url}`.",
  EAI_AGAIN: "The host's name cannot be looked up: check the network.",
};

/** See commands/pipeline/through-cuts.ts. */
function againOf(cause: unknown, code: string): "connection" | "conflict" | "unreachable" | undefined {
  if (code === "40P01" || code === "40001") return "conflict";
  if (code in UNREACHABLE || code === "57P03") return "unreachable";
  return isConnectionLoss(cause) ? "connection" : undefined;
}

/** Class 42 quotes names, never the data; what it quotes of the statement may hold a value. */
const namesOnly = (message: string): string => message.replace(/'[\s\S]*'|'[\s\S]*$/g, "'…'").slice(0, 300);

/** Literals are the only values a statement's text can hold. */
const withoutLiterals = (statement: string): string => statement.replace(/'(?:[^']|'')*'/g, "'…'").slice(0, 600);

/** What the driver threw, in our words and without the data it quotes. The original is not kept as cause, because it holds values. */
export function mapError(cause: unknown, place: string, statement?: string): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const error = parse(cause);
  const { code, message } = error;
  const absent = missing(error);
  if (absent !== null) return absent;
  const context: Record<string, string> = {
    ...(code === "" ? {} : { sqlstate: code }),
    ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
    ...(error.table === undefined ? {} : { table: error.table }),
    ...(statement === undefined ? {} : { statement: withoutLiterals(statement) }),
  };
  const again = againOf(cause, code);
  if (again !== undefined) context.again = again;
  if (code === "42501") {
    return new GrantMissing(`Postgres at ${place}: ${namesOnly(message)} (SQLSTATE ${code}).`, {
      hint: "`millrace grants` prints what this user needs, and `millrace check --connect` says what it lacks. A dbt run that rebuilds a table drops its grants.",
      context,
    });
  }
  const busy = BUSY[code];
  if (busy !== undefined) {
    return new WarehouseBusy(`Postgres at ${place}: ${busy} (SQLSTATE ${code}).`, {
      hint: "Nothing of the statement was kept. Run it again; `millrace resume` goes on from what was recorded.",
      context,
    });
  }
  const known = KNOWN.filter(([prefix]) => code.startsWith(prefix)).toSorted(([a], [b]) => b.length - a.length)[0];
  if (known !== undefined) {
    const [, sentence, hint] = known;
    return new WarehouseFailed(`Postgres at ${place}: ${sentence ?? namesOnly(message)} (SQLSTATE ${code}).`, {
      hint,
      context,
    });
  }
  const unreachable = UNREACHABLE[code];
  if (unreachable !== undefined) {
    return new WarehouseFailed(`Postgres at ${place} cannot be reached (${code}).`, { hint: unreachable, context });
  }
  if (code === "" && /SSL/.test(message)) {
    return new WarehouseFailed(`Postgres at ${place} does not speak SSL.`, {
      hint: "Leave `ssl:` out, or switch SSL on in the server.",
      context,
    });
  }
  if (isConnectionLoss(cause)) {
    return new WarehouseFailed(`The connection to Postgres at ${place} was cut.`, {
      hint: "Run it again, or `millrace resume` goes on from what was recorded.",
      context,
    });
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new WarehouseFailed(`The certificate of Postgres at ${place} is for another host (${code}).`, {
      hint: "Write the host as the certificate names it, or set `ssl: verify-ca`, which does not look at the name.",
      context,
    });
  }
  if (/^(ERR_TLS|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_)/.test(code)) {
    const expired = /EXPIRED|NOT_YET/.test(code);
    return new WarehouseFailed(
      `The certificate of Postgres at ${place} is ${expired ? "out of date" : "not trusted"} (${code}).`,
      {
        hint: expired
          ? "Renew the server's certificate, or set the clock right."
          : "Name the certificates of the authority that issued it in `ssl_root_cert`.",
        context,
      },
    );
  }
  const sentence = code.startsWith("42") ? `${namesOnly(message)} ` : "";
  return new WarehouseFailed(
    `Postgres at ${place}: ${sentence}(${code === "" ? "unknown error" : `SQLSTATE ${code}`}).`,
    {
      hint: "See the statement in the error's context; run it in psql to look closer.",
      context,
    },
  );
}
