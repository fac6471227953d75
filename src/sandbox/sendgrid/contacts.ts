import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, type Contact, indexContact, indexKey, nextId, startJob } from "./account.ts";
import { breach, problem } from "./errors.ts";

const MAX_CONTACTS = 30_000;
const MAX_BYTES = 6_000_000;
const MAX_LOOKUP = 100;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

const text = (max: number) => z.string().max(max).optional();
const contactBody = z.strictObject({
  email: text(254),
  phone_number_id: z.string().optional(),
  external_id: text(254),
  anonymous_id: text(254),
  alternate_emails: z.array(z.string().max(254)).max(5).optional(),
  address_line_1: text(100),
  address_line_2: text(100),
  city: text(60),
  country: text(50),
  first_name: text(50),
  last_name: text(50),
  postal_code: z.string().optional(),
  state_province_region: text(50),
  custom_fields: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).optional(),
});
const upsertBody = z.strictObject({
  list_ids: z.array(z.string()).optional(),
  contacts: z.array(contactBody).min(1),
});
type Written = z.infer<typeof contactBody>;
const IDENTIFIERS = ["email", "phone_number_id", "external_id", "anonymous_id"] as const;

/** PUT /v3/marketing/contacts: a request that cannot be read is refused as a whole, the rest ends in the job. */
export function upsertContacts(account: Account, call: Call): Answer {
  if (call.body.length > MAX_BYTES) return breach("the request is larger than 6 MB", "contacts");
  const body = upsertBody.safeParse(parseJson(call.body));
  if (!body.success) {
    const [issue] = body.error.issues;
    return breach(issue?.message ?? "does not fit", placed(issue?.path ?? []));
  }
  const { contacts, list_ids: lists = [] } = body.data;
  if (contacts.length > MAX_CONTACTS) return breach(`more than ${MAX_CONTACTS} contacts`, "contacts");
  const unknown = lists.find((id) => account.kept.data.lists[id] === undefined);
  if (unknown !== undefined) return problem(404, "list not found", "list_ids");
  for (const [at, one] of contacts.entries()) {
    if (IDENTIFIERS.every((name) => (one[name] ?? "") === ""))
      return breach("at least one identifier", `contacts[${at}]`);
    if (one.email !== undefined && !EMAIL.test(one.email))
      return problem(400, `email ${one.email} is not valid`, `contacts[${at}].email`);
  }
  const bad = contacts.filter((one) => fieldFault(account, one));
  const good = contacts.filter((one) => !bad.includes(one));
  const job = startJob(account, call, { type: "upsert", requested: contacts.length, errored: bad.length });
  const written = job.lost || job.fails ? [] : good.map((one) => write(account, one, lists));
  const held = account.kept.data.jobs[job.id];
  if (held !== undefined) {
    held.created = written.filter((one) => one.created).length;
    held.updated = written.length - held.created;
    if (job.fails) held.errored = contacts.length;
  }
  const rows = { written: written.map((one) => one.key), rejected: bad.map((one) => one.email ?? "") };
  return json(202, { job_id: job.id }, { applied: true, rows });
}

const placed = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");

function fieldFault(account: Account, one: Written): boolean {
  for (const [id, value] of Object.entries(one.custom_fields ?? {})) {
    const field = account.config.custom_fields[id];
    if (field === undefined) return true;
    if (value === null || value === "") continue;
    if (field.type === "Number" && !Number.isFinite(Number(value))) return true;
    if (field.type === "Date" && Number.isNaN(Date.parse(String(value)))) return true;
  }
  return account.misbehaviour.forRow("sendgrid", one as Row) !== undefined;
}

