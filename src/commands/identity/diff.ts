import { z } from "zod";
import { ConfigError, DbtFailed, RelationMissing } from "../../core/errors.ts";
import type { ExitCode } from "../../core/exit.ts";
import { sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import type { Given } from "./identifier.ts";
import { type IdentityTables, identityTables } from "./tables.ts";

const count = z.coerce.number();
const runRow = z.object({
  run: count,
  as_of: z.string().nullable(),
  changed_records: count.nullable(),
  profiles: count.nullable(),
  largest: count.nullable(),
});
const eventRow = z.object({
  event: z.string(),
  profile_id: z.string(),
  other_profile_id: z.string().nullable(),
  cause: z.string().nullable(),
  run: count,
});
const movedRow = z.object({ from_profile: z.string(), to_profile: z.string().nullable(), identifiers: count });
/** Of each kind. */
const mostLines = 100;

interface Diff {
  readonly run: z.output<typeof runRow>;
  readonly counts: Readonly<Record<string, number>>;
  readonly events: readonly z.output<typeof eventRow>[];
  /** Identifiers that would have another profile, or (to: null) none. */
  readonly moved: readonly { readonly from: string; readonly to: string | null; readonly identifiers: number }[];
  readonly moved_identifiers: number;
}

/**
 * `identity diff`: what the next run would publish. Of the run that is staged, which the brake holds or an earlier `diff` worked out;
 * where there is none, and with `--build`, dbt works it out now. Publishes nothing.
 */
export async function diff(app: App, given: Given): Promise<ExitCode> {
  const staged = given.build === true ? null : await readStaged(app);
  const told = staged ?? (await workOut(app));
  for (const line of diffLines(told)) app.out.print(line);
  app.out.emit(told);
  return 0;
}

/** null: no run is staged, or identity was never built. */
async function readStaged(app: App): Promise<Diff | null> {
  try {
    return await readDiff(app);
  } catch (error) {
    if (app.models !== null && (error instanceof RelationMissing || error instanceof DbtFailed)) return null;
    throw error;
  }
}

/** Throws ConfigError where somebody else runs dbt, DbtFailed where a model fails. */
async function workOut(app: App): Promise<Diff> {
  if (app.models === null) {
    throw new ConfigError("no identity run is staged, and Millrace does not run this project's dbt", {
      hint: "`dbt build --select +identity_golden` stages one and publishes nothing.",
    });
  }
  const { failed } = await app.models.stageIdentity();
  const told = failed === 0 ? await readDiff(app) : null;
  if (told !== null) return told;
  throw new DbtFailed(`${failed} nodes failed: no identity run was staged`, {
    hint: "dbt's own words stand above. What is published stays as it is.",
  });
}

async function readDiff(app: App): Promise<Diff | null> {
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session("read", (session) => readOf(session, at), app.signal);
}

async function readOf(session: Session, at: IdentityTables): Promise<Diff | null> {
  const of = session.dialect.relation;
  const [run] = await session.query(
    sql`select run, cast(as_of as ${session.dialect.typeName("text")}) as as_of, changed_records, profiles, largest from ${of(at.run)}
      where status = 'staged' and run > (select max(run) from ${of(at.pointer)}) order by run desc limit 1`,
    runRow,
  );
  if (run === undefined) return null;
  const counted = await session.query(
    sql`select event, count(*) as n from ${of(at.lineage)} where from_run = ${run.run} group by event order by event`,
    z.object({ event: z.string(), n: count }),
  );
  const events = await session.query(
    sql`select event, profile_id, other_profile_id, cause, from_run as run from ${of(at.lineage)}
      where from_run = ${run.run} and event <> 'create' order by event, profile_id limit ${mostLines}`,
    eventRow,
  );
  // An identifier has at most one row that this run closed, and one that it opened.
  const moves = sql`select o.profile_id as from_profile, n.profile_id as to_profile, count(*) as identifiers
    from ${of(at.components)} as o
    left join (select code, profile_id from ${of(at.components)} where from_run = ${run.run}) as n on n.code = o.code
    where o.to_run = ${run.run}
    group by o.profile_id, n.profile_id`;
  const moved = await session.query(
    sql`select from_profile, to_profile, identifiers from (${moves}) as moves order by identifiers desc, from_profile, to_profile limit ${mostLines}`,
    movedRow,
  );
  const [all] = await session.query(
    sql`select coalesce(sum(identifiers), 0) as identifiers from (${moves}) as moves`,
    z.object({ identifiers: count }),
  );
  return {
    run,
    counts: Object.fromEntries(counted.map(({ event, n }) => [event, n])),
    events,
    moved: moved.map(({ from_profile: from, to_profile: to, identifiers }) => ({ from, to, identifiers })),
    moved_identifiers: all?.identifiers ?? 0,
  };
}

function diffLines({ run, counts, events, moved, moved_identifiers: identifiers }: Diff): string[] {
  const number = (event: string): number => counts[event] ?? 0;
  const lines = [
    `identity run ${run.run}, staged as of ${run.as_of ?? "an unknown instant"} and not published: ${many(number("create"), "new profile")}, ${number("merge")} merged, ${number("split")} split, ${number("erase")} erased; ${many(identifiers, "identifier")} would have another profile or none`,
  ];
  for (const { event, profile_id: id, other_profile_id: other, cause } of events) {
    const with_ = other === null ? "" : ` ${event === "merge" ? "into" : "from"} ${other}`;
    lines.push(`${event} ${id}${with_}${cause === null ? "" : `: ${cause}`}`);
  }
  const told = number("merge") + number("split") + number("erase");
  if (told > events.length) lines.push(`and ${told - events.length} more: --json and identity_state_lineage have them`);
  for (const { from, to, identifiers: n } of moved)
    lines.push(
      to === null
        ? `${many(n, "identifier")} of ${from} would have no profile`
        : `${many(n, "identifier")} of ${from} would go to ${to}`,
    );
  if (told + identifiers === 0) lines.push("no profile that there is would change");
  return lines;
}

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
