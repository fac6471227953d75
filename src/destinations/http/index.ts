import type { Connector } from "../connector.ts";
import { accountKey, credentials, type HttpAccount, httpAccount } from "./account.ts";
import { request } from "./request.ts";

/** Webhooks and other HTTP receivers of your own. */
export const http: Connector<HttpAccount> = {
  id: "http",
  category: "other",
  apiVersion: "",
  account: httpAccount,
  targets: { request },
  accountKey,
  baseUrl: (account) => account.base_url,
  limits: ({ rate }) => [
    { scope: "requests", requests: rate.requests, perMs: rate.per_ms, concurrency: rate.concurrency },
  ],
  authenticate: async (account) => ({ headers: credentials(account) }),
  // A webhook promises no request without an effect, so there is none unless the account names one.
  async check({ account, http }) {
    if (account.check_path === undefined) return;
    await http.request({ method: "GET", path: account.check_path, expect: "none", timeoutMs: account.timeout_ms });
  },
};
