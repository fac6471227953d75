import { z } from "zod";
import { AuthFailed, BatchRefused, type DeliveryError, TargetInvalid } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";

export interface ApiError {
  /** In lower case, such as 0x80060891; "" if there is none. */
  readonly code: string;
  /** The column of a message that says a property does not exist. */
  readonly column: string | null;
}

const body = z.object({ error: z.object({ code: z.string().nullish(), message: z.string().nullish() }) });

/** https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors */
export function readError(raw: unknown): ApiError {
  const read = body.safeParse(raw);
  if (!read.success) return { code: "", column: null };
  const { code, message } = read.data.error;
  const column = /property '([A-Za-z_]\w{0,99})' does not exist/i.exec(message ?? "")?.[1] ?? null;
  return { code: /^0x[0-9a-f]{8}$/i.test(code ?? "") ? (code ?? "").toLowerCase() : "", column };
}

/** https://learn.microsoft.com/en-us/power-apps/developer/data-platform/reference/web-service-error-codes */
const known: Readonly<Record<string, readonly [code: string, meaning: string]>> = {
  "0x80040217": ["NOT_FOUND", "the row is not there"],
  "0x80060891": ["NOT_FOUND", "no row has this key"],
  "0x80040237": ["DUPLICATE_RECORD", "another row has the value of a key"],
  "0x80040333": ["DUPLICATE_DETECTED", "a duplicate detection rule found a row like it"],
  "0x80040220": ["PRIVILEGE_DENIED", "the application user's role lacks a privilege"],
  "0x80044331": ["TEXT_TOO_LONG", "a text is longer than its column"],
  "0x80048d19": ["INVALID_PAYLOAD", "a value does not fit its column"],
  "0x80072321": ["TOO_MUCH_WORK", "a service protection limit was reached"],
  "0x80072322": ["TOO_MANY_REQUESTS", "a service protection limit was reached"],
  "0x80072326": ["TOO_MANY_AT_ONCE", "a service protection limit was reached"],
};

const codeOf = (error: ApiError, status: number): string =>
  known[error.code]?.[0] ?? (error.code === "" ? `HTTP_${status}` : `DATAVERSE_${error.code.slice(2).toUpperCase()}`);

/** Does the answer say that the row is not there, as opposed to the table? */
export function saysGone(status: number, error: ApiError): boolean {
  return status === 404 && known[error.code]?.[0] === "NOT_FOUND";
}

/** The fate of a row whose request in the batch was refused. Dataverse's sentence may quote values and is not shown. */
export function refusal(status: number, error: ApiError): RowFate {
  const code = codeOf(error, status);
  const message = known[error.code]?.[1] ?? `Dataverse answered ${status} for this row`;
  const final =
    status === 400 || status === 403 || status === 409 || status === 412 || status === 413 || status === 422;
  return final ? { status: "rejected", code, message } : { status: "retry", code, message };
}

/** A fault of the whole target, told by every row alike. */
export function targetFault(status: number, error: ApiError, table: string): DeliveryError | null {
  if (error.column !== null) {
    return new TargetInvalid(`Dataverse: the table ${table} has no column ${error.column}`, {
      hint: "Columns go by logical names in lower case; lookups are written as <navigation property>@odata.bind.",
      context: { status, column: error.column },
    });
  }
  if (status === 404 && error.code === "0x80060888") {
    return new TargetInvalid(`Dataverse has no table ${table}, or no such alternate key on it`, {
      hint: "Name the entity set (contacts, cr1_things), and an alternate key that is active.",
      context: { status },
    });
  }
  return null;
}

/** Errors of a whole request; 401, 429 and 5xx are the HTTP client's. */
export function requestError(status: number, raw: unknown): DeliveryError | undefined {
  const error = readError(raw);
  const code = codeOf(error, status);
  const context = { status, code };
  if (status === 403) return roleMissing(status, code);
  if (status === 404) {
    return new TargetInvalid(`Dataverse answered 404 ${code}`, {
      hint: "Check base_url, api_version and the names in `to:`.",
      context,
    });
  }
  if (status === 400 || status === 409 || status === 412 || status === 413 || status === 422) {
    return new BatchRefused(`Dataverse answered ${status} ${code}`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context,
      reason: code,
    });
  }
  return undefined;
}

export function roleMissing(status: number, code: string): AuthFailed {
  return new AuthFailed(`Dataverse answered ${status} ${code}`, {
    hint: "Add the app as an application user of the environment, with a security role that may read, create, write, append and delete rows of the table.",
    context: { status, code },
  });
}
