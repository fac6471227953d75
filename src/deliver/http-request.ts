import { validateHeaderName, validateHeaderValue } from "node:http";
import { TargetInvalid } from "../core/delivery-errors.ts";
import { ContractError } from "../core/errors.ts";
import type { Authentication, Connector, HttpReply, HttpRequest } from "../destinations/connector.ts";
import { redact } from "./redact.ts";

/** A request as it goes to the wire. */
export interface Outgoing {
  readonly method: HttpRequest<unknown>["method"];
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** What `send --dry-run` shows of a request; secrets are masked. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A dry run cannot go on: what comes next depends on the platform's answer. */
export class DryRunEnds extends Error {
  constructor() {
    super("the requests that follow depend on the platform's answer");
    this.name = "DryRunEnds";
  }
}

/** Puts address, credentials, headers and body together. Throws ContractError for an address outside the account. */
export function outgoing<A>(
  connector: Connector<A>,
  account: A,
  request: HttpRequest<unknown>,
  auth: Authentication | null,
): Outgoing {
  const { body, contentType } = payload(request);
  const headers: Record<string, string> = { "user-agent": "millrace" };
  if (typeof request.expect === "object") headers.accept = "application/json";
  if (contentType !== null) headers["content-type"] = contentType;
  for (const [name, value] of Object.entries(auth?.headers ?? {})) headers[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  assertWritable(headers);
  return { method: request.method, url: address(connector, account, request, auth), headers, body };
}

/** The transport would leave out what it cannot write, and a shortened credential is a puzzle. */
function assertWritable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new TargetInvalid(
        `the header "${name.replace(/[^\w-]/g, "?")}" holds a character that HTTP does not allow`,
        {
          hint: "Look for line breaks and typographic characters in the account's credentials and headers.",
        },
      );
    }
  }
}

/** May it change something at the platform? Token requests change nothing that a row depends on. */
export function isWrite(request: HttpRequest<unknown>): boolean {
  return request.method !== "GET" && request.anonymous !== true;
}

export function hostOf(out: Outgoing): string {
  return out.url.host;
}

export function recorded(out: Outgoing, secrets: Iterable<string>): RecordedRequest {
  const list = [...secrets];
  return {
    method: out.method,
    url: redact(out.url.href, list),
    headers: Object.fromEntries(Object.entries(out.headers).map(([name, value]) => [name, redact(value, list)])),
    body: out.body === undefined ? null : redact(out.body.toString("utf8"), list),
  };
}

/** The least answer that the request's schema takes, so that a dry run sees later requests too where it can. */
export function standIn(request: HttpRequest<unknown>): HttpReply<unknown> {
  const reply = { status: 200, headers: {} };
  if (request.expect === "none") return { ...reply, body: null };
  if (request.expect === "text") return { ...reply, body: "" };
  for (const candidate of [null, {}, []]) {
    const read = request.expect.safeParse(candidate);
    if (read.success) return { ...reply, body: read.data };
  }
  throw new DryRunEnds();
}

function address<A>(
  connector: Connector<A>,
  account: A,
  request: HttpRequest<unknown>,
  auth: Authentication | null,
): URL {
  const own = connector.baseUrl?.(account);
  const base = auth?.baseUrl ?? own;
  if (base === undefined) throw outside(connector.id, "has no base URL");
  const origins = new Set(
    [own, auth?.baseUrl, request.anonymous === true ? connector.signInUrl?.(account) : undefined].flatMap((url) =>
      url === undefined ? [] : [parse(connector.id, url).origin],
    ),
  );
  if (
    own !== undefined &&
    parse(connector.id, own).protocol === "https:" &&
    parse(connector.id, base).protocol !== "https:"
  ) {
    throw outside(connector.id, "was told to leave https for http after signing in");
  }
  const absolute = /^https?:\/\//i.test(request.path);
  const url = parse(connector.id, absolute ? request.path : join(base, request.path));
  if (!origins.has(url.origin))
    throw outside(connector.id, `may not send to ${url.host}, which is not the account's host`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.append(name, String(value));
  return url;
}

/** A path never merges with the host: "@evil.example" after a bare host would change it. */
function join(base: string, path: string): string {
  const root = base.replace(/\/+$/, "");
  if (path === "") return base;
  return path.startsWith("/") || path.startsWith("?") ? root + path : `${root}/${path}`;
}

function parse(connector: string, url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null) throw outside(connector, "has an address that is no URL");
  return parsed;
}

function outside(connector: string, what: string): ContractError {
  return new ContractError(`the connector ${connector} ${what}`, {
    hint: "Check the account's base_url; requests go to the account's own host only.",
  });
}

function payload(request: HttpRequest<unknown>): { body: Buffer | undefined; contentType: string | null } {
  if (request.json !== undefined && request.encoding === "form") {
    return { body: Buffer.from(form(request.json)), contentType: "application/x-www-form-urlencoded" };
  }
  if (request.json !== undefined) {
    return { body: Buffer.from(JSON.stringify(request.json)), contentType: "application/json" };
  }
  const { body } = request;
  if (body === undefined) return { body, contentType: null };
  if (typeof body === "string") return { body: Buffer.from(body), contentType: "text/plain; charset=utf-8" };
  // A view of the same bytes: bodies may be a hundred megabytes.
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { body: bytes, contentType: "application/octet-stream" };
}

function form(json: unknown): string {
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new ContractError("a form-encoded request takes named values", {
      hint: "Report this: a connector's defect.",
    });
  }
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(json)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.append(name, typeof one === "object" && one !== null ? JSON.stringify(one) : String(one ?? ""));
    }
  }
  return pairs.toString();
}
