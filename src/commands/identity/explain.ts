import { z } from "zod";
import type { ExitCode } from "../../core/exit.ts";
import { chain, type Evidence } from "../../identity/chain.ts";
import { type Sql, sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import {
  type Given,
  type Identifier,
  identifierOf,
  type KnownIdentifier,
  knownIdentifier,
  shownIdentifier,
} from "./identifier.ts";
import { type IdentityTables, identityTables } from "./tables.ts";

const edgeRow = z.object({
  a_namespace: z.string(),
  a_value: z.string(),
  b_namespace: z.string(),
  b_value: z.string(),
  rule: z.string(),
  source: z.string(),
  first_seen: z.string().nullable(),
  confidence: z.coerce.number(),
});
const guardRow = z.object({ guard: z.string(), evidence: z.string() });
/** Of one profile; the chain is looked for among these. */
const mostEdges = 20_000;
const mostCut = 20;

/** What is known of one of the identifiers that were asked about. */
interface Asked {
  readonly asked: Identifier;
  /** null: no record bears it, and no profile has it. */
  readonly known: KnownIdentifier | null;
  readonly guards: readonly z.output<typeof guardRow>[];
  /** Where nothing bears it any more: whose it was, and until when. */
  readonly once: { readonly profileId: string; readonly until: string } | null;
}

/** `identity explain A [B]`: whose an identifier is; the evidence between two of them, and what would part them. */
export async function explain(app: App, _given: Given, [first, second]: readonly (string | undefined)[]) {
  const a = identifierOf(first, app.identity);
  const b = second === undefined ? null : identifierOf(second, app.identity);
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session) => {
      const one = await ask(session, at, a);
      if (b === null) return explainOne(app, session, at, one);
      return explainTwo(app, session, at, one, await ask(session, at, b));
    },
    app.signal,
  );
}

async function ask(session: Session, at: IdentityTables, asked: Identifier): Promise<Asked> {
  const of = session.dialect.relation;
  const known = await knownIdentifier(session, at, asked);
  const { namespace, value } = known ?? asked;
  const guards = await session.query(
    sql`select guard, evidence from ${of(at.violation)} where namespace = ${namespace} and value = ${value} order by guard, evidence`,
    guardRow,
  );
  if (known !== null) return { asked, known, guards, once: null };
  const [once] = await session.query(
    sql`select profile_id, cast(valid_to as ${session.dialect.typeName("text")}) as until from ${of(at.history)}
      where namespace = ${namespace} and value = ${value} and valid_to is not null order by valid_to desc limit 1`,
    z.object({ profile_id: z.string(), until: z.string() }),
  );
  return { asked, known, guards, once: once === undefined ? null : { profileId: once.profile_id, until: once.until } };
}

async function explainOne(app: App, session: Session, at: IdentityTables, one: Asked): Promise<ExitCode> {
  const edges = await edgesOf(session, at, one.known?.profileId ?? null);
  tell(app, one, edges.length);
  const name = nameOf(one.known ?? one.asked);
  const own = edges.filter((each) => each.a === name || each.b === name);
  for (const edge of own) app.out.print(`  ${shownPair(app, edge)}: ${line(edge)}`);
  app.out.emit({
    ...documentOf(one),
    other_profile_id: null,
    edges: own.map((edge) => masked(app, edge)),
    chain: null,
    weakest: null,
    separating: null,
    together: null,
  });
  return 0;
}

async function explainTwo(app: App, session: Session, at: IdentityTables, a: Asked, b: Asked): Promise<ExitCode> {
  const [mine, theirs] = [a.known?.profileId ?? null, b.known?.profileId ?? null];
  const [from, to] = [nameOf(a.known ?? a.asked), nameOf(b.known ?? b.asked)];
  const one = mine !== null && mine === theirs;
  const edges = one ? await edgesOf(session, at, mine) : [];
  const found = one ? chain(edges, from, to) : null;
  const cut = mine !== null && theirs !== null && !one ? await edgesBetween(session, at, mine, theirs) : [];
  if (one) {
    app.out.print(`one person, profile ${mine}`);
    if (from === to)
      app.out.print("  both are one identifier; name another one of the profile to see what links the two");
    for (const each of from === to ? [a] : [a, b]) tellGuards(app, each);
  } else {
    if (mine !== null && theirs !== null) app.out.print(`two people: ${mine} and ${theirs}`);
    for (const each of [a, b]) tell(app, each, null);
  }
  for (const step of found?.steps ?? [])
    app.out.print(`  ${shown(app, step.from)} – ${shown(app, step.to)}: ${line(step)}`);
  if (found !== null) {
    app.out.print(`  weakest: ${shownPair(app, found.weakest)}`);
    for (const edge of found.separating) app.out.print(`  without ${shownPair(app, edge)} they would be two`);
    if (found.together === null) app.out.print("  they hang together in more ways than can be told");
    else if (found.together.length > 0)
      app.out.print(
        `  no single edge holds them together; they would be two without ${found.together.map((edge) => shownPair(app, edge)).join(" and ")}`,
      );
  } else if (one && from !== to) {
    app.out.print(
      edges.length === mostEdges
        ? `  no chain among the first ${mostEdges} edges of the profile: ask about two of its identifiers that are nearer`
        : "  no edge links the two now: a guard keeps the profile as it was",
    );
  } else if (!one && mine !== null && theirs !== null) {
    for (const edge of cut)
      app.out.print(
        edge.rule === "cannot_link"
          ? `  ${shownPair(app, edge)}: a decision keeps them apart`
          : `  ${shownPair(app, edge)}: ${line(edge)}; a guard cut it`,
      );
    if (cut.length === 0) app.out.print("  no edge goes from one to the other; `millrace identity merge` joins them");
  }
  app.out.emit({
    ...documentOf(a),
    other_profile_id: theirs,
    other_status: statusOf(b),
    other_guards: b.guards,
    chain:
      found?.steps.map((step) => ({ ...masked(app, step), from: shown(app, step.from), to: shown(app, step.to) })) ??
      null,
    weakest: found === null ? null : masked(app, found.weakest),
    separating: found?.separating.map((edge) => masked(app, edge)) ?? null,
    together: found?.together?.map((edge) => masked(app, edge)) ?? null,
    cut: cut.map((edge) => masked(app, edge)),
  });
  return 0;
}

