import type { Row } from "../../../src/core/value.ts";
import type { Fault } from "../../contract/connector.ts";

/** A fault of the contract suite in the sandbox's words. */
export function faultRule(fault: Fault, now: Date): Row {
  const platform = "salesforce";
  if (fault.kind === "expired-token") return { kind: "expire_token", platform };
  if (fault.kind === "server-error") {
    return fault.applied ? { kind: "error_after", platform, status: 500 } : { kind: "error", platform, status: 500 };
  }
  if (fault.kind === "no-answer")
    return { kind: fault.applied ? "timeout_after" : "timeout_before", platform, how: "reset" };
  const seconds = /^\d+$/.test(fault.retryAfter)
    ? Number(fault.retryAfter)
    : Math.round((Date.parse(fault.retryAfter) - now.getTime()) / 1_000);
  const form = /^\d+$/.test(fault.retryAfter) ? "seconds" : "date";
  return { kind: "rate_limit", platform, retry_after: seconds, form };
}
