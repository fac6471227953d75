import type { SyncConfig } from "../../core/sync.ts";
import type { PlanProfiles } from "../../plan/request.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import { compiledIdentity } from "../why-identity.ts";

/** Where a plan reads who is quarantined; null: identity was never built. */
export async function profilesOfPlan(app: App, session: Session, sync: SyncConfig): Promise<PlanProfiles | null> {
  const published = await compiledIdentity(app);
  if (published === null || (await session.describe(published.profile)) === null) return null;
  return { relation: published.profile, by: sync.key === "profile_id" ? "key" : "column" };
}
