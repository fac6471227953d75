import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { AuthFailed, BatchRefused, type DeliveryError, TargetInvalid } from "../../core/delivery-errors.ts";
import { limitedUntil } from "../rate-reset.ts";

/** https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors */
const errorsBody = z.object({ errors: z.array(z.object({ field: z.string().nullish() })) });

/** The field's name, e.g. `contacts[3].email` → email. Messages may quote values. */
function fieldOf(body: unknown): string | null {
  const field = errorsBody.safeParse(body).data?.errors[0]?.field ?? "";
  const last = /([A-Za-z_]\w{0,60})(?:\[\d+\])?$/.exec(field)?.[1];
  return last ?? null;
}

/** 401 and 5xx are the HTTP client's; `scope` is what the request needs. */
export function requestError(scope: string, clock: Clock) {
  return (status: number, body: unknown, headers: Readonly<Record<string, string>>): DeliveryError | undefined => {
    const context = { status, scope };
    // https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    if (status === 429) return limitedUntil("SendGrid", "x-ratelimit-reset", headers, clock);
    if (status === 403) {
      return new AuthFailed("SendGrid answered 403: a permission is missing", {
        hint: `Give the API key the permission ${scope}.`,
        context,
      });
    }
    if (status === 404) {
      return new TargetInvalid("SendGrid answered 404: the list, group or job is not there", {
        hint: "Check the list or group in `to:`; it may have been deleted.",
        context,
      });
    }
    if (status === 400 || status === 413 || status === 422) {
      const field = fieldOf(body);
      return new BatchRefused(`SendGrid answered ${status}${field === null ? "" : `: ${field} was refused`}`, {
        hint: "Mend the row's value in the model, or the mapping.",
        context,
        reason: field === null ? `HTTP_${status}` : "INVALID_FIELD",
      });
    }
    return undefined;
  };
}
