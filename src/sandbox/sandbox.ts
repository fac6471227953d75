import { join } from "node:path";
import { type FastifyInstance, fastify } from "fastify";
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { ConfigError, MillraceError } from "../core/errors.ts";
import { type SandboxConfigInput, sandboxConfigSchema } from "./config.ts";
import { registerAdmin } from "./core/admin.ts";
import { type ExchangeParts, exchange, type Seen } from "./core/exchange.ts";
import { createMisbehaviour } from "./core/misbehaviour.ts";
import type { Platform } from "./core/platform.ts";
import { openRequestLog } from "./core/request-log.ts";
import { loadSnapshots, saveSnapshots } from "./core/snapshots.ts";
import { createPlatforms } from "./stand-ins.ts";

export interface SandboxOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Default 127.0.0.1: the sandbox holds whatever the warehouse sent it. */
  readonly host?: string;
  /** Keeps state.json (and requests.jsonl, unless `logFile` says otherwise) there and continues from it. Absent: memory only. */
  readonly dataDir?: string;
  /** One JSON line per request, appended before the answer: see LogEntry. */
  readonly logFile?: string;
  readonly clock: Clock;
  readonly config?: SandboxConfigInput;
  /** Watches requests and answers from within the process. */
  readonly observe?: (seen: Seen) => void;
}

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  /** Titles, in the order of the page. */
  readonly platforms: readonly string[];
  close(): Promise<void>;
}

/** The sandbox cannot listen where it was told to. */
class SandboxFailed extends MillraceError {
  override readonly code = "SANDBOX_FAILED";
  override readonly retry = "after-fix";
}

// Salesforce takes 150 MB of CSV; anything near that must reach the platform's own check.
const MAX_BODY_BYTES = 170_000_000;
// More than Salesforce's longest URI (16,384 bytes), so that its stand-in answers 414 itself.
const MAX_HEADER_BYTES = 64 * 1024;
const SAVE_AFTER_MS = 1000;

/** Starts the stand-ins at /<platform>, their page at / and their JSON under /_sandbox. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const config = sandboxConfigSchema.safeParse(options.config ?? {});
  if (!config.success) {
    throw new ConfigError(`The sandbox's settings are wrong: ${z.prettifyError(config.error)}`, {
      hint: "Mend the settings named above.",
    });
  }
  const { clock, dataDir, observe } = options;
  const misbehaviour = createMisbehaviour();
  for (const rule of config.data.misbehave) misbehaviour.add(rule);
  const platforms = createPlatforms(config.data, clock, misbehaviour);
  if (dataDir !== undefined) loadSnapshots(dataDir, platforms);
  const logFile = options.logFile ?? (dataDir === undefined ? undefined : join(dataDir, "requests.jsonl"));
  const log = openRequestLog(logFile);
  const saver = dataDir === undefined ? undefined : createSaver(dataDir, platforms);

  const app = createApp(options.host ?? "127.0.0.1");
  registerAdmin(app, { platforms, log, misbehaviour, changed: () => saver?.soon() });
  const parts: ExchangeParts = {
    clock,
    log,
    misbehaviour,
    idempotencyHeader: config.data.hook.header.toLowerCase(),
    changed: () => saver?.soon(),
    ...(observe ? { observe } : {}),
  };
  for (const platform of platforms) mount(app, platform, parts);

  const address = await listen(app, options);
  return {
    ...address,
    platforms: platforms.map((platform) => platform.title),
    async close() {
      await app.close();
      saver?.now();
    },
  };
}

function createApp(host: string): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    http: { maxHeaderSize: MAX_HEADER_BYTES },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  if (host === "127.0.0.1" || host === "localhost" || host === "::1") {
    // A page elsewhere that rebinds its name to this machine must not read what the sandbox holds.
    app.addHook("onRequest", async (request, reply) => {
      if (/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.host)) return;
      await reply.code(403).send({ error: "The sandbox answers only to localhost and 127.0.0.1." });
    });
  }
  return app;
}

function mount(app: FastifyInstance, platform: Platform, parts: ExchangeParts): void {
  const prefix = `/${platform.name}`;
  for (const route of platform.routes) {
    app.route({
      method: route.method === "ANY" ? ["GET", "POST", "PUT", "PATCH", "DELETE"] : [route.method],
      url: `${prefix}${route.path}`,
      exposeHeadRoute: false,
      handler: (request, reply) => exchange(parts, platform, route, prefix, request, reply),
    });
  }
}

async function listen(app: FastifyInstance, options: SandboxOptions): Promise<{ url: string; port: number }> {
  const host = options.host ?? "127.0.0.1";
  try {
    await app.listen({ port: options.port, host });
  } catch (cause) {
    throw new SandboxFailed(`The sandbox cannot listen on ${host}:${options.port}`, {
      hint: "Another program may hold that port: choose another with --port, or 0 for any free one.",
      cause,
    });
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return { port, url: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}` };
}

/** Saves a moment after the last change, and once more at the end. */
function createSaver(dir: string, platforms: readonly Platform[]): { soon(): void; now(): void } {
  let timer: NodeJS.Timeout | undefined;
  const now = () => {
    clearTimeout(timer);
    timer = undefined;
    saveSnapshots(dir, platforms);
  };
  return {
    now,
    soon() {
      timer ??= setTimeout(now, SAVE_AFTER_MS).unref();
    },
  };
}
