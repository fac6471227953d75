import type { Row } from "../../core/value.ts";
import { parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, nextId, stamp } from "./account.ts";
import { badBody, breach, document, invalid } from "./errors.ts";
import { createProfile, flawOf, matchingIds } from "./profile-writes.ts";
import { suppressBody, unsuppressBody } from "./schemas.ts";

// Descriptions of bulk_suppress_profiles and bulk_unsuppress_profiles, revision 2026-07-15.
const MAX_ADDRESSES = 100;

/** POST /api/profile-suppression-bulk-create-jobs and …-delete-jobs, by addresses; lists and segments are not offered here. */
export function changeSuppressions(account: Account, call: Call, change: "create" | "delete"): Answer {
  const schema = change === "create" ? suppressBody : unsuppressBody;
  const parsed = schema.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const profiles = parsed.data.data.attributes.profiles.data;
  if (profiles.length > MAX_ADDRESSES) return breach(400, `at most ${MAX_ADDRESSES} addresses a request`);
  for (const [at, { attributes }] of profiles.entries()) {
    const told = account.misbehaviour.forRow("klaviyo", attributes);
    const flaw = told === undefined ? flawOf(attributes)?.detail : told.message;
    if (flaw !== undefined) return invalid(flaw, `/data/attributes/profiles/data/${at}/attributes/email`);
  }
  const done = profiles.filter(({ attributes }) =>
    change === "create" ? suppress(account, attributes) : unsuppress(account, attributes),
  );
  const type = `profile-suppression-bulk-${change}-job`;
  const id = nextId(account, "U");
  const self = `${call.base}/api/${type}s/${id}`;
  const attributes = {
    status: "complete",
    created_at: stamp(account),
    total_count: profiles.length,
    completed_count: done.length,
    completed_at: stamp(account),
    skipped_count: profiles.length - done.length,
  };
  const keys = done.map((profile) => profile.attributes.email);
  const body = { data: { type, id, attributes, relationships: {}, links: { self } }, links: { self } };
  const rows = { [change === "create" ? "suppressed" : "unsuppressed"]: keys };
  return document(202, body, { applied: keys.length > 0, rows });
}

/** Whether an address that nobody has becomes a profile is not described; here it does. */
function suppress(account: Account, attributes: Row): boolean {
  const [known] = matchingIds(account, attributes);
  const id = known ?? createProfile(account, attributes).id;
  if (account.suppressed.has(id)) return false;
  account.suppressed.set(id, stamp(account));
  return true;
}

function unsuppress(account: Account, attributes: Row): boolean {
  const [id] = matchingIds(account, attributes);
  return id !== undefined && account.suppressed.delete(id);
}
