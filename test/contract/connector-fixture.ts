import type { Clock } from "../../src/core/clock.ts";
import type { Mode } from "../../src/core/sync.ts";
import type { Row } from "../../src/core/value.ts";
import type { Connector } from "../../src/destinations/connector.ts";
import type { ContractRow } from "./connector-driver.ts";

/** What the destination does to the next request that would change something (token requests are not meant). */
export type Fault =
  /** 429 with this Retry-After header; not applied. */
  | { readonly kind: "rate-limit"; readonly retryAfter: string }
  /** 500, before or after applying. */
  | { readonly kind: "server-error"; readonly applied: boolean }
  /** The connection ends without an answer, or the client's timeout passes. */
  | { readonly kind: "no-answer"; readonly applied: boolean }
  /** 401 until the connector has renewed its credentials. */
  | { readonly kind: "expired-token" };

export type ContractCase =
  | "resend"
  | "bad-row"
  | "update"
  | "move"
  | "remove"
  | "remove-absent"
  | "update-only"
  | "insert-only"
  | "only-if-empty"
  | "unicode"
  | "null-written"
  | "null-skipped"
  | "oversize"
  | "wrong-credentials"
  | "rate-limit"
  | "server-error"
  | "no-answer"
  | "expired-token";

export interface ConnectorFixture {
  readonly connector: Connector;
  /** As in millrace.yml, without `connector`. */
  readonly account: unknown;
  readonly target: string;
  /** As in `to:`, without account and target. */
  readonly options: unknown;
  /** Default: mirror where the target has it, else upsert. */
  readonly mode?: Mode;
  /** Of the HTTP client, in real time; short where `misbehave` lets a request hang. Default 60 s. */
  readonly timeoutMs?: number;
  /** A record the destination takes; identifiers differ for different n. */
  makeRow(n: number): ContractRow;
  /** A record the destination refuses for what it holds. */
  makeBadRow?(n: number): ContractRow;
  /** A mapped field of `makeRow` that takes any text and may be empty. */
  readonly textField: string;
  /** true: rows have no fields, a row is there or not. */
  readonly fieldless?: true;
  /** What the destination holds now, under destination names: identifiers (`key` where there are none) and fields. */
  readState(): Promise<readonly Row[]>;
  misbehave?(fault: Fault): Promise<void> | void;
  /** Forgets every fault that was asked for and did not come: each case begins without those of the one before. */
  behave?(): Promise<void> | void;
  /** The same account with credentials the destination refuses. */
  readonly wrongAccount?: unknown;
  /** Secret values of both accounts: they must not show in any error. */
  readonly secrets: readonly string[];
  /** Cases this destination cannot have, with the reason. */
  readonly skips?: Partial<Record<ContractCase, string>>;
  readonly clock?: Clock;
  close?(): Promise<void>;
}
