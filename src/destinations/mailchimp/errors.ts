import { z } from "zod";
import {
  AuthFailed,
  BatchRefused,
  type DeliveryError,
  RateLimited,
  TargetInvalid,
} from "../../core/delivery-errors.ts";
import { codeOf } from "../code.ts";

/** https://mailchimp.com/developer/marketing/docs/errors/ */
const problem = z.object({
  title: z.string(),
  errors: z.array(z.object({ field: z.string().nullish() })).nullish(),
});

/** Titles as codes, e.g. INVALID_RESOURCE. Details quote values. 401 and 429 are the HTTP client's. */
export function requestError(status: number, body: unknown): DeliveryError | undefined {
  const read = problem.safeParse(body);
  const code = codeOf(read.data?.title) || `HTTP_${status}`;
  const context = { status, code };
  if (status === 403 && !read.success) {
    // At very high volume the throttle is a 403 without a problem document.
    return new RateLimited("Mailchimp answered 403 without a reason, as it does when there are too many requests", {
      hint: "Nothing to do: the delivery waits. If it goes on, lower the account's `connections`.",
      context,
      retryAfterMs: null,
    });
  }
  if (status === 403) {
    return new AuthFailed(`Mailchimp answered 403 ${code}`, {
      hint: "Give the user of the API key the role Manager or Admin: a key may do what its user may.",
      context,
    });
  }
  if (status === 404) {
    return new TargetInvalid("Mailchimp answered 404: the audience or tag is not there", {
      hint: "Check `audience` and `tag` in `to:`; they may have been deleted.",
      context,
    });
  }
  if (status === 400 || status === 413 || status === 414 || status === 422) {
    const field = fieldName(read.data?.errors?.[0]?.field);
    return new BatchRefused(`Mailchimp answered ${status} ${code}${field === null ? "" : `: ${field}`}`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context,
      reason: code,
    });
  }
  return undefined;
}

/** `members.item:0.merge_fields.FNAME` → FNAME. */
export function fieldName(field: string | null | undefined): string | null {
  const last = (field ?? "").split(".").at(-1) ?? "";
  return /^[A-Za-z_]\w{0,60}$/.test(last) ? last : null;
}
