import { ConfigError, DbtFailed } from "../../core/errors.ts";
import type { Relation } from "../../core/relation.ts";
import type { SyncConfig } from "../../core/sync.ts";
import type { PlanProfiles } from "../../plan/request.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import { compiledIdentity } from "../why-identity.ts";

/** Where a plan reads who is quarantined; null: identity was never built. */
export async function profilesOfPlan(app: App, session: Session, sync: SyncConfig): Promise<PlanProfiles | null> {
  const relation = await profilesReadBy(app, sync);
  if (relation === null || (await session.describe(relation)) === null) return null;
  return { relation, by: keyIsProfile(sync) ? "key" : "column" };
}

/** What plans of a sync read of identity, whatever its key: a column of its model may say whose a row is. null: nothing was compiled yet. */
export async function profilesReadBy(app: App, sync: SyncConfig): Promise<Relation | null> {
  try {
    return (await compiledIdentity(app))?.profile ?? null;
  } catch (error) {
    // A table that needs no dbt is read before the project's dbt has ever run.
    const needless = sync.source.kind === "table" && !keyIsProfile(sync);
    if (needless && (error instanceof DbtFailed || error instanceof ConfigError)) return null;
    throw error;
  }
}

const keyIsProfile = ({ key }: SyncConfig): boolean => key === "profile_id";
