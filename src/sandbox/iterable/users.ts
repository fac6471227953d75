import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { answer, breach, isInvalid, keyOf, type Named, type Project, type State, typeOf } from "./project.ts";

const MAX_BYTES = 4_000_000;
export const MAX_ROWS = 1_000;

export const apiUser = z
  .strictObject({
    email: z.string().optional(),
    userId: z.string().optional(),
    dataFields: z.record(z.string(), z.json()).optional(),
    mergeNestedObjects: z.boolean().optional(),
    preferUserId: z.boolean().optional(),
  })
  .refine((user) => (user.email === undefined) !== (user.userId === undefined), { error: "email or userId, not both" });
type ApiUser = z.infer<typeof apiUser>;
const updateBody = z.strictObject({ users: z.array(apiUser).max(MAX_ROWS), createNewFields: z.boolean().optional() });

/** What failed, in the buckets of the description. */
export interface Failures {
  add(bucket: string, user: Named): void;
  readonly count: number;
  shown(): Row;
}

export function createFailures(): Failures {
  const buckets: Record<string, string[]> = {};
  let count = 0;
  return {
    add(bucket, user) {
      const name = `${bucket}${user.email === undefined ? "UserIds" : "Emails"}`;
      buckets[name] = [...(buckets[name] ?? []), user.email ?? user.userId ?? ""];
      count += 1;
    },
    get count() {
      return count;
    },
    shown: () => ({
      failCount: count,
      invalidEmails: buckets.invalidEmails ?? [],
      invalidUserIds: buckets.invalidUserIds ?? [],
      failedUpdates: buckets,
    }),
  };
}

/** POST /api/users/bulkUpdate */
export function bulkUpdate(project: Project, call: Call): Answer {
  if (call.body.length > MAX_BYTES) return breach(413, "BatchTooLarge", "the body is larger than 4 MB");
  const read = updateBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", read.error.issues[0]?.message ?? "unreadable");
  const failures = createFailures();
  const notes = createNotes();
  const taken: string[] = [];
  for (const user of read.data.users) {
    const bucket = writeUser(project, user, read.data.createNewFields, notes);
    if (bucket !== null) failures.add(bucket, user);
    else taken.push(keyOf(user));
  }
  return bulkAnswer(failures, notes, taken);
}

export interface Notes {
  readonly created: Set<string>;
  readonly dropped: Set<string>;
}

export const createNotes = (): Notes => ({ created: new Set(), dropped: new Set() });

export function bulkAnswer(failures: Failures, notes: Notes, taken: readonly string[]): Answer {
  const reply: Row = {
    successCount: taken.length,
    ...failures.shown(),
    createdFields: [...notes.created],
    filteredOutFields: [...notes.dropped],
  };
  return json(200, reply, { applied: taken.length > 0, rows: { taken } });
}

/** The bucket that the user fails into; null: written. */
export function writeUser(
  project: Project,
  user: ApiUser,
  createNew: boolean | undefined,
  notes: Notes,
): string | null {
  const { data } = project.kept;
  const key = keyOf(user);
  if (isInvalid(user)) return "invalid";
  if (data.forgotten.includes(key)) return "forgotten";
  const told = project.misbehaviour.forRow("iterable", { ...user.dataFields, ...identifiersOf(user) } as Row);
  if (told !== undefined) return told.code ?? "invalidData";
  const mayCreate = createNew ?? !project.config.drop_unknown_fields;
  const next: State["users"][string] = { ...data.users[key] };
  const types: Record<string, string> = {};
  for (const [name, value] of Object.entries(user.dataFields ?? {})) {
    const type = typeOf(value);
    const known = data.types[name] ?? types[name];
    if (type !== null && known !== undefined && !fits(type, known)) return "invalidData";
    if (known === undefined && !mayCreate) {
      notes.dropped.add(name);
      continue;
    }
    if (known === undefined && type !== null) types[name] = type;
    if (value === null) delete next[name];
    else next[name] = merged(next[name], value, user.mergeNestedObjects === true);
  }
  for (const name of Object.keys(types)) notes.created.add(name);
  Object.assign(data.types, types);
  data.users[key] = next;
  return null;
}

const identifiersOf = ({ email, userId }: Named): Row => ({
  ...(email === undefined ? {} : { email }),
  ...(userId === undefined ? {} : { userId }),
});

const fits = (type: string, known: string): boolean => type === known || (type === "long" && known === "double");

type Json = State["users"][string][string];
function merged(old: Json | undefined, value: Json, nested: boolean): Json {
  const both = [old, value].every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
  return nested && both ? { ...Object(old), ...Object(value) } : value;
}

/** DELETE /api/users/{email} and /api/users/byUserId/{userId} */
export function deleteUser(project: Project, user: Named): Answer {
  if (isInvalid(user))
    return answer(
      400,
      user.email === undefined ? "InvalidUserIdError" : "InvalidEmailAddressError",
      "Invalid identifier",
    );
  const key = keyOf(user);
  if (project.kept.data.users[key] === undefined) {
    return answer(400, user.email === undefined ? "UnknownUserIdError" : "UnknownEmailError", "No such user");
  }
  dropUser(project, key);
  return answer(200, "Success", "Deletion queued", { applied: true, rows: { deleted: [key] } });
}

const forgetBody = z
  .strictObject({ email: z.string().optional(), userId: z.string().optional() })
  .refine((user) => (user.email === undefined) !== (user.userId === undefined));

/** POST /api/users/forget */
export function forgetUser(project: Project, call: Call): Answer {
  const read = forgetBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", "email or userId, not both");
  if (isInvalid(read.data)) {
    return answer(
      400,
      read.data.email === undefined ? "InvalidUserIdError" : "InvalidEmailAddressError",
      "Invalid identifier",
    );
  }
  const key = keyOf(read.data);
  if (project.kept.data.forgotten.includes(key)) return answer(400, "ForgottenUserError", "Forgotten already");
  dropUser(project, key);
  project.kept.data.forgotten.push(key);
  return answer(200, "Success", "Forgotten", { applied: true, rows: { forgotten: [key] } });
}

function dropUser(project: Project, key: string): void {
  delete project.kept.data.users[key];
  for (const list of project.kept.data.lists) delete list.members[key];
}

/** GET /api/users/getFields */
export function getFields(project: Project): Answer {
  const own: Readonly<Record<string, Value>> = {
    email: "string",
    userId: "string",
    profileUpdatedAt: "date",
    signupDate: "date",
  };
  return json(200, { fields: { ...own, ...project.kept.data.types } });
}
