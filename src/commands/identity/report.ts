import { z } from "zod";
import type { ExitCode } from "../../core/exit.ts";
import { maskValue } from "../../destinations/pii.ts";
import { sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import { type IdentityTables, identityTables, isPublished, needStateVersion } from "./tables.ts";

const count = z.coerce.number();
/** ROWS is a word of BigQuery's own. */
const counted = z.object({ name: z.string(), row_count: count });
interface Named {
  readonly name: string;
  readonly rows: number;
}
const named = <T extends { readonly row_count: number }>({ row_count, ...one }: T) => ({ ...one, rows: row_count });
const sourceRow = z.object({ source: z.string(), records: count, in_profile: count, profiles: count });
const sharedRow = z.object({ source: z.string(), other: z.string(), shared: count });
const runRow = z.object({
  run: count,
  as_of: z.string().nullable(),
  changed_records: count,
  new_profiles: count,
  merged: count,
  split: count,
  // null: of a run before statements were counted
  statements: count.nullable(),
});
const stepRow = z.object({ stage: z.string(), statements: count, changed_rows: count });
const learnedRow = z.object({ namespace: z.string(), value: z.string(), evidence: z.string() });
const mostSizes = 20;
const mostLearned = 20;
/** The version of identity's state tables that counts statements by stage. */
const countsStages = 2;

export interface IdentityReport {
  readonly profiles: readonly Named[];
  readonly sources: readonly z.output<typeof sourceRow>[];
  /** Of a source's records, those whose profile bears a record of the other source, too; `rate` is 0–1. */
  readonly match_rates: readonly {
    readonly source: string;
    readonly other: string;
    readonly records: number;
    readonly shared: number;
    readonly rate: number;
  }[];
  /** The run that is published; null: none is. */
  readonly run: z.output<typeof runRow> | null;
  /** What that run sent to the warehouse, by stage in the order of their first statement, and rows these made or changed. */
  readonly stages: readonly z.output<typeof stepRow>[];
  /** Identifiers per profile, records among them, and how many profiles have so many: the largest first. */
  readonly sizes: readonly Named[];
  readonly guards: readonly (Named & { readonly namespace: string })[];
  /** Values that were found to link too many and are blocked: the first by name, masked unless they may be shown. */
  readonly learned: readonly z.output<typeof learnedRow>[];
  /** Profiles whose cluster a guard holds back. */
  readonly quarantined: number;
}

/** `identity report`: how many records of which sources became how many profiles, and what the guards did. */
export async function report(app: App): Promise<ExitCode> {
  const read = await readReport(app);
  for (const line of reportLines(read)) app.out.print(line);
  app.out.emit(read);
  return 0;
}

export async function readReport(app: App): Promise<IdentityReport> {
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session): Promise<IdentityReport> => {
      const of = session.dialect.relation;
      const text = session.dialect.typeName("text");
      await needStateVersion(session, at, countsStages);
      const profiles = await session.query(
        sql`select status as name, count(*) as row_count from ${of(at.profile)} group by status order by status`,
        counted,
      );
      const [run] = await session.query(
        sql`select run, cast(as_of as ${text}) as as_of, changed_records, new_profiles, merged, split, statements
          from ${of(at.run)} where run = (select max(run) from ${of(at.pointer)})`,
        runRow,
      );
      const stages = await session.query(
        sql`select stage, sum(statements) as statements, sum(changed_rows) as changed_rows from ${of(at.step)}
          where run = (select max(run) from ${of(at.pointer)}) group by stage order by min(place)`,
        stepRow,
      );
      const sizes = await session.query(
        sql`select cast(size as ${text}) as name, count(*) as row_count
          from (select profile_id, count(*) as size from ${of(at.component)} group by profile_id) as sizes
          group by size order by size desc limit ${mostSizes}`,
        counted,
      );
      const guards = await session.query(
        sql`select guard as name, coalesce(namespace, '') as namespace, count(*) as row_count from ${of(at.violation)}
          group by guard, namespace order by guard, namespace`,
        counted.extend({ namespace: z.string() }),
      );
      const learned = await session.query(
        sql`select namespace, value, evidence from ${of(at.violation)} where guard = 'learned_value' order by namespace, value limit ${mostLearned}`,
        learnedRow,
      );
      const [held] = await session.query(
        sql`select count(*) as profiles from ${of(at.profile)} where quarantined = 1`,
        z.object({ profiles: count }),
      );
      const declared = app.identity?.sources.map(({ name }) => name) ?? [];
      return {
        profiles: profiles.map(named),
        ...(await readSources(session, at, declared)),
        run: run ?? null,
        stages,
        sizes: sizes.map(named),
        guards: guards.map(named),
        learned: learned.map((each) => ({
          ...each,
          value: app.showValues ? each.value : String(maskValue(each.value)),
        })),
        quarantined: held?.profiles ?? 0,
      };
    },
    app.signal,
  );
}

