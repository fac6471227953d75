import {
  ColumnMissing,
  GrantMissing,
  MillraceError,
  RelationMissing,
  WarehouseBusy,
  WarehouseFailed,
} from "../../core/errors.ts";
import { ourName } from "./names.ts";

interface ServerError {
  /** Snowflake's number as text, e.g. "002003", or the driver's, e.g. "401001"; "" where there is none. */
  readonly code: string;
  readonly sqlState: string;
  readonly message: string;
}

function parse(cause: unknown): ServerError {
  const read = (name: string): string => {
    const value: unknown = Object(cause) === cause ? Reflect.get(Object(cause), name) : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  return {
    code: read("code"),
    sqlState: read("sqlState"),
    message: cause instanceof Error ? cause.message : String(cause),
  };
}

/**
 * The session is gone: it expired, an administrator ended it, or its token did. What was under way was rolled back.
 * https://docs.snowflake.com/en/developer-guide/sql-api/reference and the driver's lib/constants/gs_errors.js
 */
const SESSION_GONE = new Set(["390104", "390108", "390109", "390110", "390111", "390112", "390113", "390114"]);

/** The driver's own codes for a network that gave way: lib/error_code.js */
const NETWORK = new Set(["401001", "401002", "402001", "402002"]);

/** What the driver says after a session was gone, or its token's renewal was refused: also of the statement that met it. */
const DISCONNECTED = "407002";

export const isSessionGone = (cause: unknown): boolean => SESSION_GONE.has(parse(cause).code);

/** The statement may or may not have reached the server. */
export function isConnectionLoss(cause: unknown): boolean {
  const { code } = parse(cause);
  return NETWORK.has(code) || /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH)/.test(code) || code === DISCONNECTED;
}

/**
 * The virtual warehouse is suspended and does not resume by itself; the statement did not run. 000608 (57P03) is "Warehouse '…'
 * is suspended. Use 'alter warehouse … resume;'", 000606 (57P03) "No active warehouse selected in the current session."
 * https://github.com/PostHog/posthog/pull/37608
 */
export const isSuspended = (cause: unknown): boolean =>
  /^00060[68]$/.test(parse(cause).code) || /warehouse .* (is )?suspended/i.test(parse(cause).message);

const named = (message: string): string | undefined => /'([^']+)'/.exec(message)?.[1];

/** "DB.MILLRACE.LEDGER__VIPS" → db.millrace.ledger__vips: as people write it. */
const asWritten = (path: string): string =>
  path
    .split(".")
    .map((part) => ourName(part.replace(/^"(.*)"$/, "$1")))
    .join(".");

function missing({ code, message }: ServerError): MillraceError | null {
  if (code === "002003" || code === "002043") {
    const relation = asWritten(named(message) ?? "it was asked for");
    return new RelationMissing(`The warehouse has no relation ${relation}, or this role may not see it.`, {
      hint: "Build it (millrace build), correct the name and the schema, or grant the role USAGE on database and schema and SELECT on it.",
      context: { relation },
    });
  }
  if (code !== "000904") return null;
  const column = asWritten(named(message) ?? "of that name");
  return new ColumnMissing(`The warehouse has no column ${column} where it was asked for.`, {
    hint: "Select it in the model, or correct its name in the sync.",
    context: { column },
  });
}

/**
 * The role may not: 003001 (SQLSTATE 42501, "Insufficient privileges to operate on …"), 003013 (42501, "Requested role … is not
 * assigned to the executing user"), 003041 (42710, "Schema … already exists, but current role has no privileges on it"). Snowflake
 * lists no codes; these stand in what its users report. What a role may not even see is 002003, as if it were not there.
 */
const DENIED = /^(003001|003013|003041)$/;

/**
 * A lock that was waited for in vain, a transaction that conflicted: nothing of the statement was kept. 000625 is, as users report
 * it, "the number of waiters for this lock exceeds the 20 statements limit":
 * https://resultant.com/blog/technology/overcoming-concurrent-write-limits-in-snowflake/
 */
const CONFLICT = /^(000625|000628|000635|200001)$/;

/**
 * What the pipeline tries again as a whole: an ended session's work was rolled back, a conflict's never began. A network that
 * gives way the driver has tried again already, for minutes and under the same request id.
 */
function againOf(cause: unknown): string | undefined {
  const { code } = parse(cause);
  if (SESSION_GONE.has(code) || code === DISCONNECTED) return "connection";
  if (CONFLICT.test(code)) return "conflict";
  return isConnectionLoss(cause) ? "unreachable" : undefined;
}

interface Known {
  readonly codes: RegExp;
  /** In place of the server's sentence; null: the server's, which quotes names only. */
  readonly sentence: string | null;
  readonly hint: string;
  readonly busy?: true;
}

