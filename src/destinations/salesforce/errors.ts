import { z } from "zod";
import {
  AuthFailed,
  BatchRefused,
  type DeliveryError,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";

/** One entry of `errors[]` (collections say statusCode, some clients and answers errorCode) or one parsed sf__Error. */
export interface RecordError {
  readonly code: string;
  /** The platform's sentence. It may quote values, so it is read but never shown. */
  readonly message: string;
  readonly fields: readonly string[];
}

const unreadable = "UNKNOWN_ERROR";

const rawError = z.object({
  statusCode: z.string().optional(),
  errorCode: z.string().optional(),
  message: z.string().optional(),
  fields: z.array(z.string()).nullish(),
});

/**
 * Conditions that pass by themselves; everything else is final for the row as it is.
 * https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm (StatusCode);
 * UNABLE_TO_LOCK_ROW also in Census's notes: https://docs.getcensus.com/destinations/salesforce
 */
const transient: ReadonlySet<string> = new Set([
  "UNABLE_TO_LOCK_ROW",
  "SERVER_UNAVAILABLE",
  "REQUEST_RUNNING_TOO_LONG",
  "TOO_MANY_APEX_REQUESTS",
  "ALL_OR_NONE_OPERATION_ROLLED_BACK",
  "PROCESSING_HALTED",
  "UNKNOWN_EXCEPTION",
]);

const meanings: Readonly<Record<string, string>> = {
  REQUIRED_FIELD_MISSING: "a required field has no value",
  INVALID_EMAIL_ADDRESS: "not an email address that Salesforce accepts",
  STRING_TOO_LONG: "the text is longer than the field",
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: "the value is not in the restricted picklist",
  INVALID_TYPE_ON_FIELD_IN_RECORD: "the value does not fit the field's type",
  NUMBER_OUTSIDE_VALID_RANGE: "the number does not fit the field",
  FIELD_CUSTOM_VALIDATION_EXCEPTION: "a validation rule or trigger of the organisation refused the record",
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: "a trigger or flow of the organisation refused the record",
  DUPLICATES_DETECTED: "a duplicate rule found a record like it",
  DUPLICATE_VALUE: "another record has the value of a unique field",
  DUPLICATE_EXTERNAL_ID: "several records have this external id; nothing was written",
  INVALID_FIELD_FOR_INSERT_UPDATE: "the field cannot be written",
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: "no access to a record that this one refers to",
  INSUFFICIENT_ACCESS_OR_READONLY: "no permission to write this record",
  INVALID_CROSS_REFERENCE_KEY: "it refers to a record that is not there",
  ENTITY_IS_DELETED: "the record was deleted",
  STORAGE_LIMIT_EXCEEDED: "the organisation's data storage is full",
  UNABLE_TO_LOCK_ROW: "somebody else holds the record",
};

export function readErrors(raw: unknown): readonly RecordError[] {
  const list = z.array(rawError).safeParse(raw);
  if (!list.success) return [];
  return list.data.map((error) => ({
    code: codeOf(error.statusCode ?? error.errorCode),
    message: error.message ?? "",
    fields: (error.fields ?? []).filter(isFieldName),
  }));
}

/**
 * The fate of a record that Salesforce refused. The message has the code, its meaning and field names: never a value.
 * A refusal without a readable reason is `retry`: it may be anything.
 */
export function refusal(errors: readonly RecordError[]): RowFate {
  const [first] = errors;
  if (first === undefined || first.code === unreadable) {
    return { status: "retry", code: "UNREADABLE_RESULT", message: "Salesforce gave no readable reason" };
  }
  const message = sentence(first);
  // Triggers wrap a lost lock: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: … UNABLE_TO_LOCK_ROW …
  const passes = errors.every((error) => transient.has(error.code) || error.message.includes("UNABLE_TO_LOCK_ROW"));
  return { status: passes ? "retry" : "rejected", code: first.code, message };
}

function sentence(error: RecordError): string {
  // The code is that of a field that does not exist, which refuses the whole request instead.
  const noParent = error.code === "INVALID_FIELD" && error.message.includes("Foreign key external ID");
  const meaning = noParent
    ? "no record has the External ID that it refers to"
    : (meanings[error.code] ?? "Salesforce refused the record");
  return error.fields.length === 0 ? meaning : `${meaning}: ${error.fields.join(", ")}`;
}

/** `sf__Error` of a bulk result: `CODE:message:Field1,Field2 --`. https://developer.salesforce.com/docs/platform/api-asynch/guide/get-job-failed-results.html */
export function parseBulkError(text: string): RecordError {
  const code = /^([A-Z][A-Z0-9_]+):/.exec(text)?.[1];
  const tail = /:([^:]*?)\s*--\s*$/.exec(text)?.[1] ?? "";
  const fields = tail
    .split(",")
    .map((field) => field.trim())
    .filter(isFieldName);
  return { code: codeOf(code), message: text, fields };
}

/** Is the record gone? Removing it is then done, updating it is NOT_FOUND. */
export function saysGone(errors: readonly RecordError[]): boolean {
  return errors.some(
    ({ code, fields }) =>
      code === "ENTITY_IS_DELETED" ||
      code === "NOT_FOUND" ||
      (code === "INVALID_CROSS_REFERENCE_KEY" && fields.length === 0),
  );
}

export const notFound: RowFate = {
  status: "rejected",
  code: "NOT_FOUND",
  message: "no record with this identifier, and this sync never creates one",
};

export const ambiguous: RowFate = {
  status: "rejected",
  code: "DUPLICATE_EXTERNAL_ID",
  message: "several records have this identifier; nothing was written",
};

/** Errors of a whole request. https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm */
export function requestError(status: number, body: unknown): DeliveryError | undefined {
  // Rates and servers in trouble: Retry-After, and whether anything was applied, are the HTTP client's to judge.
  if (status === 429 || status >= 500) return undefined;
  const [first] = readErrors(Array.isArray(body) ? body : [body]);
  const code = first?.code ?? unreadable;
  const context = { status, code };
  if (code === "REQUEST_LIMIT_EXCEEDED") return limitError(first?.message ?? "", context);
  if (transient.has(code)) {
    return new Unavailable(`Salesforce answered ${status} ${code}`, { hint: "The delivery tries again.", context });
  }
  if (status === 300) {
    return new BatchRefused("several records have this external id; nothing was written", {
      hint: "Merge the records in Salesforce, or make the field unique.",
      context,
      reason: "DUPLICATE_EXTERNAL_ID",
    });
  }
  if (status === 403) {
    return new AuthFailed(`Salesforce answered 403 ${code}`, { hint: permissionHint(code), context });
  }
  if (wrongTarget.has(code)) {
    return new TargetInvalid(`Salesforce answered ${status} ${code}`, {
      hint: "Check the object's and the fields' API names, that external_id is an External ID field, and that the integration user may see them.",
      context,
    });
  }
  if (status === 400 || status === 413 || status === 414 || status === 431) {
    return new BatchRefused(`Salesforce answered ${status} ${code}`, {
      hint: "One of the rows has a value that Salesforce cannot read for its field.",
      context,
      reason: code,
    });
  }
  return undefined;
}

/** Refused because of what the sync names, not because of a row. */
const wrongTarget: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "INVALID_TYPE",
  "INVALID_FIELD",
  "INVALIDJOB",
  "INVALIDENTITY",
  "INVALID_QUERY_FILTER_OPERATOR",
  "MALFORMED_QUERY",
]);

