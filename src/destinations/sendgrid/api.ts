import { type Call, callsOf } from "../calls.ts";
import type { AccountCtx } from "../connector.ts";
import type { SendgridAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<SendgridAccount>;

interface ScopedCall extends Call {
  /** The permission that the request needs, for the error that says it is missing. */
  readonly scope: string;
  /** Scopes of `limits` that it counts against; `api` where they are left out. */
  readonly limits?: readonly string[];
}

export const { callJson, callBlind, ask } = callsOf<SendgridAccount, ScopedCall>(({ scope, limits, ...call }, ctx) => ({
  ...call,
  scopes: limits ?? ["api"],
  mapError: requestError(scope, ctx.clock),
}));
