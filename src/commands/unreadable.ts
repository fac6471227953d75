import { GrantMissing } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Need } from "../warehouse/grants.ts";
import type { App } from "./app.ts";

/** A model that may not be read, with the grants it needs; one that an earlier run could read was rebuilt without its grants. */
export async function unreadable(
  app: App,
  sync: SyncConfig,
  relation: Relation,
  missing: readonly Need[],
  cause?: unknown,
): Promise<GrantMissing> {
  const rights = await app.grants();
  const name = `${relation.schema}.${relation.name}`;
  const grants = rights.statements(missing, rights.role ?? "ROLE").map(({ statement }) => statement);
  const before = await (await app.store()).lastSettled(sync.name);
  const told = `${sync.origin.file}:${sync.origin.line}`;
  return new GrantMissing(
    before === null
      ? `${told}: ${name} may not be read`
      : `${told}: ${name} may no longer be read, though run ${before} could: it was rebuilt, and its grants went with the old table`,
    {
      hint: `${grants.join("; ")}${before === null ? "" : ". dbt gives it again after every build where the model says `grants: {select: [...]}`"}`,
      cause,
    },
  );
}
