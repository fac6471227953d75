import { ContractError } from "../core/errors.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { StateTables } from "./names.ts";
import { stateVersion } from "./schema.ts";

/** Brings the tables of state version `to - 1` to version `to`: in place, keeping every row. */
export interface Migration {
  readonly to: number;
  run(session: Session, tables: StateTables): Promise<void>;
}

/** What a Millrace knows of state versions. Tests bring their own. */
export interface StateHistory {
  readonly version: number;
  /** One for every version after the first, in order; released ones never change. */
  readonly migrations: readonly Migration[];
}

export const stateHistory: StateHistory = { version: stateVersion, migrations: [] };

/** Runs what lies between the version found and ours, one by one. Inside the caller's transaction. */
export async function migrate(
  session: Session,
  tables: StateTables,
  found: number,
  { version, migrations }: StateHistory,
): Promise<void> {
  for (let to = found + 1; to <= version; to += 1) {
    const migration = migrations.find((known) => known.to === to);
    if (migration === undefined) {
      throw new ContractError(`no migration leads to state version ${to}`, {
        hint: `Schema ${tables.schema} is of version ${found}. This is a defect; please report it.`,
      });
    }
    await migration.run(session, tables);
  }
}
