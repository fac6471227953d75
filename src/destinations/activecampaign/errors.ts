import { z } from "zod";
import {
  AuthFailed,
  BatchRefused,
  type DeliveryError,
  RateLimited,
  TargetInvalid,
} from "../../core/delivery-errors.ts";
import { codeOf } from "../code.ts";

const errorBody = z.object({
  message: z.string().nullish(),
  errors: z
    .array(z.object({ code: z.string().nullish() }))
    .nullish()
    .catch(null),
});

/** Bodies have sentences, which may quote values, and seldom a code. 401, 429 and 5xx are the HTTP client's. */
export function requestError(status: number, raw: unknown): DeliveryError | undefined {
  const body = errorBody.safeParse(raw).data;
  const code = codeOf(body?.errors?.[0]?.code) || `HTTP_${status}`;
  const context = { status, code };
  if (status === 400 && /^rate limit exceeded/i.test(body?.message ?? "")) {
    return new RateLimited("ActiveCampaign takes no further imports this minute", {
      hint: "Nothing to do: the delivery waits for a minute.",
      context,
      retryAfterMs: 60_000,
    });
  }
  if (status === 402 || status === 403) {
    return new AuthFailed(
      `ActiveCampaign answered ${status}: the key, its user's permissions or the plan do not allow this`,
      {
        hint: "Use the key of a user whose group may manage contacts, lists and tags (Settings > Developer), and check that the account is paid for.",
        context,
      },
    );
  }
  if (status === 404) {
    return new TargetInvalid("ActiveCampaign answered 404: the list, tag or path is not there", {
      hint: "Check `base_url` (https://<account>.api-us1.com, without a path) and the names in `to:`.",
      context,
    });
  }
  if (status === 400 || status === 413 || status === 422) {
    return new BatchRefused(`ActiveCampaign answered ${status} ${code}`, {
      hint: "Look at the row: its address, and values of dates and choices.",
      context,
      reason: code,
    });
  }
  return undefined;
}