async function readSources(
  session: Session,
  at: IdentityTables,
  declared: readonly string[],
): Promise<Pick<IdentityReport, "sources" | "match_rates">> {
  const of = session.dialect.relation;
  const open = (alias: "r" | "o" | "c") => isPublished(session, at, alias);
  // A record is in the profiles of its identifiers; one that describes a person is an identifier itself, its id the code.
  const borne = sql`
    select r.source, r.record_id, c.profile_id
    from ${of(at.records)} as r
    inner join (
      select o.record_id, o.code from ${of(at.observations)} as o where ${open("o")}
      union all
      select r.record_id, r.record_id as code from ${of(at.records)} as r where r.record_id > 0 and ${open("r")}
    ) as o on o.record_id = r.record_id
    inner join ${of(at.components)} as c on c.code = o.code and ${open("c")}
    where ${open("r")}
    group by r.source, r.record_id, c.profile_id`;
  const counted = await session.query(
    sql`with borne as (${borne}),
      found as (
        select source, count(distinct record_id) as in_profile, count(distinct profile_id) as profiles from borne group by source
      ),
      counted as (
        select r.source, count(*) as records from ${of(at.records)} as r where ${open("r")} group by r.source
      )
      select counted.source, counted.records, coalesce(found.in_profile, 0) as in_profile, coalesce(found.profiles, 0) as profiles
      from counted left join found on found.source = counted.source order by counted.source`,
    sourceRow,
  );
  // As identity.yml has them; those it has no more come first.
  const sources = counted.sort((a, b) => declared.indexOf(a.source) - declared.indexOf(b.source));
  const shared = await session.query(
    sql`with borne as (${borne}),
      present as (select profile_id, source from borne group by profile_id, source)
      select borne.source, present.source as other, count(distinct borne.record_id) as shared
      from borne
      inner join present on present.profile_id = borne.profile_id and present.source <> borne.source
      group by borne.source, present.source`,
    sharedRow,
  );
  const sharedOf = new Map(shared.map((each) => [`${each.source} ${each.other}`, each.shared]));
  return {
    sources,
    match_rates: sources.flatMap(({ source, records }) =>
      sources
        .filter((each) => each.source !== source)
        .map(({ source: other }) => {
          const both = sharedOf.get(`${source} ${other}`) ?? 0;
          return { source, other, records, shared: both, rate: records === 0 ? 0 : both / records };
        }),
    ),
  };
}

export function reportLines(told: IdentityReport): string[] {
  const active = told.profiles.find(({ name }) => name === "active")?.rows ?? 0;
  const others = told.profiles.filter(({ name }) => name !== "active").map(({ name, rows }) => `${rows} ${name}`);
  const records = told.sources.reduce((all, each) => all + each.records, 0);
  const lines = [
    `${many(records, "record")} of ${many(told.sources.length, "source")} are ${many(active, "profile")}${others.length === 0 ? "" : `; earlier ones: ${others.join(", ")}`}`,
  ];
  for (const { source, records: all, in_profile: inProfile, profiles } of told.sources) {
    const [first, ...rest] = told.match_rates
      .filter((each) => each.source === source)
      .map(({ other, shared, rate }) => ({ other, of: `${shared} (${(rate * 100).toFixed(1)}%)` }));
    const share = first === undefined ? "" : `; ${first.of} share one with ${first.other}`;
    const more = rest.map(({ other, of }) => `, ${of} with ${other}`).join("");
    const none = all === inProfile ? "" : `, ${all - inProfile} in none`;
    lines.push(`  ${source}: ${many(all, "record")} in ${many(profiles, "profile")}${none}${share}${more}`);
  }
  if (told.run !== null) lines.push(runLine(told.run));
  for (const { stage, statements, changed_rows: rows } of told.stages)
    lines.push(`  ${stage}: ${many(statements, "statement")}${rows === 0 ? "" : `, ${many(rows, "row")}`}`);
  if (told.sizes.length > 0) {
    const sizes = told.sizes.map(({ name, rows }) => `${name} in ${rows}`).join(", ");
    lines.push(`identifiers of one profile, its records among them: ${sizes}`);
  }
  const guards = told.guards.map(
    ({ name, namespace, rows }) => `${name} ${rows}${namespace === "" ? "" : ` of ${namespace}`}`,
  );
  if (guards.length > 0) lines.push(`caught by guards: ${guards.join(", ")}`);
  for (const { namespace, value, evidence } of told.learned)
    lines.push(`  found to link too many, and blocked: ${namespace} ${value}, ${evidence}`);
  if (told.quarantined > 0)
    lines.push(
      `${many(told.quarantined, "profile")} in quarantine: the last good assignment stands, and syncs leave them as they are`,
    );
  return lines;
}

/** What the published run changed. */
export const runLine = (run: NonNullable<IdentityReport["run"]>): string =>
  `run ${run.run}${run.as_of === null ? "" : `, as of ${run.as_of}`}: ${many(run.changed_records, "record")} new, changed or gone; ${many(run.new_profiles, "new profile")}, ${run.merged} merged, ${run.split} split${run.statements === null ? "" : `; ${many(run.statements, "statement")}`}`;

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
