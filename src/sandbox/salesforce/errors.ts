import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

/** What is wrong with one row. Salesforce answers it within a 200 in collections, and as the whole answer for single rows. */
export interface RowError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
}

/** A fault that makes Salesforce refuse the whole request with 400, whichever row it is in. */
export interface RequestFault {
  readonly errorCode: string;
  readonly message: string;
}

export function rowError(statusCode: string, message: string, fields: readonly string[] = []): RowError {
  return { statusCode, message, fields };
}

/** `[{message, errorCode}]`: https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html */
export function fault(status: number, errorCode: string, message: string): Answer {
  return json(status, [{ message, errorCode }]);
}

/** The request broke the API's own rules. */
export function breach(status: number, errorCode: string, message: string): Answer {
  return violated(fault(status, errorCode, message), message);
}

/** A single row's errors as an answer. */
export function rowFault(errors: readonly RowError[], rows: Readonly<Record<string, readonly string[]>> = {}): Answer {
  const body = errors.map(({ message, statusCode, fields }) => ({ message, errorCode: statusCode, fields }));
  return json(400, body, { rows });
}

export function notFound(): Answer {
  return fault(404, "NOT_FOUND", "The requested resource does not exist");
}
