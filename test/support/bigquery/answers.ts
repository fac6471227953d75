import type { ServerResponse } from "node:http";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}
// biome-ignore lint/suspicious/noExplicitAny: the API's JSON, of which the shim changes a few members and reads hardly any
export type Json = any;

export const error = (status: number, reason: string, message: string): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } })),
});
export const ok = (body: object, headers = {}): Answer => ({
  status: 200,
  headers: { "content-type": "application/json", ...headers },
  body: Buffer.from(JSON.stringify(body)),
});

export function withSession(answer: Answer, sessionId: string): Answer {
  const body: Json = JSON.parse(answer.body.toString());
  body.statistics = { ...body.statistics, sessionInfo: { sessionId } };
  return { ...answer, body: Buffer.from(JSON.stringify(body)) };
}

/** The emulator's reader of parameters takes texts only. */
export function stringly(value: Json): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === "value" && member !== null && typeof member !== "object") value[name] = String(member);
    else stringly(member);
  }
}

export function write(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _, "content-length": __, connection: ___, ...kept } = headers;
  outgoing.writeHead(status, { ...kept, "content-length": String(body.length) } as Record<string, string>);
  outgoing.end(body);
}
