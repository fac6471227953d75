import { z } from "zod";
import { json, parseJson, violated } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, breach, fieldName, nextId, tagId, tieTag, writeContact } from "./account.ts";

const MAX_CONTACTS = 250;
const MINUTE_MS = 60_000;

const listId = z.strictObject({ listid: z.union([z.string(), z.int()]).transform(String) });
const importBody = z.strictObject({
  contacts: z
    .array(
      z.strictObject({
        email: z.string(),
        first_name: z.string().optional(),
        last_name: z.string().optional(),
        phone: z.string().optional(),
        customer_acct_name: z.string().optional(),
        exclude_automations: z.boolean().optional(),
        tags: z.array(z.string()).optional(),
        fields: z.array(z.strictObject({ id: z.int(), value: z.string() })).optional(),
        subscribe: z.array(listId).optional(),
        unsubscribe: z.array(listId).optional(),
      }),
    )
    .min(1),
  callback: z.record(z.string(), z.unknown()).optional(),
});
type Imported = z.infer<typeof importBody>["contacts"][number];

const refused = (message: string, failureReasons: (string | { contact: number; failureReason: string })[]): Answer =>
  json(400, { success: 0, message, failureReasons });

/** POST /import/bulk_import: refused as a whole, or queued; who then fails is named by the import's info. */
export function importContacts(account: Account, call: Call): Answer {
  if (!account.windows.spend("imports", account.config.imports_per_minute, MINUTE_MS).allowed) {
    return refused("Rate limit exceeded.", ["Wait a minute before the next import."]);
  }
  const body = importBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { contacts } = body.data;
  if (contacts.length > MAX_CONTACTS) return breach(`more than ${MAX_CONTACTS} contacts`);
  const flaws = contacts.flatMap((one, contact) =>
    flawsOf(account, one).map((failureReason) => ({ contact, failureReason })),
  );
  if (flaws.length > 0) {
    const answer = refused("JSON payload did not pass validation. The import was not queued for processing.", flaws);
    return violated(answer, flaws[0]?.failureReason ?? "");
  }
  const batchId = `batch-${nextId(account)}`;
  const fate = account.misbehaviour.forJob("activecampaign", call);
  if (!fate.lost) {
    const [success, failure]: [string[], string[]] = [[], []];
    for (const one of contacts) {
      if (
        isImportable(one.email) &&
        account.misbehaviour.forRow("activecampaign", { email: one.email }) === undefined
      ) {
        success.push(String(importOne(account, one)));
      } else failure.push(one.email);
    }
    account.kept.data.imports[batchId] = { polls: fate.polls ?? account.config.job_polls, success, failure };
  }
  return json(
    200,
    { Success: 1, queued_contacts: contacts.length, batchId, message: "Contact import queued" },
    { applied: true, rows: { imported: contacts.map((one) => one.email) } },
  );
}

function flawsOf(account: Account, one: Imported): readonly string[] {
  const lists = [...(one.subscribe ?? []), ...(one.unsubscribe ?? [])];
  return [
    ...(one.email.includes("@") ? [] : ["Field 'email' incorrect format"]),
    ...(one.fields ?? []).filter(({ id }) => fieldName(account, id) === undefined).map(({ id }) => `no field ${id}`),
    ...lists.filter(({ listid }) => account.config.lists[Number(listid) - 1] === undefined).map(() => "no such list"),
  ];
}

/** The description's own examples of failures: a domain without a dot, an apostrophe. */
const isImportable = (email: string): boolean => /^[^\s@']+@[^\s@']+\.[^\s@.']+$/.test(email);

function importOne(account: Account, one: Imported): number {
  const { email, fields = [], tags = [], subscribe = [], unsubscribe = [], ...own } = one;
  const contact = writeContact(account, email, { ...own, values: fields.map(({ id, value }) => [id, value] as const) });
  for (const name of tags) tieTag(account, contact, tagId(account, name));
  // Who has unsubscribed is not subscribed again by an import.
  for (const { listid } of subscribe) contact.lists[listid] ??= "1";
  for (const { listid } of unsubscribe) contact.lists[listid] = "2";
  return contact.id;
}

/** GET /import/info */
export function importInfo(account: Account, call: Call): Answer {
  const { imports } = account.kept.data;
  const id = call.query.get("batchId") ?? "";
  const found = Object.hasOwn(imports, id) ? imports[id] : undefined;
  if (found === undefined) return json(400, { success: 0, message: "no import with this 'batchId'" });
  if (found.polls === 0) return json(200, { status: "completed", success: found.success, failure: found.failure });
  found.polls -= 1;
  return json(200, { status: "active", success: [], failure: [] });
}
