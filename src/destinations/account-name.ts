import { createHash } from "node:crypto";

export const trimmedUrl = (baseUrl: string): string => baseUrl.replace(/\/+$/, "");

/**
 * Host, path and whose account it is, for `accountKey`. Without a name a hash of the credential stands for the account: a new
 * credential then binds a new ledger.
 */
export function accountName(baseUrl: string, name: string | undefined, credential: string): string {
  const url = new URL(trimmedUrl(baseUrl));
  const hash = createHash("sha256").update(credential).digest("hex").slice(0, 12);
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${name ?? hash}`;
}
