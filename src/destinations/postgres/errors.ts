import { AuthFailed, BatchRefused, OutcomeUnknown, TargetInvalid, Unavailable } from "../../core/delivery-errors.ts";
import { MillraceError } from "../../core/errors.ts";

/** How far the transaction was when it broke: before its COMMIT left, nothing of it can be applied. */
export type Progress = "open" | "committing";

/**
 * SQLSTATEs that a row's values cause, in our words: Postgres' own message and detail quote the values.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const rowReasons: Readonly<Record<string, string>> = {
  "22001": "a text is too long for its column",
  "22003": "a number is out of its column's range",
  "22007": "a date or time is not valid",
  "22008": "a date or time is out of range",
  "22021": "a text holds a character that the database cannot store, such as NUL",
  "22P02": "a value does not have its column's type",
  "22P05": "a JSON text holds a character that the database cannot store, such as NUL",
  "23502": "a column that may not be empty is empty",
  "23503": "a row of another table that this one refers to is missing",
  "23505": "another row already has a value that must be unique",
  "23514": "a check constraint refuses the row",
  "23P01": "an exclusion constraint refuses the row",
  "21000": "two rows of one batch mean the same record",
  P0001: "a trigger or function refuses the row",
};

/** Every Postgres or network failure as one of the delivery errors; messages name tables and columns, never values. */
export function postgresTrouble(error: unknown, progress: Progress, host: string): Error {
  if (error instanceof MillraceError || !fromDatabase(error))
    return error instanceof Error ? error : new Error("unknown");
  const { code, column, constraint, table } = partsOf(error);
  const context = { sqlstate: code, ...named({ column, constraint, table }) };
  if (progress === "committing" && !refusesCommit(code)) {
    return new OutcomeUnknown(`the connection to Postgres at ${host} ended during the commit`, {
      hint: "The delivery looks again: writing the same rows again has the same effect.",
      context,
    });
  }
  const where = [column && `column ${column}`, constraint && `constraint ${constraint}`].filter(Boolean).join(", ");
  const reason = rowReasons[code];
  if (reason !== undefined || /^2[23]/.test(code)) {
    const message = `${reason ?? "Postgres refuses the row"} (SQLSTATE ${code}${where === "" ? "" : `, ${where}`})`;
    return new BatchRefused(message, { hint: "Mend the row in its model, or the mapping.", context, reason: code });
  }
  if (code === "28P01" || code === "28000") {
    return new AuthFailed(`Postgres at ${host} refuses the user or password`, {
      hint: "Check user and password of the account, and the server's pg_hba.conf.",
      context,
    });
  }
  if (code === "42501") {
    return new AuthFailed(`the Postgres user may not do this${named({ table }).table ? ` to ${table}` : ""}`, {
      hint: "Grant usage on the schema and select, insert, update, delete on the table.",
      context,
    });
  }
  if (code === "42P10") {
    return new TargetInvalid("the table has no unique index on exactly the columns of `match`", {
      hint: "Create one: create unique index on <table> (<columns of match>).",
      context,
    });
  }
  if (/^(42|3D|3F|0A|25006)/.test(code)) {
    return new TargetInvalid(`${targetReasons[code] ?? "Postgres cannot run this on the table"} (SQLSTATE ${code})`, {
      hint: "Compare `to:` and the fields of the sync with the table in the database.",
      context,
    });
  }
  return new Unavailable(`Postgres at ${host} could not take the batch (${code})`, {
    hint: "Nothing of the batch was applied; the delivery tries again. Check that the server runs and has room.",
    context,
  });
}

const targetReasons: Readonly<Record<string, string>> = {
  "42P01": "there is no such table",
  "42703": "the table has no such column",
  "3F000": "there is no such schema",
  "3D000": "there is no such database",
  "428C9": "a column is generated and cannot be written",
  "42804": "a column's type does not take such values",
  "25006": "the database is read-only",
};

/** The driver's own errors about a lost connection have no code; whatever else has none is a defect and stays what it is. */
function fromDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return typeof Reflect.get(error, "code") === "string" || /connection|connect|terminated/i.test(error.message);
}

/**
 * An answer to COMMIT that says it did not happen. A lost connection does not, nor does a shutdown (57P01): it may end the
 * wait for a replica after the commit. Source: https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
 */
const refusesCommit = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P|40003)/.test(code);

interface Parts {
  readonly code: string;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;
}

function partsOf(error: unknown): Parts {
  const read = (name: string): string | undefined => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    code: read("code") ?? "CONNECTION_LOST",
    column: read("column"),
    constraint: read("constraint"),
    table: read("table"),
  };
}

function named(parts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
