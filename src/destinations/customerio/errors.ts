import { z } from "zod";
import { AuthFailed, TargetInvalid } from "../../core/delivery-errors.ts";

const metaErrors = z.object({ meta: z.object({ errors: z.array(z.string()) }) });

/** 429, 5xx and other refusals are the HTTP client's. https://customer.io/docs/api/track/ */
export function requestError(status: number): Error | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return new AuthFailed(`Customer.io answered ${status}: the credentials were refused`, {
    hint: "Use site_id and api_key of the Track API (Settings > API credentials), and base_url of the workspace's region.",
    context: { status },
  });
}

/** A segment that is not there, or whose members follow from conditions, takes nobody: no row of it can be delivered. */
export function segmentError(status: number, body: unknown): Error | undefined {
  const said = metaErrors.safeParse(body).data?.meta.errors.join(" ") ?? "";
  if (status === 404 || (status === 400 && /segment/i.test(said))) {
    return new TargetInvalid(`Customer.io answered ${status}: the segment takes no members`, {
      hint: "Name a manual segment by its id in `to: {segment: …}`; it must be there already.",
      context: { status },
    });
  }
  return requestError(status);
}
