import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit.ts";
import type { Relation } from "../core/relation.ts";
import { maskValue } from "../destinations/pii.ts";
import { chain, type Evidence } from "../identity/chain.ts";
import { sql } from "../warehouse/sql.ts";
import type { App } from "./app.ts";
import { type Given, type Identifier, identifierOf, profileOf, signed } from "./identity/identifier.ts";
import { pin, unpin } from "./identity/pin.ts";
import { report } from "./identity/report.ts";
import { identityTables } from "./identity/tables.ts";
import { train } from "./identity/train.ts";
import type { VerbAction } from "./run-verb.ts";

type Words = readonly (string | undefined)[];
type Action = (app: App, given: Given, words: Words) => Promise<ExitCode>;

const actions: Readonly<Record<string, Action>> = {
  explain,
  report,
  diff,
  approve,
  merge: (app, given, words) => decide(app, given, "must_link", words),
  split: (app, given, words) => decide(app, given, "cannot_link", words),
  pin,
  unpin,
  train,
};

/** `identity ACTION [A] [B] [C]`: who is who and why, what the next run would change, and decisions of people. */
export const identity =
  (action: string, a: string | undefined, b: string | undefined, c: string | undefined, given: Given): VerbAction =>
  async ({ open }) => {
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (act === undefined) {
      throw new ConfigError(`identity cannot "${action}"`, { hint: `It can: ${Object.keys(actions).join(", ")}.` });
    }
    return act(await open(), given, [a, b, c]);
  };

const edgeRow = z.object({
  a: z.string(),
  b: z.string(),
  rule: z.string(),
  source: z.string(),
  first: z.string().nullable(),
  confidence: z.coerce.number(),
});
const mostEdges = 20_000;

async function explain(app: App, _given: Given, [first, second]: Words): Promise<ExitCode> {
  const a = identifierOf(first);
  const b = second === undefined ? null : identifierOf(second);
  const at = await identityTables(app);
  const shown = (name: string) => {
    const { namespace, value } = splitName(name);
    return app.showValues ? `${namespace} ${value}` : `${namespace} ${String(maskValue(value))}`;
  };
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session): Promise<ExitCode> => {
      const profile = await profileOf(session, at.component, a);
      const other = b === null ? null : await profileOf(session, at.component, b);
      const { dialect } = session;
      const edges = (
        await session.query(
          sql`select e.a_namespace || ' ' || e.a_value as a, e.b_namespace || ' ' || e.b_value as b, e.rule, e.source, cast(e.first_seen as ${dialect.typeName("text")}) as first, e.confidence
          from ${dialect.relation(at.edge)} as e
          inner join ${dialect.relation(at.component)} as c on c.namespace = e.a_namespace and c.value = e.a_value
          where c.profile_id = ${profile ?? ""} and e.status = 'active' and e.rule <> 'cannot_link' limit ${mostEdges}`,
          edgeRow,
        )
      ).map(({ first: firstSeen, ...edge }): Evidence => ({ ...edge, firstSeen }));
      const told = await session.query(
        sql`select guard, evidence from ${dialect.relation(at.violation)} where namespace = ${a.namespace} and value = ${a.value}`,
        z.object({ guard: z.string(), evidence: z.string() }),
      );
      const found = b === null || profile === null || profile !== other ? null : chain(edges, nameOf(a), nameOf(b));
      if (profile === null) app.out.print(`${shown(nameOf(a))} belongs to no profile`);
      else if (b === null)
        app.out.print(`${shown(nameOf(a))} belongs to profile ${profile}, with ${edges.length} edges`);
      else if (other !== profile) app.out.print(`two people: ${profile} and ${other ?? "no profile"}`);
      else app.out.print(`one person, profile ${profile}`);
      for (const { guard, evidence } of told) app.out.print(`  guard ${guard}: ${evidence}`);
      const line = (edge: Evidence) =>
        `${edge.rule} of ${edge.source}, first ${edge.firstSeen ?? "unknown"}, confidence ${edge.confidence}`;
      for (const step of found?.steps ?? []) app.out.print(`  ${shown(step.from)} – ${shown(step.to)}: ${line(step)}`);
      if (found !== null) {
        app.out.print(`  weakest: ${shown(found.weakest.a)} – ${shown(found.weakest.b)}`);
        for (const edge of found.separating)
          app.out.print(`  without ${shown(edge.a)} – ${shown(edge.b)} they would be two`);
      } else if (b === null) {
        for (const edge of edges.filter((each) => each.a === nameOf(a) || each.b === nameOf(a)))
          app.out.print(`  ${shown(edge.a)} – ${shown(edge.b)}: ${line(edge)}`);
      }
      const masked = (edge: Evidence) => ({ ...edge, a: shown(edge.a), b: shown(edge.b) });
      app.out.emit({
        profile_id: profile,
        other_profile_id: other,
        guards: told,
        chain: found?.steps.map((step) => ({ ...masked(step), from: shown(step.from), to: shown(step.to) })) ?? null,
        weakest: found === null ? null : masked(found.weakest),
        separating: found?.separating.map(masked) ?? null,
      });
      return 0;
    },
    app.signal,
  );
}

