import { z } from "zod";
import { RelationMissing } from "../core/errors.ts";
import { maskValue } from "../destinations/pii.ts";
import { join, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { App } from "./app.ts";
import { type IdentityTables, identityTables } from "./identity/tables.ts";

/** What identity publishes of one profile. */
export interface ProfileStory {
  readonly status: string;
  /** A guard holds its cluster back: the last good assignment stands. */
  readonly quarantined: boolean;
  /** The profile it is now: another one where it was merged. */
  readonly currentId: string;
  /** Ids that became this one. */
  readonly aliases: readonly string[];
  readonly identifiers: readonly { readonly namespace: string; readonly value: string }[];
}

type PublishedIdentity = Pick<IdentityTables, "profile" | "alias" | "component">;

/** Of one question; a profile with more identifiers shows the first by name. */
const mostProfiles = 10;
const mostIdentifiers = 200;

/** Where identity's tables stand; null: the project has no identity.yml, or nothing was compiled yet. */
export async function compiledIdentity(app: App): Promise<PublishedIdentity | null> {
  if (app.identity === null) return null;
  try {
    return await identityTables(app);
  } catch (error) {
    if (error instanceof RelationMissing) return null;
    throw error;
  }
}

/** A build for one sync makes only what that sync needs. */
async function isBuilt(session: Session, at: PublishedIdentity): Promise<boolean> {
  for (const relation of [at.profile, at.alias, at.component])
    if ((await session.describe(relation)) === null) return false;
  return true;
}

/** Ids of the profiles that `wanted`, an id of now or once or an identifier's value, leads to; none before the first build. */
export async function profilesOf(session: Session, at: PublishedIdentity, wanted: string): Promise<string[]> {
  const { dialect } = session;
  if (!(await isBuilt(session, at))) return [];
  const found = await session.query(
    sql`select profile_id from ${dialect.relation(at.profile)} where profile_id = ${wanted}
      union select profile_id from ${dialect.relation(at.alias)} where old_profile_id = ${wanted}
      union select profile_id from ${dialect.relation(at.component)}
        where lower(value) = ${wanted.trim().toLowerCase()} and namespace not like 'record:%'
      limit ${mostProfiles}`,
    z.object({ profile_id: z.string() }),
  );
  return found.map((row) => row.profile_id);
}

export async function readProfiles(
  session: Session,
  at: PublishedIdentity,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ProfileStory>> {
  if (ids.length === 0 || !(await isBuilt(session, at))) return new Map();
  const { dialect } = session;
  const among = (column: Sql): Sql => sql`${column} in (${join(ids.map((id) => sql`${id}`))})`;
  const profiles = await session.query(
    sql`select profile_id, status, quarantined from ${dialect.relation(at.profile)} where ${among(sql`profile_id`)}`,
    z.object({ profile_id: z.string(), status: z.string(), quarantined: z.coerce.number() }),
  );
  const aliases = await session.query(
    sql`select old_profile_id, profile_id from ${dialect.relation(at.alias)}
      where ${among(sql`profile_id`)} or ${among(sql`old_profile_id`)} order by old_profile_id`,
    z.object({ old_profile_id: z.string(), profile_id: z.string() }),
  );
  const identifiers = await session.query(
    sql`select namespace, value, profile_id from ${dialect.relation(at.component)} where ${among(sql`profile_id`)}
      order by namespace, value limit ${mostIdentifiers}`,
    z.object({ namespace: z.string(), value: z.string(), profile_id: z.string() }),
  );
  return new Map(
    profiles.map(({ profile_id: id, status, quarantined }) => [
      id,
      {
        status,
        quarantined: quarantined === 1,
        currentId: aliases.find((row) => row.old_profile_id === id)?.profile_id ?? id,
        aliases: aliases.filter((row) => row.profile_id === id).map((row) => row.old_profile_id),
        identifiers: identifiers
          .filter((row) => row.profile_id === id)
          .map(({ namespace, value }) => ({ namespace, value })),
      },
    ]),
  );
}

/** Lines for the screen; values masked unless they may be shown. */
export function profileLines(key: string, story: ProfileStory, show: boolean): string[] {
  const { status, quarantined, currentId, aliases } = story;
  const told = [
    currentId === key ? status : `${status} into ${currentId}`,
    ...(quarantined ? ["quarantined: a guard holds its cluster back, and its last good assignment stands"] : []),
    ...(aliases.length > 0 ? [`once ${aliases.join(", ")}`] : []),
  ];
  const identifiers = shownIdentifiers(story, show).map(({ namespace, value }) => `${namespace}=${value}`);
  return [`profile: ${told.join("; ")}`, ...(identifiers.length > 0 ? [`identifiers: ${identifiers.join(" ")}`] : [])];
}

/** For `--json`. */
export const profileDocument = (story: ProfileStory, show: boolean) => ({
  profile_id: story.currentId,
  status: story.status,
  quarantined: story.quarantined,
  aliases: story.aliases,
  identifiers: shownIdentifiers(story, show),
});

const shownIdentifiers = ({ identifiers }: ProfileStory, show: boolean) =>
  identifiers.map(({ namespace, value }) => ({ namespace, value: show ? value : String(maskValue(value)) }));
