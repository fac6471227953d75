import { z } from "zod";
import { AuthFailed, BatchRefused, type DeliveryError, TargetInvalid } from "../../core/delivery-errors.ts";

/** One entry of `errors[]`. https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling */
export interface ApiError {
  readonly code: string;
  /** Where in the request, e.g. /data/attributes/profiles/data/3/attributes/email. */
  readonly pointer: string;
}

const errorsBody = z.object({
  errors: z.array(
    z.object({
      code: z.string().nullish(),
      source: z.object({ pointer: z.string().nullish() }).nullish(),
    }),
  ),
});

export function readErrors(body: unknown): readonly ApiError[] {
  const read = errorsBody.safeParse(body);
  if (!read.success) return [];
  return read.data.errors.map((error) => ({ code: codeOf(error.code), pointer: error.source?.pointer ?? "" }));
}

/** Klaviyo's code in the form of ours: `invalid` → INVALID. Codes never hold values. */
export function codeOf(text: string | null | undefined): string {
  const code = (text ?? "").trim().toUpperCase().replaceAll(/[-. ]/g, "_");
  return /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : "UNKNOWN_ERROR";
}

/** The row a pointer names, by its place in the request; null: none. */
export function pointedRow(pointer: string): number | null {
  const found =
    /\/(?:profiles|events-bulk-create)\/data\/(\d{1,6})(?:\/|$)/.exec(pointer) ??
    /^\/data\/(\d{1,6})(?:\/|$)/.exec(pointer);
  return found === null ? null : Number(found[1]);
}

const ourFields = new Set(
  "email phone_number external_id first_name last_name organization title image locale location properties address1 address2 city country latitude longitude region zip timezone ip subscriptions consented_at id time value value_currency unique_id metric".split(
    " ",
  ),
);

/** What may be said of an error: its code and the field it points at. Details and titles may quote the row. */
export function sentence(error: ApiError): string {
  const field = error.pointer
    .split("/")
    .filter((part) => ourFields.has(part))
    .at(-1);
  const what = error.pointer.includes("/events-bulk-create/") ? "event" : "profile";
  return field === undefined ? `Klaviyo refused the ${what}` : `Klaviyo refused the ${what}'s ${field}`;
}

/** Scopes are named where we know which one the request needs; 401 and 429 are the seam's. */
export function requestError(scope: string): (status: number, body: unknown) => DeliveryError | undefined {
  return (status, body) => {
    const [first] = readErrors(body);
    const code = first?.code ?? "UNKNOWN_ERROR";
    const context = { status, code };
    if (status === 403) {
      return new AuthFailed(`Klaviyo answered 403 ${code}`, {
        hint: `Give the private API key the scope ${scope}.`,
        context: { ...context, scope },
      });
    }
    if (status === 404) {
      return new TargetInvalid("Klaviyo answered 404: the list or job is not there", {
        hint: "Check the list in `to:`; it may have been deleted.",
        context,
      });
    }
    if (status === 400 || status === 409 || status === 413 || status === 422) {
      return new BatchRefused(
        `Klaviyo answered ${status} ${code}: ${first === undefined ? "refused" : sentence(first)}`,
        {
          hint: "Mend the row's value in the model, or the mapping.",
          context,
          reason: code,
        },
      );
    }
    return undefined;
  };
}