/** By code. The server's sentences about data quote the data, so only those about names are passed on. */
const KNOWN: readonly Known[] = [
  {
    codes: /^(39010[0-3]|390144|39014[5-9]|39019[0-9]|390422)$/,
    sentence: "it refuses the login",
    hint: "Check account, user, role and private_key in `warehouse:`; the user needs the public key (alter user … set rsa_public_key), and a network policy may keep this machine out.",
  },
  {
    codes: /^(390303|390318|390317|390195)$/,
    sentence: "the OAuth token has expired or is not accepted",
    hint: "Let `oauth_token: {command: […]}` fetch a fresh one for every run, or use key-pair authentication.",
  },
  {
    // 000606 is "No active warehouse selected": what a role meets, too, that may not use the warehouse it names.
    codes: /^00060[68]$/,
    sentence: "the virtual warehouse is suspended and did not resume, or this role may not use it",
    hint: "alter warehouse … set auto_resume = true, or grant the role OPERATE on it so that Millrace can resume it; and USAGE on it (`millrace grants`). Is `warehouse:` in `warehouse:` its name?",
  },
  {
    // Not busy: nobody is about to let go of it. "Warehouse … cannot be resumed because resource monitor … has exceeded its quota."
    codes: /^090073$/,
    sentence: "a resource monitor's quota is used up",
    hint: "Raise the quota or wait for its next period; then run it again: `millrace resume` goes on from what was recorded.",
  },
  {
    codes: /^(000604|000627)$/,
    sentence: "the statement was cancelled",
    hint: "Ask who cancelled it; then run it again, or `millrace resume` goes on from what was recorded.",
  },
  {
    codes: /^(000630|000603)$/,
    sentence: "the statement took longer than its time limit, or failed inside the server",
    hint: "Raise `statement_timeout` (or the warehouse's), or take a larger virtual warehouse.",
  },
  {
    codes: CONFLICT,
    sentence: "another program holds a lock on the table, or changed the same rows",
    hint: "Nothing of the statement was kept. Run it again; `millrace resume` goes on from what was recorded.",
    busy: true,
  },
  {
    codes: /^(1000\d\d|100\d{3})$/,
    sentence: "a value cannot be read as its type, or does not fit",
    hint: "Look at the model: a view that casts, or a check.",
  },
  {
    codes: /^(001\d{3}|002\d{3}|000\d{3})$/,
    sentence: null,
    hint: "See the statement in the error's context; run it in a worksheet to look closer.",
  },
];

/** Sentences that name objects may also quote what stood in the statement's literals. */
const withoutQuotes = (message: string): string =>
  message
    .replace(/^\d{6} \([0-9A-Z]{5}\):\s*/, "")
    .replace(/'[^']*'|"[^"]*@[^"]*"|'[\s\S]*$/g, "'…'")
    .replace(/\s+/g, " ")
    .slice(0, 300);

/** As `withoutQuotes`, but names of objects stay: what is missing must be told. */
const namesOnly = (message: string): string =>
  message
    .replace(/^\d{6} \([0-9A-Z]{5}\):\s*/, "")
    .replace(/'([^']*)'/g, (all, name: string) => (/^[\w$."]+$/.test(name) ? all : "'…'"))
    .replace(/\s+/g, " ")
    .slice(0, 300);

/** Literals are the only values a statement's text can hold. */
const withoutLiterals = (statement: string): string => statement.replace(/'(?:[^'\\]|''|\\.)*'/gs, "'…'").slice(0, 600);

/** What the driver threw, in our words and without the data it quotes. The original is not kept as cause, because it holds values. */
export function mapError(cause: unknown, place: string, statement?: string): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const error = parse(cause);
  const { code, sqlState, message } = error;
  const absent = missing(error);
  if (absent !== null) return absent;
  const again = againOf(cause);
  const context = {
    ...(code === "" ? {} : { code }),
    ...(again === undefined ? {} : { again }),
    ...(sqlState === "" ? {} : { sqlstate: sqlState }),
    ...(statement === undefined ? {} : { statement: withoutLiterals(statement) }),
  };
  if (SESSION_GONE.has(code) || code === DISCONNECTED) {
    return new WarehouseFailed(`Snowflake ${place} ended the session (${code}).`, {
      hint: "It expired or an administrator ended it: run it again, or `millrace resume` goes on from what was recorded.",
      context,
    });
  }
  if (isConnectionLoss(cause)) {
    return new WarehouseFailed(`The connection to Snowflake ${place} was cut, or cannot be made.`, {
      hint: "Check account and network; then run it again, or `millrace resume` goes on from what was recorded.",
      context,
    });
  }
  if (DENIED.test(code)) {
    return new GrantMissing(`Snowflake ${place}: ${namesOnly(message)} (${code}).`, {
      hint: "`millrace grants` prints what the role needs: USAGE on warehouse, database and schemas, SELECT on the models, and a schema of its own. A dbt run that rebuilds a table drops its grants unless `copy_grants`, dbt's `grants:` or future grants give them again.",
      context,
    });
  }
  const known = KNOWN.find(({ codes }) => codes.test(code));
  if (known === undefined) {
    return new WarehouseFailed(`Snowflake ${place}: ${code === "" ? withoutQuotes(message) : `error ${code}`}.`, {
      hint: "See the statement in the error's context; run it in a worksheet to look closer.",
      context,
    });
  }
  const sentence = known.sentence ?? withoutQuotes(message);
  const make = known.busy ? WarehouseBusy : WarehouseFailed;
  return new make(`Snowflake ${place}: ${sentence} (${code}).`, { hint: known.hint, context });
}
