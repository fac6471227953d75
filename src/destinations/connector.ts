import type { z } from "zod";
import type { Change, Op } from "../core/change.ts";
import type { Clock } from "../core/clock.ts";
import type { BatchResult, JobHandle } from "../core/result.ts";
import type { FieldType, Mode } from "../core/sync.ts";
import type { Value } from "../core/value.ts";

/** Requests per window and at once. Rates of one scope share one bucket within a process. */
export interface RateLimit {
  readonly scope: string;
  readonly requests: number;
  readonly perMs: number;
  readonly concurrency: number;
}

/** Code for one platform. `A` is the account as validated from millrace.yml. One folder each, one line in the registry. */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds connectors of every account type; each connector is checked where it is defined.
export interface Connector<A = any> {
  readonly id: string;
  readonly category: "crm" | "email" | "ads" | "other";
  /** The platform's API version we speak, shown by `connectors`; "" where there is none. */
  readonly apiVersion: string;
  /** Shape of `accounts.<name>` without `connector`. Secrets are z.string() with `.meta({ secret: true })`: redacted everywhere. */
  readonly account: z.ZodType<A>;
  readonly targets: Readonly<Record<string, Target<A>>>;
  /** Host and organisation, stable and secret-free: names leases and limiters, and binds ledgers. */
  accountKey(account: A): string;
  /** Where requests go before authentication says otherwise; undefined for connectors without HTTP. */
  baseUrl?(account: A): string;
  /** Where signing in goes if not below the base URL: anonymous requests may name an address of this origin. */
  signInUrl?(account: A): string;
  limits(account: A): readonly RateLimit[];
  /** Gets what requests must carry. Called once, and once more when the platform answers 401; cached per account key. */
  authenticate?(account: A, http: HttpClient, clock: Clock): Promise<Authentication>;
  /** Credentials and scopes; writes nothing. Throws AuthFailed naming what is missing. */
  check(ctx: AccountCtx<A>): Promise<void>;
}

export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  /** Replaces the base URL, e.g. Salesforce's instance_url. */
  readonly baseUrl?: string;
}

export interface TargetShape {
  readonly batch: {
    readonly maxRows: number;
    readonly maxBytes?: number /** false: a batch holds changes of one op. */;
    readonly mixedOps: boolean;
  };
  /** May an unanswered batch be sent again? */
  readonly resend: "idempotent" | "once";
  /** per-batch: the engine bisects a refused batch. */
  readonly outcome: "per-row" | "per-batch";
  /** snapshot: when anything changed, unchanged rows come too, and `finish` publishes the whole. */
  readonly contents: "changes" | "snapshot";
}

/** One kind of thing in an account: a Contact, a list, a table, a request. */
// biome-ignore lint/suspicious/noExplicitAny: see Connector.
export interface Target<A = any, O = any> {
  readonly description: string;
  /** records: a removal must say what it means (`when_removed`); list: a removal is membership only; stream: every change is just told. */
  readonly kind: "records" | "list" | "stream";
  /** `to:` without account and target; strict. */
  readonly options: z.ZodType<O>;
  /** Identifier fields this target understands, e.g. ["email", "phone_number"]; empty: any name. */
  readonly identifiers: readonly string[];
  /** Must a sync declare `match:` for it? */
  readonly needsMatch: boolean;
  /** Known fields and their types; a value is coerced to them. `null`: any other field too, as it is. */
  readonly fields: { readonly known: Readonly<Record<string, FieldType>>; readonly others: "allowed" | "refused" };
  readonly ops: readonly Op[];
  readonly modes: readonly Mode[];
  /**
   * true: a record can get new identifiers by its `externalId` (`Change.movedFrom`); else a changed match is a removal and an add.
   * A function where it depends on options or mode; a mode that never updates (insert, append) must answer false.
   */
  readonly movesMatch?: boolean | ((options: O, sync: TargetSync) => boolean);
  /** true: fields marked `only_if_empty` are honoured. */
  readonly onlyIfEmpty: boolean;
  /** The thing a ledger is bound to and that two syncs may share, e.g. "Contact" or "list/Lapsing". */
  object(options: O): string;
  shape(options: O, sync: TargetSync): TargetShape;
  /** How many requests a plan of this size costs; shown by `plan`. */
  requests?(options: O, sync: TargetSync): number;
  /** Finds or creates what the sync writes into (the list); stored per sync and given back as `ctx.state`. */
  prepare?(ctx: TargetCtx<A, O>): Promise<Value>;
  /** The fields that the platform says this object has now; reads only. Absent: the platform has no way to ask, or nothing to tell. */
  discover?(ctx: TargetCtx<A, O>): Promise<readonly DiscoveredField[]>;
  /** true: what `discover` does not list does not exist there; else the platform takes more than it lists. */
  readonly discoversAll?: true;
  send(batch: Batch, ctx: TargetCtx<A, O>): Promise<BatchResult>;
  /** Required if `send` may answer pending. Throws as `send` does; never creates a second job. */
  poll?(job: JobHandle, batch: Batch, ctx: TargetCtx<A, O>): Promise<BatchResult>;
  /** After the last batch and before settling; may run twice for one run. */
  finish?(ctx: TargetCtx<A, O>): Promise<void>;
  /** The requests `send` would make, for `send --dry-run` of targets without HTTP; HTTP targets are recorded by the engine. */
  describe?(batch: Batch, ctx: TargetCtx<A, O>): Promise<readonly string[]>;
}

