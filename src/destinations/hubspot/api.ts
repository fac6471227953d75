import { type Call, callsOf } from "../calls.ts";
import type { AccountCtx } from "../connector.ts";
import type { HubspotAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<HubspotAccount>;

interface ScopedCall extends Call {
  /** The scope the request needs, for the error that says it is missing. */
  readonly scope: string;
}

export const { callJson, callBlind } = callsOf<HubspotAccount, ScopedCall>(({ scope, ...call }) => ({
  ...call,
  mapError: requestError(scope),
}));
