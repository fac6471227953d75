import { randomUUID } from "node:crypto";
import { text } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import type { Environment } from "./environment.ts";
import { fault, type Operation, type Outcome, operate } from "./operations.ts";

const MAX_REQUESTS = 1_000;
const PREFIX = /^\/api\/data\/v9\.\d/;

/** POST $batch: runs every request in its order, and answers each. Only change sets would repeat Content-ID. */
export function runBatch(env: Environment, call: Call, base: string): Answer | Outcome {
  const boundary = /^multipart\/mixed;\s*boundary="?([^";]+)"?$/.exec(call.headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return fault(400, "0x80060888", "not multipart/mixed", "the batch has no boundary");
  const operations = readBatch(call.body.toString("utf8"), boundary);
  if (typeof operations === "string") return fault(400, "0x80048d19", operations, operations);
  if (operations.length > MAX_REQUESTS)
    return fault(400, "0x80060888", "too many requests in the batch", `a batch takes ${MAX_REQUESTS} requests`);
  const goesOn = call.headers.prefer === "odata.continue-on-error";
  const outcomes: Outcome[] = [];
  for (const operation of operations) {
    const outcome = operate(env, operation, base);
    outcomes.push(outcome);
    if (outcome.status >= 400 && !goesOn) break;
  }
  const name = `batchresponse_${randomUUID()}`;
  const body = `${outcomes.map((outcome) => part(name, outcome)).join("")}--${name}--\r\n`;
  const violation = outcomes.find((outcome) => outcome.violation !== undefined)?.violation;
  return text(200, `multipart/mixed; boundary=${name}`, body, {
    applied: outcomes.some((outcome) => outcome.did !== undefined),
    rows: touched(outcomes),
    ...(violation === undefined ? {} : { violation }),
  });
}

function touched(outcomes: readonly Outcome[]): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const { did, row, status } of outcomes) {
    const what = did ?? (status >= 400 ? "rejected" : "read");
    rows[what] ??= [];
    rows[what].push(row ?? "");
  }
  return rows;
}

function part(boundary: string, outcome: Outcome): string {
  const body = outcome.body === undefined ? "" : JSON.stringify(outcome.body);
  const type = body === "" ? [] : ["Content-Type: application/json; odata.metadata=minimal"];
  const headers = Object.entries(outcome.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [
    `--${boundary}`,
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    "",
    `HTTP/1.1 ${outcome.status} ${outcome.status < 400 ? "OK" : "Refused"}`,
    ...type,
    "OData-Version: 4.0",
    ...headers,
    "",
    body,
    "",
  ].join("\r\n");
}

/** The requests of a batch, or what is wrong with it. */
function readBatch(body: string, boundary: string): readonly Operation[] | string {
  if (!body.endsWith(`--${boundary}--\r\n`)) return "the batch does not end with its closing boundary and a line break";
  const operations: Operation[] = [];
  for (const piece of body.split(`--${boundary}\r\n`).slice(1)) {
    const [outer = "", request = "", ...rest] = piece.split("\r\n\r\n");
    if (!/^Content-Type: application\/http/im.test(outer)) return "a part is not application/http";
    const [line = "", ...headerLines] = request.split("\r\n");
    const [, method = "", target = ""] = /^(GET|POST|PATCH|DELETE) (\S+) HTTP\/1\.1$/.exec(line) ?? [];
    const url = URL.parse(target, "http://localhost");
    if (url === null || !PREFIX.test(url.pathname)) return `not a request line: ${line.slice(0, 20)}`;
    const content = rest
      .join("\r\n\r\n")
      .replace(/\r\n(--[^\r\n]+--\r\n)?$/, "")
      .replace(/\r\n--[^\r\n]*--$/, "");
    const headers = Object.fromEntries(
      headerLines.map((header) => {
        const colon = header.indexOf(":");
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
      }),
    );
    const parsed = parse(content);
    if (parsed === undefined) return "Error reading JSON from the stream: not readable";
    operations.push({ method, path: url.pathname.replace(PREFIX, ""), query: url.searchParams, headers, body: parsed });
  }
  return operations.length === 0 ? "the batch is empty" : operations;
}

function parse(content: string): unknown {
  if (content.trim() === "") return null;
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return undefined;
  }
}
