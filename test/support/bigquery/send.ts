import { request } from "node:http";
import type { Answer } from "./answers.ts";

export interface Sent {
  readonly port: number;
  /** What the answer's links are to name. */
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer | undefined;
  /** As they came in. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** One request to the emulator, and its whole answer. */
export function send({ port, host, method, path, body, headers }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (!/^(host|content-length|transfer-encoding|connection|accept-encoding)$/i.test(name))
        sent[name] = String(value);
    }
    sent.host = host;
    if (body !== undefined) sent["content-length"] = String(body.length);
    const call = request({ host: "127.0.0.1", port, path, method, headers: sent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 502, headers: { ...answer.headers }, body: Buffer.concat(chunks) }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}