/** The one code for two limits: the day's requests, and long requests at once ("ConcurrentRequests … Limit exceeded."). */
function limitError(message: string, context: { status: number; code: string }): DeliveryError {
  if (/concurrent/i.test(message)) {
    return new RateLimited("Salesforce: too many long requests at once", {
      hint: "Nothing to do: the delivery waits.",
      context,
      retryAfterMs: null,
    });
  }
  return new QuotaExhausted("Salesforce: the organisation's requests of the last 24 hours are used up", {
    hint: "Run again later, or buy more API calls. Plans over 2,000 rows use far fewer requests with bulk.",
    context,
  });
}

function permissionHint(code: string): string {
  if (code === "API_DISABLED_FOR_ORG" || code === "API_CURRENTLY_DISABLED")
    return "Give the integration user the permission `API Enabled`, and the connected app the scope `api`.";
  return "Give the integration user access to the object and its fields, and the connected app the scope `api`.";
}

/** Codes come in capitals; bulk uses CamelCase (InvalidJob), brought to one form. */
function codeOf(text: string | undefined): string {
  const code = (text ?? "").trim().toUpperCase();
  return /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : unreadable;
}

const isFieldName = (text: string): boolean => /^[A-Za-z]\w*(\.\w+)*$/.test(text) && text.length <= 255;
