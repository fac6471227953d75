import type { ClientRequest } from "node:http";
import axios, { AxiosError, type AxiosInstance } from "axios";
import type { Clock } from "../core/clock.ts";
import { OutcomeUnknown, Unavailable } from "../core/delivery-errors.ts";
import { Interrupted } from "../core/errors.ts";
import type { Authentication, Connector, HttpClient, HttpReply, HttpRequest } from "../destinations/connector.ts";
import type { AuthCache } from "./auth-cache.ts";
import { mismatch, parseAnswer, readAnswer, readHeaders } from "./http-answer.ts";
import { answeredError, askedToWaitMs, beforeSending } from "./http-errors.ts";
import { hostOf, isWrite, type Outgoing, outgoing, type RecordedRequest, recorded, standIn } from "./http-request.ts";
import type { Limiter } from "./limiter.ts";
import { redactError } from "./redact.ts";
import type { Sockets } from "./sockets.ts";

export interface HttpSettings {
  /** For one request from its first byte to the answer's last. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly proxy: "none" | "environment";
}

/** Salesforce's result files are as large as its uploads, 150 MB (Bulk API 2.0 limits). */
export const defaultHttpSettings: HttpSettings = {
  timeoutMs: 60_000,
  maxResponseBytes: 160 * 1024 * 1024,
  proxy: "none",
};

export interface HttpClientOptions<A> {
  readonly connector: Connector<A>;
  readonly account: A;
  readonly limiter: Limiter;
  readonly auth: AuthCache;
  readonly sockets: Sockets;
  readonly clock: Clock;
  /** Breaks requests off, answered or not. */
  readonly signal: AbortSignal;
  /** Ends the waiting for a turn, as long as none of this client's writes has left; default: `signal`. */
  readonly stop?: AbortSignal;
  /** Never to appear in a message. */
  readonly secrets: readonly string[];
  readonly settings?: Partial<HttpSettings>;
  /**
   * Awaited before a request leaves, when it has its turn already; throwing keeps it from leaving.
   * `write`: it may change something at the platform (not a GET, not a token request).
   */
  readonly onRequest?: (request: { readonly write: boolean }) => void | Promise<void>;
  /** A write was applied, or nobody knows. Not told of writes that were certainly refused. */
  readonly onApplied?: () => void;
  /** `send --dry-run`: told of every request, and none is made. */
  readonly record?: (request: RecordedRequest) => void;
}

/** Only a connection that never stood ends with these. EHOSTUNREACH may also hit a standing one, so its socket is asked. */
const unreached = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/**
 * The one place where requests leave from: takes its turn at the account's limiter, signs in (once more after a 401),
 * turns every answer that is not a documented success into one of the delivery errors, and never retries: the engine
 * does, with a record. Messages name method, host and status, never a header, path, query or body.
 */
export function createHttpClient<A>(options: HttpClientOptions<A>): HttpClient {
  const { connector, account, limiter, auth, sockets, clock, signal } = options;
  const settings = { ...defaultHttpSettings, ...options.settings };
  const secrets = new Set(options.secrets);
  const client = axiosClient(settings, sockets);
  let writes = 0;

  const authenticate = async (): Promise<Authentication> => {
    if (connector.authenticate === undefined) return { headers: {} };
    try {
      return await connector.authenticate(
        account,
        asClient((request) => run({ ...request, anonymous: true })),
        clock,
      );
    } catch (error) {
      throw beforeSending(error);
    }
  };

  const signIn = async (stale?: Authentication): Promise<Authentication> => {
    const got =
      stale === undefined ? await auth.get(authenticate, signal) : await auth.renew(stale, authenticate, signal);
    for (const value of Object.values(got.headers)) {
      secrets.add(value);
      // "Bearer TOKEN" and the like: the token alone must not appear either.
      for (const part of value.split(/[\s=]+/)) if (part.length >= 12) secrets.add(part);
    }
    return got;
  };

  const run = async (request: HttpRequest<unknown>): Promise<HttpReply<unknown>> => {
    const anonymous = request.anonymous === true;
    if (options.record !== undefined) {
      options.record(recorded(outgoing(connector, account, request, null), secrets));
      return standIn(request);
    }
    const signsIn = !anonymous && connector.authenticate !== undefined;
    const credentials = signsIn ? await signIn() : null;
    const first = await answer(request, outgoing(connector, account, request, credentials));
    if (first.status !== 401 || credentials === null || request.accept?.includes(401)) return judge(request, first);
    const renewed = await signIn(credentials);
    return judge(request, await answer(request, outgoing(connector, account, request, renewed)));
  };

  const noteApplied = (request: HttpRequest<unknown>) => {
    if (isWrite(request)) options.onApplied?.();
  };

  const answer = async (request: HttpRequest<unknown>, out: Outgoing): Promise<Answer> => {
    const release = await turn(request);
    const write = isWrite(request);
    if (write) writes += 1;
    try {
      await options.onRequest?.({ write });
      const { status, headers, data } = await exchange(client, out, request.timeoutMs ?? settings.timeoutMs);
      return { status: meantStatus(request, status, data), headers, data, out };
    } catch (error) {
      if (error instanceof OutcomeUnknown || error instanceof Interrupted) noteApplied(request);
      throw error;
    } finally {
      release();
    }
  };

  const turn = async (request: HttpRequest<unknown>): Promise<() => void> => {
    const waiting = writes === 0 ? (options.stop ?? signal) : signal;
    try {
      return await limiter.acquire(request.scopes, waiting);
    } catch (error) {
      throw waiting.aborted ? stopped("before the request was sent") : error;
    }
  };

  const exchange = async (axiosInstance: AxiosInstance, out: Outgoing, timeoutMs: number) => {
    // A deadline of our own: the transport's timeout only watches for silence, and a slow drip would last for ever.
    const broken = new AbortController();
    const onAbort = () => broken.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const deadline = setTimeout(onAbort, timeoutMs);
    try {
      return await axiosInstance.request<Buffer>({
        method: out.method,
        url: out.url.href,
        headers: { ...out.headers },
        data: out.body,
        signal: broken.signal,
      });
    } catch (error) {
      throw failed(error, out, timeoutMs);
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener("abort", onAbort);
    }
  };

  const failed = (error: unknown, out: Outgoing, timeoutMs: number): Error => {
    if (signal.aborted) return stopped("before the platform answered");
    const what = `${out.method} ${hostOf(out)}`;
    const cause = describe(error);
    const timedOut = axios.isCancel(error);
    const context = { error: timedOut ? "TIMEOUT" : cause.code };
    const never = sockets.neverConnected(cause.socket) || unreached.has(cause.code);
    if (never) {
      return new Unavailable(`${what} could not be reached (${timedOut ? "TIMEOUT" : cause.code})`, {
        hint: "Check the account's base_url, the network and, for certificate errors, the host's certificate.",
        context,
      });
    }
    const why = timedOut ? `no answer within ${Math.round(timeoutMs / 100) / 10} s` : `broke off (${cause.code})`;
    return new OutcomeUnknown(`${what}: ${why}; whether it was applied is not known`, {
      hint: "Look at the platform's status page if this goes on.",
      context,
    });
  };

  const judge = (request: HttpRequest<unknown>, got: Answer): HttpReply<unknown> => {
    const headers = readHeaders(got.headers);
    const what = `${got.out.method} ${hostOf(got.out)}`;
    const good = got.status >= 200 && got.status < 300;
    if (good || request.accept?.includes(got.status)) {
      const read = readAnswer(request.expect, got.data);
      if (read.fits || good) noteApplied(request);
      if (read.fits) return { status: got.status, headers, body: read.body };
      if (good) throw mismatch(what, got.status, read.why);
    }
    const body = parseAnswer(got.data);
    const now = clock.now();
    const error =
      request.mapError?.(got.status, body, headers) ??
      answeredError({ status: got.status, body, headers, what, anonymous: request.anonymous === true, now });
    if (error instanceof OutcomeUnknown) noteApplied(request);
    throw error;
  };

  return asClient(async (request) => {
    try {
      return await run(request);
    } catch (error) {
      const waitMs = askedToWaitMs(error);
      if (waitMs !== null) limiter.pause(clock.now().getTime() + waitMs);
      throw error instanceof Error ? redactError(error, secrets) : error;
    }
  });
}

interface Answer {
  readonly status: number;
  readonly headers: unknown;
  readonly data: Buffer;
  readonly out: Outgoing;
}

/** What the rest of this file goes by: some platforms answer 200 and say in the body that the token has expired. */
function meantStatus(request: HttpRequest<unknown>, status: number, data: Buffer): number {
  const good = status >= 200 && status < 300;
  return (good ? request.bodyStatus?.(parseAnswer(data)) : undefined) ?? status;
}

function asClient(request: (request: HttpRequest<unknown>) => Promise<HttpReply<unknown>>): HttpClient {
  return { request: request as HttpClient["request"] };
}

function axiosClient(settings: HttpSettings, sockets: Sockets): AxiosInstance {
  return axios.create({
    adapter: "http",
    httpAgent: sockets.http,
    httpsAgent: sockets.https,
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    maxContentLength: settings.maxResponseBytes,
    responseType: "arraybuffer",
    transformRequest: [],
    transformResponse: [],
    validateStatus: null,
    ...(settings.proxy === "none" ? { proxy: false as const } : {}),
  });
}

function describe(error: unknown): { readonly code: string; readonly socket: ClientRequest["socket"] } {
  if (!(error instanceof Error)) return { code: "UNKNOWN", socket: null };
  const code: unknown = Reflect.get(error, "code");
  const request = error instanceof AxiosError ? (error.request as ClientRequest | undefined) : undefined;
  return {
    code: typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "UNKNOWN",
    socket: request?.socket ?? null,
  };
}

function stopped(when: string): Interrupted {
  return new Interrupted(`stopped ${when}`, { hint: "`millrace resume` continues from here." });
}
