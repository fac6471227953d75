import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, breach, isAddress, nextId, problem, refusedRow, writeContact } from "./account.ts";

const MAX_IMPORT_BYTES = 10_000_000;
const MAX_EMAILS = 150;

const attributes = z.record(z.string(), z.custom<Value>()).optional();
const written = {
  ext_id: z.string().optional(),
  attributes,
  emailBlacklisted: z.boolean().optional(),
  smsBlacklisted: z.boolean().optional(),
  listIds: z.array(z.int()).optional(),
  smtpBlacklistSender: z.array(z.string()).optional(),
};
const createBody = z.strictObject({ ...written, email: z.string().optional(), updateEnabled: z.boolean().optional() });
const batchBody = z.strictObject({
  contacts: z
    .array(
      z.strictObject({
        ...written,
        email: z.string().optional(),
        id: z.int().optional(),
        sms: z.string().optional(),
        unlinkListIds: z.array(z.int()).optional(),
      }),
    )
    .min(1),
});
const importBody = z.strictObject({
  jsonBody: z.array(z.strictObject({ email: z.string(), attributes })).min(1),
  listIds: z.array(z.int()).min(1),
  updateExistingContacts: z.boolean().optional(),
  emptyContactsAttributes: z.boolean().optional(),
  disableNotification: z.boolean().optional(),
  emailBlacklist: z.boolean().optional(),
  smsBlacklist: z.boolean().optional(),
  notifyUrl: z.string().optional(),
});

/** POST /v3/contacts */
export function createContact(account: Account, call: Call): Answer {
  const body = createBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { email = "", updateEnabled = false, ...rest } = body.data;
  if (!isAddress(email)) return problem(400, "invalid_parameter", `${email} is not valid in email`);
  if (refusedRow(account, { email, ...(rest.attributes as Record<string, Value>) }))
    return problem(400, "invalid_parameter", "refused as told");
  const there = account.kept.data.contacts[email.toLowerCase()] !== undefined;
  if (there && !updateEnabled) return problem(400, "duplicate_parameter", "Contact already exist");
  const { contact, created } = writeContact(account, email, rest);
  const rows = { [created ? "created" : "updated"]: [contact.email] };
  return created ? json(201, { id: contact.id }, { applied: true, rows }) : empty(204, { applied: true, rows });
}

/** DELETE /v3/contacts/{identifier} */
export function deleteContact(account: Account, call: Call): Answer {
  const wanted = (call.params.identifier ?? "").toLowerCase();
  const { contacts } = account.kept.data;
  const found = contacts[wanted] ?? Object.values(contacts).find((one) => String(one.id) === wanted);
  if (found === undefined) return problem(404, "document_not_found", "Contact does not exist");
  delete contacts[found.email];
  return empty(204, { applied: true, rows: { deleted: [found.email] } });
}

/** POST /v3/contacts/batch: all or nothing; who is not there is named by place. */
export function updateContacts(account: Account, call: Call): Answer {
  const body = batchBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { contacts } = account.kept.data;
  const absent = body.data.contacts.flatMap((one, at) =>
    contacts[(one.email ?? "").toLowerCase()] === undefined ? [at] : [],
  );
  if (absent.length > 0) return problem(404, "document_not_found", `No contact found for indexes ${absent.join(",")}`);
  for (const { email = "", ...one } of body.data.contacts) writeContact(account, email, one);
  return empty(204, { applied: true, rows: { updated: body.data.contacts.map((one) => one.email ?? "") } });
}

/** POST /v3/contacts/import: rows that cannot be imported are left out without a word. */
export function importContacts(account: Account, call: Call): Answer {
  if (call.body.length > MAX_IMPORT_BYTES) return breach("the body is larger than 10 MB");
  const body = importBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const {
    jsonBody,
    listIds,
    updateExistingContacts: updates = false,
    emptyContactsAttributes: clears = false,
  } = body.data;
  if (listIds.some((id) => account.kept.data.lists[id] === undefined))
    return problem(400, "invalid_parameter", "List id does not exist");
  const fate = account.misbehaviour.forJob("brevo", call);
  const id = nextId(account);
  if (!fate.lost) {
    account.kept.data.processes[id] = { polls: fate.polls ?? account.config.job_polls };
    for (const { email, attributes: given = {} } of jsonBody) {
      const there = account.kept.data.contacts[email.toLowerCase()] !== undefined;
      if (!isAddress(email) || refusedRow(account, { email })) continue;
      const kept = clears ? given : Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
      writeContact(account, email, { attributes: there && !updates ? {} : kept, listIds });
    }
  }
  return json(202, { processId: id }, { applied: true, rows: { imported: jsonBody.map((one) => one.email) } });
}

export function getProcess(account: Account, call: Call): Answer {
  const process = account.kept.data.processes[call.params.id ?? ""];
  if (process === undefined) return problem(404, "document_not_found", "Process ID does not exist");
  const status = process.polls > 0 ? "in_process" : "completed";
  process.polls = Math.max(0, process.polls - 1);
  return json(200, { id: Number(call.params.id), status, name: "IMPORTUSER" });
}

const emailsBody = z.strictObject({ emails: z.array(z.string()).min(1) });

/** POST /v3/contacts/lists/{listId}/contacts/remove */
export function leaveList(account: Account, call: Call): Answer {
  const list = Number(call.params.list);
  if (account.kept.data.lists[list] === undefined) return problem(404, "document_not_found", "List ID does not exist");
  const body = emailsBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("emails");
  if (body.data.emails.length > MAX_EMAILS) return breach(`more than ${MAX_EMAILS} emails`);
  const { contacts } = account.kept.data;
  const inside = body.data.emails.filter((email) => contacts[email.toLowerCase()]?.lists.includes(list) ?? false);
  for (const email of inside) writeContact(account, email, { unlinkListIds: [list] });
  const failure = body.data.emails.filter((email) => !inside.includes(email));
  return json(
    201,
    { contacts: { success: inside, failure } },
    { applied: inside.length > 0, rows: { removed: inside } },
  );
}
