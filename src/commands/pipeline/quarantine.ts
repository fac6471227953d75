import type { Relation } from "../../core/relation.ts";
import type { SyncConfig } from "../../core/sync.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import { publishedIdentity } from "../why-identity.ts";

/** Where a plan reads who is quarantined; null: the sync's key is no profile, or identity was never built. */
export async function profilesOfPlan(app: App, session: Session, sync: SyncConfig): Promise<Relation | null> {
  const published = await publishedIdentity(app, sync);
  if (published === null) return null;
  return (await session.describe(published.profile)) === null ? null : published.profile;
}
