import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

export interface ScriptedPlatform {
  readonly url: string;
  /** Every request so far, in order. */
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** A server that answers with bodies from a vendor's documentation, so that they pass through the real HTTP client. */
export async function scriptedPlatform(answer: (asked: Asked) => Answer): Promise<ScriptedPlatform> {
  const asked: Asked[] = [];
  const server = createServer(async (request, reply) => {
    const one = await read(request);
    asked.push(one);
    const { status = 200, headers = {}, json, text } = answer(one);
    const type = json === undefined ? {} : { "content-type": "application/json" };
    reply.writeHead(status, { ...type, ...headers });
    reply.end(json === undefined ? (text ?? "") : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}
