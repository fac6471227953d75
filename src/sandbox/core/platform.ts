import type { Value } from "../../core/value.ts";

/** One request as a stand-in sees it. `path` is within the platform's mount and has no query. */
export interface Call {
  readonly seq: number;
  readonly at: Date;
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Length of path and query as they arrived, in bytes, without the mount. */
  readonly uriBytes: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Of the body, hex; "" for none. */
  readonly sha256: string;
  /** Where the caller reached this platform, e.g. http://127.0.0.1:8090/salesforce. */
  readonly base: string;
}

/** Keys of the rows a request touched, by what happened to them, e.g. {"created": ["C-1"], "rejected": ["C-2"]}. */
export type RowsTouched = Readonly<Record<string, readonly string[]>>;

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Did the platform's state change? */
  readonly applied: boolean;
  readonly rows?: RowsTouched;
  /** Set when the request broke the vendor's description, as opposed to a row the platform turned down. */
  readonly violation?: string;
  readonly note?: string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "ANY";
  /** Within the mount; `:name` is a parameter, `*` the rest. */
  readonly path: string;
  /** Sign-in requests: misbehaviour passes them by unless its `match.path` asks for them. */
  readonly signIn?: boolean;
  /** Applies the request and answers, synchronously: what is logged as applied is applied. */
  handle(call: Call): Answer;
}

/** A heading and a table on the sandbox's page. */
export interface PageTable {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface PageSection {
  /** What the platform holds, e.g. "3 profiles, 1 list". */
  readonly summary: string;
  readonly tables: readonly PageTable[];
}

/** A stand-in for one platform: one folder, one line in `platforms.ts`. */
export interface Platform {
  readonly name: string;
  readonly title: string;
  readonly routes: readonly Route[];
  /** An answer in the vendor's own error shape, for misbehaviour: status 429, 401, 5xx. */
  refuse(status: number, call: Call): Answer;
  /** Makes every credential the platform handed out invalid; the answer for platforms that hand out none. */
  expireTokens(call: Call): Answer | undefined;
  /** What it holds, for people and tests. */
  state(): Value;
  /** Everything needed to go on after a restart. */
  snapshot(): Value;
  restore(snapshot: unknown): void;
  reset(): void;
  page(): PageSection;
}
