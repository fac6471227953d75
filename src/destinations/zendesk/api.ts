import { z } from "zod";
import { AuthFailed, BatchRefused, type DeliveryError, TargetInvalid } from "../../core/delivery-errors.ts";
import { type Call, callsOf } from "../calls.ts";
import { codeOf } from "../code.ts";
import type { AccountCtx } from "../connector.ts";
import type { ZendeskAccount } from "./account.ts";

export type Ctx = AccountCtx<ZendeskAccount>;

interface LimitedCall extends Call {
  /** Scopes of `limits` that it counts against; `api` where they are left out. */
  readonly limits?: readonly string[];
}

/** Paths follow /api/v2. */
export const { callJson, callBlind, ask } = callsOf<ZendeskAccount, LimitedCall>(({ limits, ...call }) => ({
  ...call,
  path: `/api/v2${call.path}`,
  scopes: limits ?? ["api"],
  mapError: requestError,
}));

const errorBody = z.object({ error: z.union([z.string(), z.object({ title: z.string().nullish() })]).nullish() });

/** Names of errors such as RecordInvalid; descriptions may quote values. 401, 429 and 5xx are the HTTP client's. */
export function requestError(status: number, body: unknown): DeliveryError | undefined {
  const error = errorBody.safeParse(body).data?.error;
  const code = codeOf(snake(typeof error === "string" ? error : (error?.title ?? ""))) || `HTTP_${status}`;
  const context = { status, code };
  if (status === 403) {
    return new AuthFailed(`Zendesk answered 403 ${code}`, {
      hint: "The token's user must be an admin, or have a role that manages users and organizations; bulk imports of users are enabled by Zendesk's support.",
      context,
    });
  }
  if (status === 404) {
    return new TargetInvalid(`Zendesk answered 404 ${code}`, {
      hint: "Check the account's subdomain or base_url; a job's status is kept for an hour.",
      context,
    });
  }
  if (status === 400 || status === 413 || status === 422) {
    return new BatchRefused(`Zendesk answered ${status} ${code}`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context,
      reason: code,
    });
  }
  return undefined;
}

/** RecordInvalid → Record_Invalid. */
export const snake = (text: string): string => text.replaceAll(/([a-z])([A-Z])/g, "$1_$2");