function write(account: Account, one: Written, lists: readonly string[]) {
  const given = IDENTIFIERS.flatMap((name) => {
    const value = one[name] ?? "";
    return value === "" ? [] : [[name, name === "email" ? value.toLowerCase() : value] as const];
  });
  const id = given.map(([name, value]) => account.index.get(indexKey(name, value))).find(Boolean);
  const there = id === undefined ? undefined : account.kept.data.contacts[id];
  const {
    alternate_emails: others,
    custom_fields: custom,
    email,
    phone_number_id,
    external_id,
    anonymous_id,
    ...fields
  } = one;
  void [email, phone_number_id, external_id, anonymous_id];
  const contact: Contact = {
    id: there?.id ?? nextId(account),
    identifiers: { ...there?.identifiers, ...Object.fromEntries(given) },
    fields: Object.fromEntries(
      Object.entries({ ...there?.fields, ...fields }).filter(([, value]) => value !== ""),
    ) as Record<string, string>,
    alternate_emails: others ?? there?.alternate_emails ?? [],
    custom_fields: Object.fromEntries(
      Object.entries({ ...there?.custom_fields, ...custom }).filter(([, value]) => value !== null && value !== ""),
    ),
    lists: [...new Set([...(there?.lists ?? []), ...lists])],
  };
  account.kept.data.contacts[contact.id] = contact;
  indexContact(account.index, contact);
  return { created: there === undefined, key: given[0]?.[1] ?? "" };
}

const searchBody = z.strictObject({ emails: z.array(z.string()).min(1) });

/** POST /v3/marketing/contacts/search/emails */
export function searchEmails(account: Account, call: Call): Answer {
  const body = searchBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", "emails");
  if (body.data.emails.length > MAX_LOOKUP) return breach(`more than ${MAX_LOOKUP} emails`, "emails");
  if (body.data.emails.some((email) => !EMAIL.test(email))) return problem(400, "invalid email", "emails");
  const entries = body.data.emails.map((email): [string, Row] => {
    const id = account.index.get(indexKey("email", email));
    const contact = id === undefined ? undefined : account.kept.data.contacts[id];
    return [email.toLowerCase(), contact === undefined ? { error: "contact not found" } : { contact: shown(contact) }];
  });
  if (entries.every(([, entry]) => "error" in entry)) return problem(404, "no contacts found");
  return json(200, { result: Object.fromEntries(entries) as Row });
}

const shown = ({ id, identifiers, fields, alternate_emails, custom_fields, lists }: Contact): Row => ({
  id,
  ...identifiers,
  ...fields,
  alternate_emails,
  custom_fields,
  list_ids: lists,
  segment_ids: [],
});

/** DELETE /v3/marketing/contacts?ids= */
export function deleteContacts(account: Account, call: Call): Answer {
  const ids = (call.query.get("ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0) return breach("ids or delete_all_contacts is required", "ids");
  const known = ids.filter((id) => account.kept.data.contacts[id] !== undefined);
  const job = startJob(account, call, { type: "delete", requested: ids.length, deleted: known.length });
  if (!job.lost) {
    for (const id of known) {
      for (const [name, value] of Object.entries(account.kept.data.contacts[id]?.identifiers ?? {}))
        account.index.delete(indexKey(name, value));
      delete account.kept.data.contacts[id];
    }
  }
  return json(202, { job_id: job.id }, { applied: true, rows: { deleted: known } });
}

/** GET /v3/marketing/contacts/imports/{id} */
export function jobStatus(account: Account, call: Call): Answer {
  const job = account.kept.data.jobs[call.params.id ?? ""];
  if (job === undefined) return problem(404, "job not found");
  const common = { id: call.params.id ?? "", job_type: job.type, started_at: account.clock.now().toISOString() };
  if (job.polls > 0) {
    job.polls -= 1;
    return json(200, { ...common, status: "pending", results: {} });
  }
  const status = job.failed ? "failed" : job.errored > 0 ? "errored" : "completed";
  return json(200, {
    ...common,
    status,
    finished_at: account.clock.now().toISOString(),
    results: {
      requested_count: job.requested,
      created_count: job.created,
      updated_count: job.updated,
      deleted_count: job.deleted,
      errored_count: job.errored,
      ...(job.errored > 0 ? { errors_url: "https://files.invalid/errors.csv" } : {}),
    },
  });
}