/** What the staged run would publish: events of runs beyond the pointer. */
async function diff(app: App): Promise<ExitCode> {
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session): Promise<ExitCode> => {
      const of = (relation: Relation) => session.dialect.relation(relation);
      const events = await session.query(
        sql`select event, profile_id, other_profile_id, cause, from_run as run from ${of(at.lineage)}
        where from_run > (select max(run) from ${of(at.pointer)}) order by event, profile_id limit 1000`,
        z.object({
          event: z.string(),
          profile_id: z.string(),
          other_profile_id: z.string().nullable(),
          cause: z.string().nullable(),
          run: z.coerce.number(),
        }),
      );
      if (events.length === 0) app.out.print("no run is staged that would change a profile");
      for (const { event, profile_id, other_profile_id, cause } of events)
        app.out.print(
          `${event} ${profile_id}${other_profile_id === null ? "" : ` ${event === "merge" ? "into" : "from"} ${other_profile_id}`}${cause === null ? "" : `: ${cause}`}`,
        );
      app.out.emit({ events });
      return 0;
    },
    app.signal,
  );
}

/** Publishes a staged run that the brake holds: the same update of the pointer that a build does. */
async function approve(app: App, _given: Given, [run]: Words): Promise<ExitCode> {
  const wanted = Number(run);
  if (!Number.isInteger(wanted))
    throw new ConfigError("approve needs the number of a run", { hint: "The brake's message names it." });
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "write",
    async (session): Promise<ExitCode> => {
      const of = (relation: Relation) => session.dialect.relation(relation);
      const staged = await session.query(
        sql`select run from ${of(at.run)} where status = 'staged' and run = ${wanted} and run > (select max(run) from ${of(at.pointer)})`,
        z.object({ run: z.coerce.number() }),
      );
      if (staged.length === 0) {
        throw new ConfigError(`identity run ${wanted} is not staged`, {
          hint: "A newer build may have replaced it: build again, and look at its message.",
        });
      }
      await session.transaction(() =>
        session.execute([
          sql`update ${of(at.pointer)} set run = ${wanted}, published_at = ${session.dialect.now()}`,
          sql`update ${of(at.run)} set status = 'published' where run = ${wanted}`,
        ]),
      );
      app.out.print(`identity run ${wanted} is published`);
      app.out.emit({ published: wanted });
      return 0;
    },
    app.signal,
  );
}

async function decide(
  app: App,
  given: Given,
  kind: "must_link" | "cannot_link",
  [first, second]: Words,
): Promise<ExitCode> {
  const a = identifierOf(first);
  const b = identifierOf(second);
  const { who, why } = signed(given);
  const { decision } = await identityTables(app);
  const id = randomUUID();
  const warehouse = await app.warehouse();
  await warehouse.session(
    "write",
    (session) => {
      const at = session.dialect.relation(decision);
      // The newest decision about a pair stands; what was decided before is withdrawn, and kept.
      const pair = sql`((a_namespace = ${a.namespace} and a_value = ${a.value} and b_namespace = ${b.namespace} and b_value = ${b.value})
      or (a_namespace = ${b.namespace} and a_value = ${b.value} and b_namespace = ${a.namespace} and b_value = ${a.value}))`;
      return session.transaction(() =>
        session.execute([
          sql`update ${at} set withdrawn_at = ${session.dialect.now()} where withdrawn_at is null and ${pair}`,
          sql`insert into ${at} (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at, withdrawn_at)
          values (${id}, ${kind}, ${a.namespace}, ${a.value}, ${b.namespace}, ${b.value}, ${who}, ${why}, ${session.dialect.now()}, null)`,
        ]),
      );
    },
    app.signal,
  );
  app.out.print(`decided: ${kind === "must_link" ? "one person" : "two people"} (${id}). The next build follows it.`);
  app.out.emit({ decision: id, kind });
  return 0;
}

const nameOf = ({ namespace, value }: Identifier): string => `${namespace} ${value}`;

function splitName(name: string): Identifier {
  const at = name.indexOf(" ");
  return { namespace: name.slice(0, at), value: name.slice(at + 1) };
}
