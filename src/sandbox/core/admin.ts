import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { type Misbehaviour, misbehaviourSchema } from "./misbehaviour.ts";
import { renderPage } from "./page.ts";
import type { Platform } from "./platform.ts";
import type { LogEntry, RequestLog } from "./request-log.ts";

export interface AdminParts {
  readonly platforms: readonly Platform[];
  readonly log: RequestLog;
  readonly misbehaviour: Misbehaviour;
  readonly changed: () => void;
}

const logQuery = z.object({
  platform: z.string().optional(),
  /** Entries with a higher seq. */
  since: z.coerce.number().int().optional(),
  path: z.string().optional(),
});
const rules = z.union([misbehaviourSchema, z.array(misbehaviourSchema)]);

/** The sandbox's own pages and JSON: what it holds, what arrived, what it does wrong. None of it is logged. */
export function registerAdmin(app: FastifyInstance, parts: AdminParts): void {
  app.get("/", (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(renderPage(parts.platforms, parts.log.entries())),
  );
  app.get("/_sandbox/state", () =>
    Object.fromEntries(parts.platforms.map((platform) => [platform.name, platform.state()])),
  );
  app.delete("/_sandbox/state", (_request, reply) => {
    for (const platform of parts.platforms) platform.reset();
    parts.log.clear();
    parts.changed();
    return reply.code(204).send();
  });
  app.get("/_sandbox/log", (request, reply) => {
    const query = logQuery.safeParse(request.query);
    if (!query.success) return refuse(reply, query.error);
    return filtered(parts.log.entries(), query.data);
  });
  app.get("/_sandbox/violations", () => parts.log.entries().filter((entry) => entry.contract_violation !== undefined));
  app.get("/_sandbox/misbehave", () => parts.misbehaviour.list());
  app.post("/_sandbox/misbehave", (request, reply) => {
    const parsed = rules.safeParse(bodyJson(request.body));
    if (!parsed.success) return refuse(reply, parsed.error);
    for (const rule of Array.isArray(parsed.data) ? parsed.data : [parsed.data]) parts.misbehaviour.add(rule);
    return reply.code(201).send(parts.misbehaviour.list());
  });
  app.delete("/_sandbox/misbehave", (_request, reply) => {
    parts.misbehaviour.clear();
    return reply.code(204).send();
  });
}

function filtered(entries: readonly LogEntry[], query: z.infer<typeof logQuery>): readonly LogEntry[] {
  return entries.filter(
    (entry) =>
      (query.platform === undefined || entry.platform === query.platform) &&
      (query.since === undefined || entry.seq > query.since) &&
      (query.path === undefined || entry.path.includes(query.path)),
  );
}

function bodyJson(body: unknown): unknown {
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function refuse(reply: FastifyReply, error: z.ZodError) {
  return reply.code(400).send({ error: z.prettifyError(error) });
}
