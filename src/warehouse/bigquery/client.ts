import type { BigQuery, BigQueryOptions } from "@google-cloud/bigquery";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { isPassing, isUnauthorized } from "./errors.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Below the project, or an absolute address. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly json?: object;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

const TRIES = 6;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 16_000;

const answered = z.looseObject({ headers: z.unknown() });

/** Google's own client: it finds credentials, renews tokens and keeps connections. Which requests go, and how often, is ours. */
export class Client {
  readonly #options: BigQueryOptions;
  readonly #clock: Clock;
  #open: Promise<BigQuery> | null = null;

  constructor(options: BigQueryOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * One request, tried again while the trouble may pass. Every request here may be repeated: jobs carry an id of ours.
   * Throws what the client threw.
   */
  async request(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer> {
    for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries++, pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      signal?.throwIfAborted();
      try {
        return await this.#once(request, signal);
      } catch (cause) {
        if (signal?.aborted) throw cause;
        if (isUnauthorized(cause) && tries === 1) {
          // The token ended before its time: the next client asks for another, and reads the key again.
          this.#open = null;
          continue;
        }
        if (tries >= TRIES || !isPassing(cause)) throw cause;
        // Full jitter: several processes that were refused together do not come back together.
        await this.#clock.sleep(Math.ceil(Math.random() * pauseMs), signal);
      }
    }
  }

  /** One request, once. */
  async #once(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer> {
    this.#open ??= import("@google-cloud/bigquery").then(({ BigQuery }) => new BigQuery(this.#options));
    const client = await this.#open;
    const { method, path, query, json, body, headers } = request;
    const answer = Promise.withResolvers<ApiAnswer>();
    const stop = () => answer.reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    client.request(
      {
        method,
        uri: path,
        ...(query === undefined ? {} : { qs: { ...query } }),
        ...(json === undefined ? {} : { json }),
        ...(body === undefined ? {} : { body }),
        ...(headers === undefined ? {} : { headers: { ...headers } }),
      },
      (error: Error | null, found: unknown, response: unknown) => {
        if (error) answer.reject(error);
        else answer.resolve({ body: found, headers: headersOf(response) });
      },
    );
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  get endpoint(): string {
    return this.#options.apiEndpoint ?? "https://bigquery.googleapis.com";
  }
}

export function headersOf(response: unknown): Record<string, string> {
  const { headers } = answered.catch({ headers: {} }).parse(response);
  const entries = headers instanceof Headers ? [...headers] : Object.entries(Object(headers));
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}
