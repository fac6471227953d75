import { ConfigError } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { SyncConfig } from "../../core/sync.ts";
import type { Row } from "../../core/value.ts";
import { targetSync } from "../../deliver/deliver.ts";
import type { TargetShape } from "../../destinations/connector.ts";
import type { PlanTarget } from "../../plan/plan.ts";
import type { App, PreparedSync } from "../app.ts";

/** The syncs named, or all of them, ready to be used. */
export const chooseSyncs = (app: App, names: readonly string[]): SyncConfig[] =>
  (names.length === 0 ? app.syncs.map((sync) => sync.name) : names).map((name) => app.sync(name));

/** Resolves a sync's account and target; an unset environment variable shows here. */
export async function prepareSync(app: App, sync: SyncConfig): Promise<PreparedSync> {
  const account = await app.account(sync.to.account);
  const target = account.connector.targets[sync.to.target];
  if (target === undefined) {
    throw new ConfigError(
      `${sync.origin.file}:${sync.origin.line}: ${account.connector.id} has no target ${sync.to.target}`,
      {
        hint: `It has: ${Object.keys(account.connector.targets).join(", ")}.`,
      },
    );
  }
  return { sync, account, target, options: target.options.parse(sync.to.options) };
}

/** What a target may know before there is a plan. */
const unplanned = (createdAt: Date) => ({ total: 0, removes: 0, createdAt });

/** How the target would take this plan; `plan` null: before it is frozen. */
export function shapeOf(prepared: PreparedSync, runId: string, createdAt: Date, plan: Plan | null): TargetShape {
  return prepared.target.shape(prepared.options, targetSync(runId, prepared.sync, plan ?? unplanned(createdAt)));
}

/** Whom the sync's ledger belongs to, as far as the destination decides it. */
export const destinationOf = ({ target, options, account }: PreparedSync) => ({
  accountKey: `${account.connector.id}:${account.key}`,
  object: target.object(options),
});

export function planTarget(
  prepared: PreparedSync,
  runId: string,
  createdAt: Date,
  fieldTypes: PlanTarget["fieldTypes"],
): PlanTarget {
  const { target, options, sync } = prepared;
  const { movesMatch = false } = target;
  return {
    ...destinationOf(prepared),
    kind: target.kind,
    fieldTypes,
    contents: shapeOf(prepared, runId, createdAt, null).contents,
    movesMatch:
      typeof movesMatch === "boolean" ? movesMatch : movesMatch(options, targetSync(runId, sync, unplanned(createdAt))),
  };
}

/** Samples and reports show destination fields in the YAML's order. */
export const inOrder = (row: Row, names: readonly string[]): Row =>
  Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name] ?? null]));
