import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import type { SandboxConfigInput } from "../../src/sandbox/config.ts";
import type { Seen } from "../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../src/sandbox/core/misbehaviour.ts";
import type { LogEntry } from "../../src/sandbox/core/request-log.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";

/** JSON of unknown shape, as tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests name the members they expect, and fail when they are not there.
export type Loose = any;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Loose;
}

/** Time stands still until a test moves it; sleeping is instantaneous. */
export interface TestClock extends Clock {
  advance(ms: number): void;
  readonly slept: number[];
}

export function testClock(start = "2026-08-01T00:00:00.000Z"): TestClock {
  let now = Date.parse(start);
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    async sleep(ms) {
      slept.push(ms);
    },
    advance(ms) {
      now += ms;
    },
  };
}

const open: { close(): Promise<void> }[] = [];
const dirs: string[] = [];
// In this order: a sandbox with a data folder writes into it as it closes.
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** A folder that is gone after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-sandbox-"));
  dirs.push(dir);
  return dir;
}

interface Started {
  readonly url: string;
  readonly clock: TestClock;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
  call(method: string, path: string, init?: { headers?: Record<string, string>; body?: unknown }): Promise<Reply>;
  misbehave(...rules: MisbehaviourInput[]): Promise<void>;
  log(): Promise<readonly LogEntry[]>;
  violations(): Promise<readonly LogEntry[]>;
  state(): Promise<Loose>;
}

export async function start(
  config: SandboxConfigInput = {},
  options: { readonly dataDir?: string; readonly logFile?: string } = {},
): Promise<Started> {
  const clock = testClock();
  const seen: Seen[] = [];
  const sandbox = await startSandbox({ port: 0, clock, config, observe: (one) => seen.push(one), ...options });
  open.push(sandbox);
  const call: Started["call"] = async (method, path, init = {}) => {
    const body = init.body === undefined || typeof init.body === "string" ? init.body : JSON.stringify(init.body);
    const reply = await fetch(sandbox.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...init.headers },
      ...(body === undefined ? {} : { body: body as string }),
    });
    const text = await reply.text();
    const isJson = (reply.headers.get("content-type") ?? "").includes("json");
    return {
      status: reply.status,
      headers: reply.headers,
      text,
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  };
  return {
    url: sandbox.url,
    clock,
    seen,
    call,
    close: () => sandbox.close(),
    async misbehave(...rules) {
      const reply = await call("POST", "/_sandbox/misbehave", { body: rules });
      if (reply.status !== 201) throw new Error(reply.text);
    },
    log: async () => (await call("GET", "/_sandbox/log")).body as LogEntry[],
    violations: async () => (await call("GET", "/_sandbox/violations")).body as LogEntry[],
    state: async () => (await call("GET", "/_sandbox/state")).body,
  };
}

/** A caller signed in to the Salesforce stand-in. */
export async function salesforceCaller(sandbox: Started) {
  const form = "grant_type=client_credentials&client_id=sandbox-id&client_secret=sandbox-secret";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const signedIn = await sandbox.call("POST", "/salesforce/services/oauth2/token", { headers, body: form });
  const authorization = `Bearer ${signedIn.body.access_token}`;
  return (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
    sandbox.call(method, `/salesforce/services/data/v64.0${path}`, { headers: { authorization, ...more }, body });
}

/** A caller of the Klaviyo stand-in with key and revision. */
export function klaviyoCaller(sandbox: Started) {
  return (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
    sandbox.call(method, `/klaviyo${path}`, {
      headers: {
        authorization: "Klaviyo-API-Key pk_sandbox",
        revision: "2026-07-15",
        ...(body === undefined ? {} : { "content-type": "application/vnd.api+json" }),
        ...more,
      },
      body,
    });
}
