import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, isInvalid, keyOf, type Project, type State } from "./project.ts";
import { createFailures, createNotes, MAX_ROWS, writeUser } from "./users.ts";

const event = z
  .strictObject({
    email: z.string().optional(),
    userId: z.string().optional(),
    eventName: z.string().min(1),
    id: z.string().optional(),
    createdAt: z.int().optional(),
    dataFields: z.record(z.string(), z.json()).optional(),
    campaignId: z.int().optional(),
    templateId: z.int().optional(),
    createNewFields: z.boolean().optional(),
  })
  .refine((one) => (one.email === undefined) !== (one.userId === undefined), { error: "email or userId, not both" })
  .refine((one) => Buffer.byteLength(one.id ?? "") <= 512, { error: "the id is longer than 512 bytes" });
const body = z.strictObject({ events: z.array(event).max(MAX_ROWS) });

/** POST /api/events/trackBulk: an event whose id is there updates it. */
export function trackBulk(project: Project, call: Call): Answer {
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "BadJsonBody", read.error.issues[0]?.message ?? "unreadable");
  const { data } = project.kept;
  const failures = createFailures();
  const refused = new Set<string>();
  const taken: string[] = [];
  for (const one of read.data.events) {
    if (project.config.disallowed_events.includes(one.eventName)) {
      refused.add(one.eventName);
      continue;
    }
    const told = project.misbehaviour.forRow("iterable", one as Row);
    if (isInvalid(one)) failures.add("invalid", one);
    else if (told !== undefined) failures.add(told.code ?? "notFound", one);
    else if (data.forgotten.includes(keyOf(one))) failures.add("forgotten", one);
    else {
      if (data.users[keyOf(one)] === undefined) writeUser(project, named(one), undefined, createNotes());
      data.counter += 1;
      const id = one.id ?? `generated-${data.counter}`;
      data.events[id] = { ...(one as State["events"][string]), id };
      taken.push(id);
    }
  }
  const reply: Row = {
    successCount: taken.length,
    ...failures.shown(),
    disallowedEventNames: [...refused],
    createdFields: [],
    filteredOutFields: [],
  };
  return json(200, reply, { applied: taken.length > 0, rows: { taken } });
}

const named = ({ email, userId }: { readonly email?: string | undefined; readonly userId?: string | undefined }) =>
  email === undefined ? { userId } : { email };
