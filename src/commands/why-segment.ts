import { z } from "zod";
import { GrantMissing, RelationMissing } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import { membershipModel } from "../segments/names.ts";
import { join, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { App } from "./app.ts";

/** One stay of a profile in a segment. Instants of builds, as the warehouse writes them; left_at null: it is still in it. */
const stay = z.object({
  profile_id: z.string(),
  entered_at: z.string(),
  entered_why: z.string(),
  left_at: z.string().nullable(),
  left_why: z.string().nullable(),
});
export type Stay = z.infer<typeof stay>;

/** Of one question, the newest. */
const mostStays = 20;

/** A declared segment, and where the history of all memberships stands. */
interface SegmentHistory {
  readonly name: string;
  readonly history: Relation;
}

/** Of the sync's segment; null: it reads none that is declared, or nothing was compiled yet. */
export async function segmentHistory(app: App, { source }: SyncConfig): Promise<SegmentHistory | null> {
  if (source.kind !== "segment") return null;
  if (!app.declared().declarations.segments.some(({ name }) => name === source.name)) return null;
  try {
    return { name: source.name, history: await app.model(membershipModel) };
  } catch (error) {
    if (error instanceof RelationMissing) return null;
    throw error;
  }
}

/** The members' stays, the newest first; null: no build has kept any, or this role may not read what leads to them, which a note says. */
export async function staysOf(
  app: App,
  session: Session,
  asked: SegmentHistory & { readonly members: () => Promise<readonly string[]> },
): Promise<Stay[] | null> {
  try {
    return await readStays(session, asked, await asked.members());
  } catch (error) {
    if (!(error instanceof GrantMissing)) throw error;
    app.out.note(`${error.message} ${error.hint}`);
    return null;
  }
}

async function readStays(
  session: Session,
  { name, history }: SegmentHistory,
  profiles: readonly string[],
): Promise<Stay[] | null> {
  const { dialect } = session;
  const columns = await session.describe(history);
  if (columns === null) return null;
  if (profiles.length === 0) return [];
  const text = (name: string) => {
    const column = columns.find((each) => each.name === name);
    return column === undefined ? sql`null` : dialect.text(dialect.ident(name), column);
  };
  const among = join(profiles.map((id) => sql`${id}`));
  return session.query(
    sql`select ${text("profile_id")} as profile_id, ${text("entered_at")} as entered_at, entered_why, ${text("left_at")} as left_at, left_why
      from ${dialect.relation(history)} where segment = ${name} and ${text("profile_id")} in (${among})
      order by 2 desc limit ${mostStays}`,
    stay,
  );
}

/** Lines for the screen. */
export function stayLines(segment: string, stays: readonly Stay[]): string[] {
  const several = new Set(stays.map(({ profile_id: id }) => id)).size > 1;
  return stays.map(({ profile_id: id, entered_at: from, entered_why: why, left_at: until, left_why: leftWhy }) => {
    const who = several ? `${id} ` : "";
    return until === null
      ? `segment ${segment}: ${who}in it since ${from} (${why})`
      : `segment ${segment}: ${who}in it from ${from} (${why}) until ${until} (${leftWhy})`;
  });
}
