import { systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import { type AccountSource, connectorNamed } from "./accounts.ts";
import type { Connectors, TargetRules } from "./connector-rules.ts";
import type { Env } from "./env.ts";
import { error, type Fault, type Place } from "./fault.ts";
import type { SyncSource } from "./load-syncs.ts";
import { materialise, pick } from "./materialise.ts";
import { listed, meant } from "./nearest.ts";
import { child, keyAt, placeAt, without } from "./source.ts";
import { isMisspelt } from "./sync-rules.ts";
import { validate } from "./validate.ts";

export interface Destination {
  readonly account: string;
  readonly targetName: string;
  readonly target: TargetRules;
  /** As the target's schema gave them; undefined where they are faulty. */
  readonly options: unknown;
}

export interface CheckedSync {
  readonly source: SyncSource;
  readonly destination: Destination | undefined;
  readonly faults: readonly Fault[];
}

/** A sync held against the target it writes to. Speaks up beside the faults of the file's own shape. */
export function checkSync(
  source: SyncSource,
  accounts: readonly AccountSource[],
  connectors: Connectors,
  variables: Env,
): CheckedSync {
  const faults: Fault[] = [];
  const destination = findDestination(source, accounts, connectors, variables, faults);
  if (destination !== undefined) {
    const { target, targetName } = destination;
    const rules = [modeFaults, removalFaults, matchFaults, fieldFaults];
    for (const rule of rules) faults.push(...rule(source, target, targetName));
    if (faults.length === 0) faults.push(...shapeFaults(source, destination));
  }
  return { source, destination, faults };
}

function findDestination(
  { root, made }: SyncSource,
  accounts: readonly AccountSource[],
  connectors: Connectors,
  variables: Env,
  faults: Fault[],
): Destination | undefined {
  const account = textAt(made.data, ["to", "account"]);
  const targetName = textAt(made.data, ["to", "target"]);
  const to = child(root, "to");
  if (account === undefined || to?.kind !== "map") return undefined;
  const found = accounts.find(({ name }) => name === account);
  if (found === undefined) {
    const names = accounts.map(({ name }) => name);
    faults.push(error(placeAt(to, ["account"]), `there is no account "${account}"`, meant(account, names, "accounts")));
    return undefined;
  }
  // An unknown connector is the account's fault, told there.
  const connector = connectorNamed(connectors, found.connector);
  if (connector === undefined || targetName === undefined) return undefined;
  const target = Object.hasOwn(connector.targets, targetName) ? connector.targets[targetName] : undefined;
  if (target === undefined) {
    const mend = meant(targetName, Object.keys(connector.targets), "targets");
    faults.push(error(placeAt(to, ["target"]), `${connector.id} has no target "${targetName}"`, mend));
    return undefined;
  }
  const given = without(to, ["account", "target"], keyAt(root, ["to"]));
  const options = validate(target.options, given, materialise(given, variables, { secretRefs: "none" }), () => true);
  faults.push(...options.faults);
  return { account, targetName, target, options: options.value };
}

function modeFaults({ root, made }: SyncSource, target: TargetRules, targetName: string): Fault[] {
  const mode = textAt(made.data, ["mode"]);
  const known = ["mirror", "upsert", "insert", "update", "append", "remove"];
  if (mode === undefined || !known.includes(mode) || target.modes.some((each) => each === mode)) return [];
  return [error(placeAt(root, ["mode"]), `the target ${targetName} cannot ${mode}`, `it can: ${listed(target.modes)}`)];
}

function removalFaults({ root, made }: SyncSource, target: TargetRules, targetName: string): Fault[] {
  const mirrors = textAt(made.data, ["mode"]) === "mirror" && target.modes.includes("mirror");
  if (mirrors && target.kind === "records" && !root.entries.has("when_removed") && !isMisspelt(root, "when_removed")) {
    const message =
      "mirror must say what becomes of a record whose row left the model: leaving a segment must not delete it by accident";
    const mend = "add `when_removed: { set: { Field: null } }`, or `when_removed: delete` if deleting is meant";
    return [error(keyAt(root, ["mode"]), message, mend)];
  }
  if (
    mirrors &&
    target.kind === "records" &&
    textAt(made.data, ["when_removed"]) === "delete" &&
    !target.ops.includes("remove")
  ) {
    const message = `the target ${targetName} deletes no record`;
    const mend = "write `when_removed: { set: { Field: null } }`, or `mode: upsert` to leave the leavers alone";
    return [error(keyAt(root, ["when_removed"]), message, mend)];
  }
  const set = pick(made.data, ["when_removed", "set"]);
  if (target.kind !== "list" || !root.entries.has("when_removed")) {
    return unknownFields(keysOf(set), (name) => keyAt(root, ["when_removed", "set", name]), target);
  }
  const message = "leaving a list ends the membership and nothing else, so when_removed has no meaning here";
  return [error(keyAt(root, ["when_removed"]), message, "leave it out")];
}

function matchFaults({ root, made }: SyncSource, target: TargetRules, targetName: string): Fault[] {
  const names = keysOf(pick(made.data, ["match"]));
  if (names.length === 0 && target.needsMatch && !isMisspelt(root, "match")) {
    const example = target.identifiers[0] ?? "Field";
    const mend = `add \`match: { ${example}: column }\``;
    return [error(keyAt(root, ["to"]), `the target ${targetName} needs \`match:\` to know whom a row is about`, mend)];
  }
  if (target.identifiers.length === 0) return [];
  return names
    .filter((name) => !target.identifiers.includes(name))
    .map((name) => {
      const mend = meant(name, target.identifiers, "identifiers");
      return error(keyAt(root, ["match", name]), `the target ${targetName} knows nobody by "${name}"`, mend);
    });
}

function fieldFaults({ root, made }: SyncSource, target: TargetRules, targetName: string): Fault[] {
  const fields = pick(made.data, ["fields"]);
  const names = keysOf(fields);
  const writesNothing = target.kind === "list" || textAt(made.data, ["mode"]) === "remove";
  if (names.length === 0 && !writesNothing && !isMisspelt(root, "fields")) {
    const place = root.entries.has("fields") ? keyAt(root, ["fields"]) : root.place;
    return [error(place, "the sync sends no field", "add `fields:`, the destination's field: column of the model")];
  }
  const faults = unknownFields(names, (name) => keyAt(root, ["fields", name]), target);
  if (target.onlyIfEmpty) return faults;
  for (const name of names) {
    if (pick(fields, [name, "only_if_empty"]) !== true) continue;
    const message = `the target ${targetName} cannot tell whether a field is empty`;
    faults.push(error(keyAt(root, ["fields", name, "only_if_empty"]), message, "leave only_if_empty out"));
  }
  return faults;
}

/** What the target itself says about options and sync together. */
function shapeFaults({ root, config }: SyncSource, { target, options }: Destination): Fault[] {
  if (config === undefined || options === undefined) return [];
  const { name, mode, match, fields } = config;
  const onlyIfEmpty = Object.keys(fields).filter((field) => fields[field]?.onlyIfEmpty === true);
  const names = { match: Object.keys(match), fields: Object.keys(fields), onlyIfEmpty };
  const unplanned = { runId: "", plannedRows: 0, removes: 0, createdAt: systemClock.now() };
  try {
    target.shape?.(options, { name, mode, ...names, ...unplanned });
    return [];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return [error(keyAt(root, ["to"]), cause.message, cause.hint)];
  }
}

function unknownFields(names: readonly string[], place: (name: string) => Place, target: TargetRules): Fault[] {
  if (target.fields.others === "allowed") return [];
  const known = Object.keys(target.fields.known);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => error(place(name), `the destination has no field "${name}"`, meant(name, known, "fields")));
}

function textAt(data: unknown, path: readonly string[]): string | undefined {
  const value = pick(data, path);
  return typeof value === "string" ? value : undefined;
}

export function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}
