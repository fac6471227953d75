import { createHash } from "node:crypto";
import { callsOf } from "../calls.ts";
import type { AccountCtx } from "../connector.ts";
import { lowered } from "../identified.ts";
import type { MailchimpAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<MailchimpAccount>;

/** Mailchimp itself gives up after 120 seconds. https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling */
const timeoutMs = 125_000;

/** Paths follow /3.0. */
export const { callJson, callBlind } = callsOf<MailchimpAccount>((call) => ({
  ...call,
  path: `/3.0${call.path}`,
  timeoutMs,
  mapError: requestError,
}));

/** A member goes by the MD5 of the address in lower case. https://mailchimp.com/developer/marketing/docs/methods-parameters/#path-parameters */
export function memberPath(audience: string, email: string): string {
  const hash = createHash("md5").update(lowered(email)).digest("hex");
  return `/lists/${audience}/members/${hash}`;
}
