import { callsOf } from "../calls.ts";
import type { AccountCtx } from "../connector.ts";
import type { BrevoAccount, Scope } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<BrevoAccount>;

/** Paths follow /v3. */
export const { callJson, callText, ask } = callsOf<BrevoAccount>((call) => ({
  ...call,
  path: `/v3${call.path}`,
  scopes: [scopeOf(call.path)],
  mapError: requestError,
}));

function scopeOf(path: string): Scope {
  if (path.startsWith("/contacts")) return "contacts";
  return path.startsWith("/events") ? "events" : "other";
}
