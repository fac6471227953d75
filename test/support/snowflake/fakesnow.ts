import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DbtFailed } from "../../../src/core/errors.ts";
import { installDbt } from "../../../src/models/install-dbt.ts";
import { packageRoot } from "../../../src/models/package-root.ts";
import type { SnowflakeWarehouseOptions } from "../../../src/warehouse/snowflake/index.ts";

const here = join(packageRoot(), "test", "support", "snowflake");
const cache = join(packageRoot(), "node_modules", ".cache", "millrace-fakesnow");

/** How a login must look; everything is let in that is not mentioned. */
export interface Logins {
  /** PEM; tokens signed by another key are refused. */
  readonly publicKey?: string;
  /** As Snowflake wants it: ACCOUNT.USER */
  readonly subject?: string;
  /** The only OAuth token that is let in. */
  readonly token?: string;
}

export interface Fault {
  /** Statements that match meet it. */
  readonly match: string;
  readonly code?: string;
  readonly sqlState?: string;
  readonly message?: string;
  /** The session is gone when the statement arrives. */
  readonly endSession?: boolean;
  readonly times?: number;
}

export interface Fakesnow {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Options for a warehouse in this database, which is made on the first login. */
  options(database: string): SnowflakeWarehouseOptions;
  fault(fault: Fault): Promise<void>;
  /** The next statement that matches finds the virtual warehouse suspended, and what follows, until somebody resumes it. */
  suspendAt(match: string): Promise<void>;
  endSessions(): Promise<void>;
  /** What was asked: {login} and {sql, parameters}, in order. */
  log(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  stop(): Promise<void>;
}

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

/** The reason why there is no fakesnow on this machine, for `context.skip`; null: there is. */
export async function whyNoFakesnow(): Promise<string | null> {
  try {
    await installDbt({ root: cache, requirements: join(here, "requirements.txt"), env: environment() });
    return null;
  } catch (error) {
    if (!(error instanceof DbtFailed)) throw error;
    return `no fakesnow: ${error.message.split("\n")[0]}`;
  }
}

/** A fresh server on a free port; its data is in memory. Install it first, by `whyNoFakesnow`. */
export async function startFakesnow(logins: Logins = {}): Promise<Fakesnow> {
  const python = join(cache, ".venv", "bin", "python");
  const server = spawn(python, [join(here, "fakesnow_server.py")], {
    // Its standard input is the leash: the server ends when this process does, however that ends.
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...environment(), MILLRACE_FAKESNOW_LOGIN: JSON.stringify(logins) },
  });
  const url = `http://127.0.0.1:${await firstLine(server)}`;
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(
      `${url}${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
    return answer.json();
  };
  return {
    url,
    options: (database) => ({
      account: "fakesnow",
      user: "tester",
      privateKey,
      warehouse: "compute",
      database,
      schema: "millrace",
      baseUrl: url,
    }),
    fault: async (fault) => void (await ask("/test/fault", fault)),
    suspendAt: async (match) => void (await ask("/test/suspend", { match })),
    endSessions: async () => void (await ask("/test/end-sessions", {})),
    log: async () => (await ask("/test/log")) as readonly Readonly<Record<string, unknown>>[],
    async stop() {
      const ended = once(server, "exit");
      server.stdin.end();
      await ended;
    },
  };
}

async function firstLine(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("fakesnow has no output");
  for await (const line of createInterface({ input: server.stdout })) return line;
  throw new Error("fakesnow did not start");
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
