import { z } from "zod";
import {
  AuthFailed,
  BatchRefused,
  type DeliveryError,
  QuotaExhausted,
  TargetInvalid,
  Unavailable,
} from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";

/** An error of a request, or one entry of a batch answer's `errors[]`. All of it is optional, as HubSpot's own page advises. */
export interface ApiError {
  /** VALIDATION_ERROR, CONFLICT, MISSING_SCOPES, …; "" if there is none. */
  readonly category: string;
  /** The property's own code where HubSpot gives one (INVALID_EMAIL), else the category. */
  readonly code: string;
  /** Internal name of the property the error is about. */
  readonly property: string | null;
  /** `objectWriteTraceId` of the inputs it is about. */
  readonly traces: readonly string[];
  /** Ids or identifying values of the inputs it is about. */
  readonly ids: readonly string[];
}

const texts = z.union([z.string(), z.number()]).transform(String);
const context = z.record(z.string(), z.unknown()).nullish().catch(null);
const rawError = z.object({
  category: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  context,
  errors: z
    .array(z.object({ message: z.string().nullish(), code: z.string().nullish(), context }))
    .nullish()
    .catch(null),
});

/** https://developers.hubspot.com/docs/api-reference/error-handling */
export function readError(raw: unknown): ApiError {
  const read = rawError.safeParse(raw);
  if (!read.success) return { category: "", code: "UNKNOWN_ERROR", property: null, traces: [], ids: [] };
  const { category, message, context: about, errors } = read.data;
  const inner = [message, ...(errors ?? []).map((error) => error.message)].map(propertyError).find(Boolean);
  const named = errors?.map((error) => error.code).find((code) => typeof code === "string");
  const name = inner?.property ?? strings(errors?.[0]?.context?.propertyName)[0] ?? null;
  return {
    category: codeOf(category),
    code: inner?.code ?? (codeOf(named) || codeOf(category) || "UNKNOWN_ERROR"),
    property: name !== null && isProperty(name) ? name : null,
    traces: strings(about?.objectWriteTraceId),
    ids: [
      ...strings(about?.ids),
      ...strings(about?.id),
      ...strings(about?.fromObjectId),
      ...strings(about?.toObjectId),
    ],
  };
}

const invalidProperties = z.array(z.object({ error: z.string(), name: z.string() }));

/** `Property values were not valid: [{"isValid":false,"message":…,"error":"INVALID_EMAIL","name":"email"}]` */
function propertyError(message: string | null | undefined): { code: string; property: string } | null {
  const list = /\[\s*\{.*\}\s*\]/s.exec(message ?? "")?.[0];
  if (list === undefined) return null;
  try {
    const [first] = invalidProperties.parse(JSON.parse(list));
    const code = codeOf(first?.error);
    return first === undefined || code === "" || !isProperty(first.name) ? null : { code, property: first.name };
  } catch {
    return null;
  }
}

function strings(value: unknown): readonly string[] {
  const read = z.union([z.array(texts), texts.transform((one) => [one])]).safeParse(value);
  return read.success ? read.data : [];
}

const isProperty = (text: string): boolean => /^[A-Za-z]\w{0,99}$/.test(text);

function codeOf(text: string | null | undefined): string {
  const code = (text ?? "").trim().toUpperCase().replaceAll(/[-. ]/g, "_");
  return /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : "";
}

/** Categories that say the row itself is at fault; all others may pass by themselves, or are not known. */
const final: ReadonlySet<string> = new Set([
  "VALIDATION_ERROR",
  "CONFLICT",
  "OBJECT_NOT_FOUND",
  "OBJECT_ALREADY_EXISTS",
]);

/** The fate of a row that an error names. The message has code and property, never HubSpot's sentence: it quotes values. */
export function errorFate(error: ApiError): RowFate {
  if (error.category === "OBJECT_NOT_FOUND") return notFound;
  const message = sentence(error);
  return final.has(error.category)
    ? { status: "rejected", code: error.code, message }
    : { status: "retry", code: error.code, message };
}

function sentence(error: ApiError): string {
  return error.property === null
    ? "HubSpot refused the record"
    : `HubSpot refused the value of the property ${error.property}`;
}

export const notFound: RowFate = {
  status: "rejected",
  code: "NOT_FOUND",
  message: "no record with this identifier, and this sync never creates one",
};

const requestBody = z.object({ policyName: z.string().nullish(), message: z.string().nullish() });

/** Errors of a whole request. 401, 5xx and rates by the second are the HTTP client's; `scope` is what the request needs. */
export function requestError(
  scope: string,
): (status: number, body: unknown, headers: Headers) => DeliveryError | undefined {
  return (status, body, headers) => {
    const error = readError(body);
    const about = { status, code: error.code };
    if (status === 429) return quota(body, about);
    if (status === 423 || status === 477) return busy(status, headers);
    if (status === 403) {
      return new AuthFailed(`HubSpot answered 403 ${error.code}`, {
        hint: `Give the app the scope ${scope}; OAuth apps must be installed again afterwards.`,
        context: { ...about, scope },
      });
    }
    if (status === 404) {
      return new TargetInvalid(
        `HubSpot answered 404 ${error.code}: the object type, list or subscription is not there`,
        {
          hint: "Check the names in `to:`. Custom objects go by their fully qualified name (p123_name) or type id (2-123).",
          context: about,
        },
      );
    }
    if (status === 400 && wrongMapping.has(error.code)) {
      return new TargetInvalid(
        `HubSpot answered 400 ${error.code}${error.property === null ? "" : `: ${error.property}`}`,
        {
          hint: "Properties go by their internal name, must exist, and must not be read-only; the one in `match` must be unique.",
          context: about,
        },
      );
    }
    if (status === 400 || status === 409 || status === 413 || status === 414 || status === 422) {
      return new BatchRefused(`HubSpot answered ${status} ${error.code}: ${sentence(error)}`, {
        hint: "Mend the row's value in the model, or the mapping.",
        context: about,
        reason: error.code,
      });
    }
    return undefined;
  };
}

type Headers = Readonly<Record<string, string>>;

/** Refused because of what the sync names, not because of a row. */
const wrongMapping: ReadonlySet<string> = new Set([
  "PROPERTY_DOESNT_EXIST",
  "READ_ONLY_VALUE",
  "INVALID_OBJECT_TYPE",
  "UNABLE_TO_INFER_OBJECT_TYPE",
]);

/** The day's requests are used up, as opposed to those of ten seconds. https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines */
function quota(body: unknown, about: { status: number; code: string }): DeliveryError | undefined {
  const read = requestBody.safeParse(body);
  const daily = read.success && (read.data.policyName === "DAILY" || /daily limit/i.test(read.data.message ?? ""));
  if (!daily) return undefined;
  return new QuotaExhausted("HubSpot: the account's requests of the day are used up", {
    hint: "Run again after midnight in the account's time zone, or buy the API limit increase.",
    context: about,
  });
}

/** 423: locked for two seconds. 477: the account moves between data centres; Retry-After says how long. Neither was applied. https://developers.hubspot.com/docs/api-reference/error-handling */
function busy(status: number, headers: Headers): Unavailable {
  const seconds = Number(headers["retry-after"]);
  const told = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null;
  return new Unavailable(`HubSpot answered ${status}: ${status === 423 ? "locked" : "the account is being migrated"}`, {
    hint: "Nothing to do: the delivery tries again.",
    context: { status },
    retryAfterMs: told ?? (status === 423 ? 2_000 : null),
  });
}
