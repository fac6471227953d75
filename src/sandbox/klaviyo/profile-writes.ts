import type { Row, Value } from "../../core/value.ts";
import { type Account, IDENTIFIERS, identifierKey, nextId, type Profile, stamp } from "./account.ts";
import type { ProfileUpsert } from "./schemas.ts";

const EMAIL = /^[^\s@,;<>()[\]\\"]+@[^\s@.,;<>()[\]\\"]+(\.[^\s@.,;<>()[\]\\"]+)+$/;
// E.164, with the plus: https://help.klaviyo.com/hc/en-us/articles/360046055671
const PHONE = /^\+[1-9]\d{6,14}$/;

export interface Flaw {
  readonly detail: string;
  /** Within the profile's attributes; "" for the profile as a whole. */
  readonly field: string;
}

/** What Klaviyo turns down about one profile's content. */
export function flawOf(attributes: Row): Flaw | undefined {
  const { email, phone_number: phone } = attributes;
  if (typeof email === "string" && !EMAIL.test(email.trim()))
    return { detail: "Invalid email address", field: "email" };
  if (typeof phone === "string" && !PHONE.test(phone)) {
    return { detail: "Invalid phone number format (Example of a valid format: +12345678901)", field: "phone_number" };
  }
  return undefined;
}

/** Ids of the profiles that the identifiers name: none, one, or several when they contradict each other. */
export function matchingIds(account: Account, attributes: Row, id?: string | null): readonly string[] {
  const found = new Set<string>();
  if (id != null && account.profiles.has(id)) found.add(id);
  for (const name of IDENTIFIERS) {
    const value = attributes[name];
    const match = typeof value === "string" ? account.identifiers.get(identifierKey(name, value)) : undefined;
    if (match !== undefined) found.add(match);
  }
  return [...found];
}

/** Creates a profile. Its identifiers must be free. */
export function createProfile(account: Account, attributes: Row): Profile {
  const now = stamp(account);
  const profile: Profile = { id: nextId(account, "P"), created: now, updated: now, attributes: {}, consent: new Map() };
  account.profiles.set(profile.id, profile);
  updateProfile(account, profile, attributes, undefined);
  return profile;
}

/** null clears a field, an absent one stays; properties and location merge by name. */
export function updateProfile(account: Account, profile: Profile, changes: Row, meta: ProfileUpsert["meta"]): void {
  const before = profile.attributes;
  const after: { [name: string]: Value } = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    if (name === "_kx") continue;
    if (name === "properties" || name === "location") after[name] = merged(before[name], value);
    else after[name] = value;
  }
  const unset = meta?.patch_properties?.unset;
  if (unset != null && isRow(after.properties)) {
    const dropped = typeof unset === "string" ? [unset] : unset;
    after.properties = Object.fromEntries(Object.entries(after.properties).filter(([name]) => !dropped.includes(name)));
  }
  profile.attributes = after;
  profile.updated = stamp(account);
  for (const name of IDENTIFIERS) {
    const old = before[name];
    const value = after[name];
    if (typeof old === "string") account.identifiers.delete(identifierKey(name, old));
    if (typeof value === "string") account.identifiers.set(identifierKey(name, value), profile.id);
  }
}

/** Takes a profile out of everything. */
export function eraseProfile(account: Account, profile: Profile): void {
  account.profiles.delete(profile.id);
  account.suppressed.delete(profile.id);
  for (const [identity, event] of account.events) if (event.profile === profile.id) account.events.delete(identity);
  for (const name of IDENTIFIERS) {
    const value = profile.attributes[name];
    if (typeof value === "string") account.identifiers.delete(identifierKey(name, value));
  }
  for (const list of account.lists.values()) {
    for (const group of [list.members, list.pending, list.unsubscribed]) group.delete(profile.id);
  }
}

/** How the log calls a profile: what the caller called it. */
export function profileKey(attributes: Row, id?: string | null): string {
  for (const name of ["external_id", "email", "phone_number"]) {
    const value = attributes[name];
    if (typeof value === "string") return value;
  }
  return id ?? "";
}

function merged(before: Value | undefined, changes: Value): Value {
  if (!isRow(changes)) return changes;
  return isRow(before) ? { ...before, ...changes } : changes;
}

function isRow(value: Value | undefined): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
