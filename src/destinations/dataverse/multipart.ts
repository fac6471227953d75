import type { Row } from "../../core/value.ts";

/** One request within a batch. */
export interface PartRequest {
  /** Comes back as Content-ID where the platform repeats it. */
  readonly id: number;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Row;
}

export interface PartReply {
  readonly contentId: number | null;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; null for none. */
  readonly body: unknown;
}

const crlf = "\r\n";

/** Lines end in CRLF, and a blank one stands before every body. https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/execute-batch-operations-using-web-api */
export function encodeBatch(boundary: string, parts: readonly PartRequest[]): string {
  const texts = parts.map((part) => {
    const body = part.json === undefined ? "" : JSON.stringify(part.json);
    const headers = { ...(part.json === undefined ? {} : { "Content-Type": "application/json" }), ...part.headers };
    return [
      `--${boundary}`,
      "Content-Type: application/http",
      "Content-Transfer-Encoding: binary",
      `Content-ID: ${part.id}`,
      "",
      `${part.method} ${part.path} HTTP/1.1`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      "",
      body,
    ].join(crlf);
  });
  return `${texts.join(crlf)}${crlf}--${boundary}--${crlf}`;
}

/** The replies in their order, also those within change sets. What cannot be read is left out. */
export function decodeBatch(text: string, contentType: string): readonly PartReply[] {
  return partsOf(text, contentType).flatMap((part) => {
    const { headers, body } = split(part);
    const type = headers["content-type"] ?? "";
    if (type.startsWith("multipart/")) return decodeBatch(body, type);
    const reply = readReply(body, headers["content-id"]);
    return reply === null ? [] : [reply];
  });
}

function partsOf(text: string, contentType: string): readonly string[] {
  const boundary = /boundary="?([^";\s]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return [];
  const lines = text.split(/\r?\n/);
  const parts: string[][] = [];
  for (const line of lines) {
    if (line === `--${boundary}--`) break;
    if (line === `--${boundary}`) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((part) => part.join("\n"));
}

function split(text: string): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const cut = text.indexOf("\n\n");
  const head = cut < 0 ? text : text.slice(0, cut);
  const headers = head.split("\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon <= 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const];
  });
  return { headers: Object.fromEntries(headers), body: cut < 0 ? "" : text.slice(cut + 2) };
}

function readReply(text: string, outerId: string | undefined): PartReply | null {
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(text)?.[1];
  if (status === undefined) return null;
  const { headers, body } = split(text.slice(text.indexOf("\n") + 1));
  const id = outerId ?? headers["content-id"] ?? "";
  return {
    contentId: /^\d{1,9}$/.test(id) ? Number(id) : null,
    status: Number(status),
    headers,
    body: parse(body.trim()),
  };
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}
