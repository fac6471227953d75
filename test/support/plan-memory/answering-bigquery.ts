import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface AnsweringBigQuery {
  readonly url: string;
  /** Pages that were asked for. */
  readonly pages: () => number;
  stop(): Promise<void>;
}

/** The API ends a page at 10 MB, whatever is asked: https://cloud.google.com/bigquery/docs/paging-results */
const PAGE_BYTES = 10 * 1024 * 1024;

const field = (name: string, type: string) => ({ name, type, mode: "NULLABLE" });
const fields = [
  field("seq", "INTEGER"),
  ...["op", "key", "identifiers", "fields", "external_id", "prev_identifiers"].map((name) => field(name, "STRING")),
];

/** A row of a frozen plan as the API writes it, some 300 bytes of payload. */
function row(seq: number): string {
  const email = `person${seq}@example.com`;
  const said = {
    email,
    first_name: "Somebody",
    country: "DE",
    orders: 17,
    revenue: 52_341.7,
    note: "sent. ".repeat(24),
  };
  const cells = [String(seq), "add", `c${seq}`, JSON.stringify({ email }), JSON.stringify(said), null, null];
  return JSON.stringify({ f: cells.map((v) => ({ v })) });
}

/**
 * Answers every query with the same `rows` rows, by page as BigQuery does. The emulator looks at a whole answer for every page
 * of it, which for 200,000 rows takes it many minutes; of BigQuery this speaks only what reading an answer takes.
 */
export async function startAnsweringBigQuery(rows: number): Promise<AnsweringBigQuery> {
  let pages = 0;
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://127.0.0.1");
    if (incoming.method === "POST" && pathname.endsWith("/jobs")) {
      const { jobReference } = JSON.parse(Buffer.concat(chunks).toString()) as { jobReference: object };
      return send(outgoing, JSON.stringify({ jobReference, status: { state: "DONE" } }));
    }
    if (incoming.method !== "GET" || !pathname.includes("/queries/")) {
      outgoing.statusCode = 501;
      return send(outgoing, JSON.stringify({ error: { code: 501, message: `not spoken here: ${pathname}` } }));
    }
    pages += 1;
    const from = Number(searchParams.get("startIndex") ?? 0);
    const most = Number(searchParams.get("maxResults") ?? rows);
    const written: string[] = [];
    for (let at = from, bytes = 0; at < Math.min(rows, from + most) && bytes < PAGE_BYTES; at += 1) {
      const text = row(at + 1);
      bytes += text.length;
      written.push(text);
    }
    const head = JSON.stringify({ jobComplete: true, totalRows: String(rows), schema: { fields } });
    send(outgoing, `${head.slice(0, -1)},"rows":[${written.join(",")}]}`);
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    pages: () => pages,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(outgoing: ServerResponse, body: string): void {
  outgoing.setHeader("content-type", "application/json");
  outgoing.end(body);
}
