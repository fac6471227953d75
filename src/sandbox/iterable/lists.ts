import { z } from "zod";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, isInvalid, keyOf, type Project } from "./project.ts";
import { apiUser, bulkAnswer, createFailures, createNotes, MAX_ROWS, writeUser } from "./users.ts";

/** GET /api/lists */
export function getLists(project: Project): Answer {
  const lists = project.kept.data.lists.map(({ id, name, listType }) => ({
    id,
    name,
    listType,
    createdAt: 0,
    description: "",
  }));
  return json(200, { lists });
}

const createBody = z.strictObject({ name: z.string().min(1), description: z.string().optional() });

/** POST /api/lists */
export function createList(project: Project, call: Call): Answer {
  const read = createBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", "a list has a name");
  const { data } = project.kept;
  data.counter += 1;
  data.lists.push({ id: data.counter, name: read.data.name, listType: "Standard", members: {} });
  return json(200, { listId: data.counter }, { applied: true, rows: { created: [read.data.name] } });
}

const subscribeBody = z.strictObject({
  listId: z.int(),
  subscribers: z.array(apiUser).max(MAX_ROWS),
  updateExistingUsersOnly: z.boolean().optional(),
});

/** POST /api/lists/subscribe: writes the users, as bulkUpdate does, and makes them members. */
export function subscribe(project: Project, call: Call): Answer {
  const read = subscribeBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", read.error.issues[0]?.message ?? "unreadable");
  const list = project.kept.data.lists.find((one) => one.id === read.data.listId);
  if (list === undefined) return breach(400, "BadParams", "no such list");
  const failures = createFailures();
  const notes = createNotes();
  const taken: string[] = [];
  for (const user of read.data.subscribers) {
    const bucket = writeUser(project, user, undefined, notes);
    if (bucket !== null) failures.add(bucket, user);
    else {
      list.members[keyOf(user)] = true;
      taken.push(keyOf(user));
    }
  }
  return bulkAnswer(failures, notes, taken);
}

const unsubscribeBody = z.strictObject({
  listId: z.int(),
  subscribers: z.array(z.strictObject({ email: z.string().optional(), userId: z.string().optional() })).max(MAX_ROWS),
  campaignId: z.int().optional(),
  channelUnsubscribe: z.boolean().optional(),
});

/** POST /api/lists/unsubscribe */
export function unsubscribe(project: Project, call: Call): Answer {
  const read = unsubscribeBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", read.error.issues[0]?.message ?? "unreadable");
  if (read.data.channelUnsubscribe === true)
    return breach(400, "BadParams", "the sandbox does not unsubscribe from channels");
  const { data } = project.kept;
  const list = data.lists.find((one) => one.id === read.data.listId);
  if (list === undefined) return breach(400, "BadParams", "no such list");
  const failures = createFailures();
  const taken: string[] = [];
  for (const user of read.data.subscribers) {
    const key = keyOf(user);
    if (isInvalid(user)) failures.add("invalid", user);
    else if (data.users[key] === undefined) failures.add("notFound", user);
    else {
      delete list.members[key];
      taken.push(key);
    }
  }
  return bulkAnswer(failures, createNotes(), taken);
}