/** Whose it is, and where it is nobody's, why. `edges`: of its profile; null: not to be told. */
function tell(app: App, { asked, known, guards, once }: Asked, edges: number | null): void {
  const name = shownIdentifier(known ?? asked, app.showValues);
  if (known === null) {
    if (once === null) {
      app.out.print(`no record bears ${name}`);
      app.out.note("Write it normalised, as the table `identifier` has it.");
    } else
      app.out.print(`no record bears ${name} any more; until ${once.until} it belonged to profile ${once.profileId}`);
  } else if (known.profileId === null) {
    app.out.print(`${name} belongs to no profile`);
    if (known.status === "active")
      app.out.print("  it is new in a cluster that is quarantined: identity_violation says by which limit");
  } else {
    const counted = edges === null ? "" : `, with ${edges}${edges === mostEdges ? " edges or more" : " edges"}`;
    app.out.print(`${name} belongs to profile ${known.profileId}${counted}`);
    if (known.quarantined)
      app.out.print(
        "  the profile is quarantined: a guard holds its cluster back, and its last good assignment stands",
      );
  }
  tellGuards(app, { asked, known, guards, once });
}

function tellGuards(app: App, { guards }: Asked): void {
  for (const { guard, evidence } of guards) app.out.print(`  guard ${guard}: ${evidence}`);
}

/** `unknown`; `gone`: no record bears it any more; `active`, or the guard that keeps it from linking. */
const statusOf = ({ known, once }: Asked): string => known?.status ?? (once === null ? "unknown" : "gone");

const documentOf = (one: Asked) => ({
  profile_id: one.known?.profileId ?? null,
  status: statusOf(one),
  quarantined: one.known?.quarantined ?? false,
  once: one.once === null ? null : { profile_id: one.once.profileId, until: one.once.until },
  guards: one.guards,
});

const edgeColumns = (session: Session): Sql =>
  sql`e.a_namespace, e.a_value, e.b_namespace, e.b_value, e.rule, e.source,
    cast(e.first_seen as ${session.dialect.typeName("text")}) as first_seen, e.confidence`;

const evidenceOf = ({ a_namespace, a_value, b_namespace, b_value, first_seen, ...edge }: z.output<typeof edgeRow>) => ({
  ...edge,
  a: nameOf({ namespace: a_namespace, value: a_value }),
  b: nameOf({ namespace: b_namespace, value: b_value }),
  firstSeen: first_seen,
});

async function edgesOf(session: Session, at: IdentityTables, profile: string | null): Promise<Evidence[]> {
  if (profile === null) return [];
  const of = session.dialect.relation;
  const rows = await session.query(
    sql`select ${edgeColumns(session)}
      from ${of(at.edge)} as e
      inner join ${of(at.component)} as c on c.namespace = e.a_namespace and c.value = e.a_value
      where c.profile_id = ${profile} and e.status = 'active' and e.rule <> 'cannot_link'
      order by e.confidence desc, e.a_namespace, e.a_value, e.b_namespace, e.b_value limit ${mostEdges}`,
    edgeRow,
  );
  return rows.map(evidenceOf);
}

/** What goes from one profile to the other and joins them not: edges that a guard cut, and decisions to keep them apart. */
async function edgesBetween(session: Session, at: IdentityTables, one: string, other: string): Promise<Evidence[]> {
  const of = session.dialect.relation;
  const rows = await session.query(
    sql`select ${edgeColumns(session)}
      from ${of(at.edge)} as e
      inner join ${of(at.component)} as x on x.namespace = e.a_namespace and x.value = e.a_value
      inner join ${of(at.component)} as y on y.namespace = e.b_namespace and y.value = e.b_value
      where (e.status = 'cut' or e.rule = 'cannot_link')
        and ((x.profile_id = ${one} and y.profile_id = ${other}) or (x.profile_id = ${other} and y.profile_id = ${one}))
      order by e.confidence desc, e.a_namespace, e.a_value, e.b_namespace, e.b_value limit ${mostCut}`,
    edgeRow,
  );
  return rows.map(evidenceOf);
}

const line = (edge: Evidence): string =>
  `${edge.rule} of ${edge.source}, first ${edge.firstSeen ?? "unknown"}, confidence ${edge.confidence}`;

const nameOf = ({ namespace, value }: Identifier): string => `${namespace} ${value}`;

function shown(app: App, name: string): string {
  const at = name.indexOf(" ");
  return shownIdentifier({ namespace: name.slice(0, at), value: name.slice(at + 1) }, app.showValues);
}

const shownPair = (app: App, { a, b }: Evidence): string => `${shown(app, a)} – ${shown(app, b)}`;

const masked = (app: App, edge: Evidence) => ({ ...edge, a: shown(app, edge.a), b: shown(app, edge.b) });