/** What a platform says of one of its fields, under the name that a sync's `match:` or `fields:` gives it. */
export interface DiscoveredField {
  readonly name: string;
  /** What a value is coerced to; null: any value is taken as it is, or the platform does not say. */
  readonly type: FieldType | null;
  /** A record cannot be created without it. */
  readonly required: boolean;
  /** false: the platform computes it. */
  readonly writable: boolean;
  /** Of a picklist: the values it takes. */
  readonly values?: readonly string[];
  /** How the platform's own pages call it. */
  readonly label?: string;
}

/** What a target may know of the sync and the run. */
export interface TargetSync {
  readonly name: string;
  readonly runId: string;
  readonly mode: Mode;
  /** Destination names of the identifiers. */
  readonly match: readonly string[];
  /** Destination names of the mapped fields, in the order of the YAML. */
  readonly fields: readonly string[];
  readonly onlyIfEmpty: readonly string[];
  /** Rows with a seq in the whole plan, and how many of them are removals (1..removes). */
  readonly plannedRows: number;
  readonly removes: number;
  readonly createdAt: Date;
}

export interface Batch {
  readonly id: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** In order of seq, never empty; never removals together with other operations. */
  readonly changes: readonly Change[];
  /** update: never create what is not there; insert: never change what is there. */
  readonly writes: "upsert" | "update" | "insert";
  /** 1 for the first. */
  readonly attempt: number;
  /** sha256(run, seq range), the same after a crash. */
  readonly idempotencyKey: string;
}

export interface AccountCtx<A> {
  readonly account: A;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Opened once per account and process, closed when the work is over (a connection pool, for instance). */
  resource<T>(name: string, open: () => Promise<{ value: T; close(): Promise<void> }>): Promise<T>;
}

export interface TargetCtx<A, O> extends AccountCtx<A> {
  readonly options: O;
  readonly sync: TargetSync;
  /** What `prepare` returned, null if there is none. */
  readonly state: Value;
  /** Durable on return. Call between "job created" and "job filled", so that a crash polls it and never makes it twice. */
  checkpoint(job: JobHandle): Promise<void>;
}

export interface HttpRequest<T> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Appended to the base URL, or an absolute URL of the same account. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly json?: Value;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** How to read the answer; `none` ignores the body. */
  readonly expect: z.ZodType<T> | "text" | "none";
  /** Answers besides 2xx that are data, not errors, e.g. [207, 400]. */
  readonly accept?: readonly number[];
  /** The status that an answer of 2xx means by its body (parsed JSON or text), for platforms that answer 200 to everything; undefined: its own. */
  bodyStatus?(body: unknown): number | undefined;
  /** Turns an error answer into a better error; undefined falls back to the seam's own mapping. `body` is parsed JSON or text. */
  mapError?(status: number, body: unknown, headers: Readonly<Record<string, string>>): Error | undefined;
  /** Scopes of `limits` this request counts against; default: all. */
  readonly scopes?: readonly string[];
  /** `form`: `json` is sent as application/x-www-form-urlencoded. */
  readonly encoding?: "json" | "form";
  /** Skips authentication (token requests). */
  readonly anonymous?: boolean;
  readonly timeoutMs?: number;
}

export interface HttpReply<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: T;
}

/** axios behind our seam: limiter, authentication, redaction, error mapping. Never retries: the engine does, with a record. */
export interface HttpClient {
  request<T>(request: HttpRequest<T> & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>>;
  request(request: HttpRequest<string> & { readonly expect: "text" }): Promise<HttpReply<string>>;
  request(request: HttpRequest<null> & { readonly expect: "none" }): Promise<HttpReply<null>>;
}
