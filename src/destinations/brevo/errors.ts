import { z } from "zod";
import {
  AuthFailed,
  BatchRefused,
  type DeliveryError,
  RateLimited,
  TargetInvalid,
} from "../../core/delivery-errors.ts";
import { codeOf } from "../code.ts";

const errorBody = z.object({ code: z.string().nullish() });

/** Codes such as invalid_parameter; messages may quote values. 401 and 5xx are the HTTP client's. */
export function requestError(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): DeliveryError | undefined {
  const code = codeOf(errorBody.safeParse(body).data?.code) || `HTTP_${status}`;
  const context = { status, code };
  if (status === 429) return limited(headers);
  if (status === 403) {
    return new AuthFailed(`Brevo answered 403 ${code}`, {
      hint: "The account's plan or the key does not allow this: check the plan, and that the key is one of the account itself.",
      context,
    });
  }
  if (status === 404) {
    return new TargetInvalid(`Brevo answered 404 ${code}: the list or process is not there`, {
      hint: "Check the list in `to:`; it may have been deleted.",
      context,
    });
  }
  if (status === 400 || status === 405 || status === 413 || status === 422) {
    return new BatchRefused(`Brevo answered ${status} ${code}`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context,
      reason: code,
    });
  }
  return undefined;
}

/** The seconds that are left of the window. https://developers.brevo.com/docs/limit-headers */
function limited(headers: Readonly<Record<string, string>>): RateLimited | undefined {
  const seconds = Number(headers["x-sib-ratelimit-reset"]);
  if (headers["retry-after"] !== undefined || !(seconds >= 0)) return undefined;
  return new RateLimited("Brevo answered 429: too many requests", {
    hint: "Nothing to do: the delivery waits as long as the platform asks.",
    context: { status: 429 },
    retryAfterMs: Math.ceil(seconds * 1_000),
  });
}
