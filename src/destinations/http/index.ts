import type { Connector } from "../connector.ts";
import { accountKey, credentials, type HttpAccount, httpAccount } from "./account.ts";
import { reach } from "./reach.ts";
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
  // A webhook promises no request without an effect: unless the account names one, only the host is tried.
  async check({ account, http, signal, clock }) {
    if (account.check_path === undefined) {
      return reach(account.base_url, { timeoutMs: account.timeout_ms, signal, clock });
    }
    await http.request({ method: "GET", path: account.check_path, expect: "none", timeoutMs: account.timeout_ms });
  },
};
