import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../core/clock.ts";
import { shifted } from "./instants.ts";
import type { Misbehaviour, RequestRule } from "./misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "./platform.ts";
import type { LogEntry, RequestLog } from "./request-log.ts";

/** A request and its answer as somebody in the same process may watch them, e.g. to check both against the vendor's description. */
export interface Seen {
  readonly platform: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly status: number | null;
  readonly answer: string;
}

export interface ExchangeParts {
  readonly clock: Clock;
  readonly log: RequestLog;
  readonly misbehaviour: Misbehaviour;
  /** Lower case. */
  readonly idempotencyHeader: string;
  readonly observe?: (seen: Seen) => void;
  /** Called after the state may have changed. */
  readonly changed: () => void;
}

/** How a request ends: answered, perhaps late, or left without an answer. */
type Ending =
  | { readonly kind: "answer"; readonly answer: Answer; readonly delayMs: number }
  | { readonly kind: "hang"; readonly answer: Answer | null }
  | { readonly kind: "reset"; readonly answer: Answer | null };

/** Takes one request through misbehaviour, the platform and the log, in that order, and answers it. */
export async function exchange(
  parts: ExchangeParts,
  platform: Platform,
  route: Route,
  mount: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const call = readCall(parts, mount, request);
  const asked = { platform: platform.name, method: call.method, path: call.path, signIn: route.signIn ?? false };
  const rule = parts.misbehaviour.forRequest(asked);
  const ending = play(rule, platform, route, call, parts.clock);
  const entry = logEntry(parts, platform, call, rule, ending);
  parts.log.append(entry);
  if (entry.applied) parts.changed();
  parts.observe?.({
    platform: platform.name,
    method: call.method,
    path: call.path,
    query: call.query.toString(),
    headers: call.headers,
    body: call.body.toString("utf8"),
    status: entry.status,
    answer: ending.answer?.body ?? "",
  });
  await finish(ending, request, reply, parts.clock);
}

function readCall(parts: ExchangeParts, mount: string, request: FastifyRequest): Call {
  const cut = request.url.indexOf("?");
  const path = (cut < 0 ? request.url : request.url.slice(0, cut)).slice(mount.length);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return {
    seq: parts.log.nextSeq(),
    at: parts.clock.now(),
    method: request.method,
    path: path === "" ? "/" : path,
    params: request.params as Record<string, string>,
    query: new URLSearchParams(cut < 0 ? "" : request.url.slice(cut + 1)),
    uriBytes: Buffer.byteLength(request.url) - mount.length,
    headers: request.headers as Record<string, string | undefined>,
    body,
    sha256: body.length === 0 ? "" : hash("sha256", body),
    base: `${request.protocol}://${request.host}${mount}`,
  };
}

function play(rule: RequestRule | undefined, platform: Platform, route: Route, call: Call, clock: Clock): Ending {
  switch (rule?.kind) {
    case "rate_limit":
      return answered({
        ...platform.refuse(429, call),
        headers: {
          ...platform.refuse(429, call).headers,
          ...retryAfter(rule.form, rule.retry_after, clock),
        },
      });
    case "error":
      return answered({
        ...platform.refuse(rule.status, call),
        headers: {
          ...platform.refuse(rule.status, call).headers,
          ...(rule.retry_after === undefined ? {} : retryAfter("seconds", rule.retry_after, clock)),
        },
      });
    case "timeout_before":
      return { kind: rule.how, answer: null };
    case "timeout_after":
      return { kind: rule.how, answer: route.handle(call) };
    case "error_after": {
      const done = route.handle(call);
      return answered({ ...platform.refuse(rule.status, call), applied: done.applied, rows: done.rows ?? {} });
    }
    case "expire_token":
      return answered(platform.expireTokens(call) ?? route.handle(call));
    case "slow":
      return { kind: "answer", answer: route.handle(call), delayMs: rule.ms };
    case undefined:
      return answered(route.handle(call));
  }
}

function answered(answer: Answer): Ending {
  return { kind: "answer", answer, delayMs: 0 };
}

function retryAfter(form: "seconds" | "date" | "none", seconds: number, clock: Clock): Record<string, string> {
  if (form === "none") return {};
  if (form === "seconds") return { "retry-after": String(seconds) };
  return { "retry-after": shifted(clock.now(), seconds * 1000).toUTCString() };
}

function logEntry(
  parts: ExchangeParts,
  platform: Platform,
  call: Call,
  rule: RequestRule | undefined,
  ending: Ending,
): LogEntry {
  const { answer } = ending;
  return {
    seq: call.seq,
    at: call.at.toISOString(),
    platform: platform.name,
    method: call.method,
    path: call.path,
    query: call.query.toString().slice(0, 200),
    idempotency_key: call.headers[parts.idempotencyHeader] ?? null,
    bytes: call.body.length,
    sha256: call.sha256,
    rows: answer?.rows ?? {},
    applied: answer?.applied ?? false,
    status: ending.kind === "answer" ? ending.answer.status : null,
    ...(rule ? { misbehaved: rule.kind } : {}),
    ...(answer?.violation ? { contract_violation: answer.violation } : {}),
    ...(answer?.note ? { note: answer.note } : {}),
  };
}

async function finish(ending: Ending, request: FastifyRequest, reply: FastifyReply, clock: Clock): Promise<void> {
  if (ending.kind === "hang") {
    // The socket stays open until the caller gives up or the sandbox closes.
    reply.hijack();
    return;
  }
  if (ending.kind === "reset") {
    reply.hijack();
    request.raw.socket.resetAndDestroy();
    return;
  }
  if (ending.delayMs > 0) await clock.sleep(ending.delayMs);
  reply.code(ending.answer.status);
  for (const [name, value] of Object.entries(ending.answer.headers ?? {})) reply.header(name, value);
  await reply.send(ending.answer.body ?? null);
}
