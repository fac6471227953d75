import { MillraceError } from "../../core/errors.ts";
import type { FieldType } from "../../core/sync.ts";
import { targetSync } from "../../deliver/deliver.ts";
import type { DiscoveredField } from "../../destinations/connector.ts";
import type { App, PreparedSync } from "../app.ts";
import { destinationOf } from "./prepare.ts";

type FieldTypes = Readonly<Record<string, FieldType>>;

/**
 * Types that values are coerced to: what the target declares, over what the platform said of this object when it was last
 * asked: by `fields`, by `check --connect`, or here the first time, so that later plans need no request.
 */
export async function fieldTypesOf(app: App, prepared: PreparedSync): Promise<FieldTypes> {
  const { target } = prepared;
  const declared = target.fields.known;
  const remembered = await rememberedTypes(app, prepared);
  if (target.discover === undefined || remembered !== null) return remembered ?? declared;
  try {
    return { ...typesOf((await discover(app, prepared)) ?? []), ...declared };
  } catch (error) {
    if (app.signal.aborted || !(error instanceof MillraceError)) throw error;
    // A platform that cannot be reached must not stop a plan: its own answer will tell of values it does not take.
    app.out.note(
      `${prepared.sync.name}: the destination did not tell its fields' types (${error.code}: ${error.message})`,
    );
    return declared;
  }
}

/** The same without asking; null: the platform was never asked. */
export async function rememberedTypes(app: App, prepared: PreparedSync): Promise<FieldTypes | null> {
  const { discover: asks, fields } = prepared.target;
  const remembered = asks === undefined ? null : await (await app.store()).fieldTypes(nameOf(prepared));
  return remembered === null ? null : { ...remembered, ...fields.known };
}

/** Asks the platform, and remembers the types. null: the target cannot be asked. */
export async function discover(app: App, prepared: PreparedSync): Promise<readonly DiscoveredField[] | null> {
  const { target, sync, account, options } = prepared;
  if (target.discover === undefined) return null;
  const fields = await target.discover({
    ...account.ctx({ signal: app.signal }),
    options,
    sync: targetSync("fields", sync, { total: 0, removes: 0, createdAt: app.clock.now() }),
    state: null,
    checkpoint: async () => undefined,
  });
  await (await app.store()).saveFieldTypes(nameOf(prepared), typesOf(fields));
  return fields;
}

function nameOf(prepared: PreparedSync): string {
  const { accountKey, object } = destinationOf(prepared);
  return `${accountKey} ${prepared.sync.to.target} ${object}`;
}

const typesOf = (fields: readonly DiscoveredField[]): FieldTypes =>
  Object.fromEntries(fields.flatMap(({ name, type }) => (type === null ? [] : [[name, type]])));
