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

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes */
const refusal = z.object({
  success: z.literal(false),
  errors: z
    .array(z.unknown())
    .nullish()
    .catch(null)
    .transform((errors) => errors ?? []),
});
const coded = z.object({ code: z.union([z.string(), z.number()]).transform(String) });

/** Codes of whole requests by the status that says the same; every other is a 400. */
const statuses: Readonly<Record<string, number>> = {
  "600": 401,
  "601": 401,
  "602": 401,
  "603": 403,
  "616": 403,
  "703": 403,
  "1008": 403,
  "610": 404,
  "1013": 404,
  "606": 429,
  "607": 429,
  "615": 429,
  "1016": 429,
  "1019": 429,
  "608": 503,
  "614": 503,
  "713": 503,
  "604": 504,
  "500": 500,
  "502": 502,
  "611": 500,
};

/** Faults of the sync's file: every row would be refused. */
const misnamed: ReadonlySet<string> = new Set(["1006", "1009", "1011"]);

/** "" : a refusal without a readable code; null: no refusal. */
function codeIn(body: unknown): string | null {
  const read = refusal.safeParse(body);
  if (!read.success) return null;
  const code = coded.safeParse(read.data.errors[0]).data?.code ?? "";
  return /^\d{3,4}$/.test(code) ? code : "";
}

/** Marketo answers 200 to whatever it refuses. Why it did is not always said: then nobody knows what was applied. */
export function bodyStatus(body: unknown): number | undefined {
  const code = codeIn(body);
  if (code === null) return undefined;
  return code === "" ? 500 : (statuses[code] ?? 400);
}

/** 401 and 5xx are the HTTP client's. Messages may quote values, and are not kept. */
export function requestError(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): DeliveryError | undefined {
  const code = codeIn(body);
  if (code === null || code === "") return undefined;
  const context = { status, code };
  const said = `Marketo answered ${code}`;
  if (code === "607") {
    return new QuotaExhausted(`${said}: the daily quota is used up`, {
      hint: "It starts anew at midnight, Central Time; Admin > Web Services shows who uses it. A larger quota is sold by Adobe.",
      context,
    });
  }
  if (status === 429) return limited(said, code, headers);
  if (status === 403) {
    return new AuthFailed(`${said}: a permission is missing`, {
      hint: "Give the role of the API-only user the permission Read-Write Lead, for activities Read-Write Activity and Read-Only Activity Metadata (Admin > Users & Roles), and access to the partition; or the allowlist for IP-based API access keeps this address out.",
      context,
    });
  }
  if (status === 404 || misnamed.has(code)) {
    return new TargetInvalid(`${said}: a field, list, partition or path is not there`, {
      hint: "Field names are those of the REST API, as `millrace fields` shows them; check the list and partition in `to:`, and base_url, which has no /rest.",
      context,
    });
  }
  if (status === 503)
    return new Unavailable(`${said}: not available now`, { hint: "The delivery tries again.", context });
  if (status !== 400) return undefined;
  return new BatchRefused(`${said}: refused`, {
    hint: "Mend the row's value in the model, or the mapping.",
    context,
    reason: `MARKETO_${code}`,
  });
}

/** 606 counts the last 20 seconds; of an import queue nothing says when it moves. */
const waits: Readonly<Record<string, number>> = { "606": 20_000, "1016": 30_000, "1019": 30_000 };

/** undefined: there is a Retry-After, which the HTTP client reads. */
function limited(said: string, code: string, headers: Readonly<Record<string, string>>): RateLimited | undefined {
  if (headers["retry-after"] !== undefined) return undefined;
  return new RateLimited(`${said}: too many requests`, {
    hint: "Nothing to do: the delivery waits.",
    context: { code },
    retryAfterMs: waits[code] ?? null,
  });
}
