import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import type { Row, Value } from "../../../src/core/value.ts";
import type { Fault } from "../../contract/connector.ts";

/** A receiver as a user would write one from docs/connectors.md: checks token and signature, honours Idempotency-Key. */
export interface Receiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  readonly state: Map<string, Row>;
  /** `null`: no more. */
  misbehave(fault: Fault | null): void;
  /** Answers the next request with this. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface ReceiverSettings {
  readonly token: string;
  readonly secret: string;
  readonly answers: "none" | "per_row";
  readonly maxBodyBytes: number;
}

const change = z.object({
  op: z.enum(["add", "update", "remove"]),
  key: z.string(),
  fields: z.record(z.string(), z.json()),
});
const payload = z.object({ sync: z.string(), run: z.string(), changes: z.array(change) });
type Received = z.infer<typeof change>;

export async function startReceiver(settings: ReceiverSettings): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const state = new Map<string, Row>();
  const answered = new Map<string, string>();
  let fault: Fault | null = null;
  let canned: { status: number; body: string; headers: Readonly<Record<string, string>> } | null = null;

  const server = createServer((request, response) => {
    void read(request).then((received) => {
      requests.push(received);
      handle(received, response);
    });
  });

  function handle(received: ReceivedRequest, response: ServerResponse): unknown {
    const now = fault;
    fault = null;
    if (canned !== null) {
      const { status, body, headers } = canned;
      canned = null;
      return end(response, status, body, headers);
    }
    if (received.headers.authorization !== `Bearer ${settings.token}`) return end(response, 401, "");
    if (now?.kind === "expired-token") return end(response, 401, "");
    if (now?.kind === "rate-limit") return end(response, 429, "", { "retry-after": now.retryAfter });
    if (now?.kind === "server-error" && !now.applied) return end(response, 500, "");
    if (now?.kind === "no-answer" && !now.applied) return void response.destroy();
    if (received.method === "GET") return end(response, 200, "{}");
    if (!signed(received, settings.secret)) return end(response, 400, JSON.stringify({ message: "bad signature" }));
    if (Buffer.byteLength(received.body) > settings.maxBodyBytes) return end(response, 413, "");
    const { status, body } = apply(received);
    if (now?.kind === "server-error") return end(response, 500, "");
    if (now?.kind === "no-answer") return void response.destroy();
    return end(response, status, body);
  }

  function apply(received: ReceivedRequest): { status: number; body: string } {
    const key = String(received.headers["idempotency-key"]);
    const known = answered.get(key);
    if (known !== undefined) return { status: 200, body: known };
    const { changes } = payload.parse(JSON.parse(received.body));
    const bad = changes.filter((one) => one.fields.name === null && one.op === "add");
    if (bad.length > 0 && settings.answers === "none") {
      return { status: 422, body: JSON.stringify({ message: `no name: ${JSON.stringify(bad)}` }) };
    }
    for (const one of changes) if (!bad.includes(one)) store(one);
    const results = changes.map((one, index) =>
      bad.includes(one)
        ? { index, status: "rejected", code: "NAME_MISSING", message: `no name: ${JSON.stringify(one)}` }
        : { key: one.key, status: "delivered" },
    );
    const body = settings.answers === "none" ? "thanks" : JSON.stringify({ results });
    answered.set(key, body);
    return { status: 200, body };
  }

  function store(one: Received): void {
    if (one.op === "remove") state.delete(one.key);
    else state.set(one.key, one.fields as Record<string, Value>);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    requests,
    state,
    misbehave(next) {
      fault = next;
    },
    answerNext(status, body, headers = {}) {
      canned = { status, body, headers };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function signed({ headers, body }: ReceivedRequest, secret: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["x-millrace-signature"])) ?? [];
  if (t === undefined || v1 === undefined) return false;
  const wanted = createHmac("sha256", secret).update(`${t}.${body}`).digest();
  return timingSafeEqual(wanted, Buffer.from(v1, "hex"));
}

async function read(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  return { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
}

function end(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, headers).end(body);
}
