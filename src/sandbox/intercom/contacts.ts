import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import {
  breach,
  type Contact,
  contactsOf,
  dropContact,
  nameOf,
  nextId,
  notFound,
  problem,
  saveContact,
  type Workspace,
} from "./workspace.ts";

const MAX_TEXT = 255;
const fields = {
  role: z.enum(["user", "lead"]).optional(),
  external_id: z.string().min(1).optional(),
  email: z.string().optional(),
  email_verified: z.boolean().nullable().optional(),
  phone: z.string().nullable().optional(),
  name: z.string().nullable().optional(),
  avatar: z.string().nullable().optional(),
  signed_up_at: z.int().nullable().optional(),
  last_seen_at: z.int().nullable().optional(),
  owner_id: z.string().nullable().optional(),
  unsubscribed_from_emails: z.boolean().nullable().optional(),
  custom_attributes: z.record(z.string(), z.json()).nullable().optional(),
};
const body = z.strictObject(fields);
type Body = z.infer<typeof body>;

/** POST /contacts: a contact with the same external id or address is in the way, also an archived one. */
export function createContact(workspace: Workspace, call: Call): Answer {
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return badBody(read.error);
  const { external_id, email, role = "user" } = read.data;
  if (external_id === undefined && email === undefined) return breach("email, external_id or role is required");
  const flaw = flawOf(workspace, read.data);
  if (flaw !== null) return flaw;
  const same =
    external_id !== undefined
      ? contactsOf(workspace, nameOf("external_id", external_id))
      : contactsOf(workspace, nameOf("email", email ?? "")).filter((one) => one.role === role);
  const [there] = same;
  if (there !== undefined) return conflict(there);
  const contact: Contact = {
    id: nextId(workspace),
    role,
    external_id: null,
    email: null,
    archived: false,
    createdMs: workspace.clock.now().getTime(),
    fields: {},
    custom_attributes: {},
    tags: [],
    companies: [],
  };
  write(workspace, contact, read.data);
  return json(200, shown(contact), { applied: true, rows: { created: [contact.id] } });
}

/** PUT /contacts/{contact_id} */
export function updateContact(workspace: Workspace, call: Call): Answer {
  const contact = activeContact(workspace, call);
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return badBody(read.error);
  if (contact === undefined) return notFound("User");
  const flaw = flawOf(workspace, read.data);
  if (flaw !== null) return flaw;
  const { external_id } = read.data;
  const other =
    external_id === undefined
      ? undefined
      : contactsOf(workspace, nameOf("external_id", external_id)).find((one) => one !== contact);
  if (other !== undefined) return conflict(other);
  write(workspace, contact, read.data);
  return json(200, shown(contact), { applied: true, rows: { updated: [contact.id] } });
}

const conflict = (there: Contact): Answer =>
  problem(
    409,
    "conflict",
    `${there.archived ? "An archived" : "A"} contact matching those details already exists with id=${there.id}`,
  );

export function activeContact(workspace: Workspace, call: Call): Contact | undefined {
  const contact = workspace.kept.data.contacts[call.params.contact ?? ""];
  return contact?.archived === true ? undefined : contact;
}

/** DELETE /contacts/{contact_id}, POST …/archive and …/unarchive */
export function endContact(workspace: Workspace, call: Call, how: "delete" | "archive" | "unarchive"): Answer {
  const contact = workspace.kept.data.contacts[call.params.contact ?? ""];
  if (contact === undefined) return notFound("User");
  if (how === "delete") dropContact(workspace, contact);
  else saveContact(workspace, contact, { archived: how === "archive" });
  const reference = { type: "contact", id: contact.id, external_id: contact.external_id };
  const now = how === "delete" ? { deleted: true } : { archived: contact.archived };
  return json(200, { ...reference, ...now }, { applied: true, rows: { [how]: [contact.id] } });
}

function write(workspace: Workspace, contact: Contact, changes: Body): void {
  const { external_id, email, role, custom_attributes, ...rest } = changes;
  saveContact(workspace, contact, {
    ...(external_id === undefined ? {} : { external_id }),
    ...(email === undefined ? {} : { email }),
    ...(role === undefined ? {} : { role }),
    fields: { ...contact.fields, ...cut(rest as Row) } as Contact["fields"],
    custom_attributes: withoutNull({ ...contact.custom_attributes, ...cut(custom_attributes ?? {}) }),
  });
}

/** Longer texts are cut off without a word. */
const cut = (row: Row): Contact["fields"] =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "string" ? value.slice(0, MAX_TEXT) : value]),
  ) as Contact["fields"];

const withoutNull = (row: Contact["fields"]): Contact["fields"] =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

function flawOf(workspace: Workspace, changes: Body): Answer | null {
  const { email, custom_attributes } = changes;
  if (email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
    return problem(400, "parameter_invalid", `email ${email} is invalid`);
  const told = workspace.misbehaviour.forRow("intercom", { ...(custom_attributes ?? {}), ...(changes as Row) } as Row);
  if (told !== undefined) return problem(422, told.code ?? "parameter_invalid", told.message);
  for (const [name, value] of Object.entries(custom_attributes ?? {})) {
    if (name.startsWith("no_such_"))
      return problem(400, "parameter_invalid", `Custom attribute '${name}' does not exist`);
    if (value !== null && typeof value === "object")
      return problem(400, "parameter_invalid", `Custom attribute '${name}' is no scalar`);
    const type = workspace.config.attributes[name];
    if (value !== null && type !== undefined && !fits(type, value))
      return problem(400, "parameter_invalid", `'${name}' must be a ${type}`);
  }
  return null;
}

function fits(type: string, value: Value): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  return typeof value === "number" && (type === "float" || Number.isInteger(value));
}

const badBody = (error: z.ZodError): Answer =>
  breach(`${error.issues[0]?.path.map(String).join(".") ?? "body"}: ${error.issues[0]?.message ?? "unreadable"}`);

const searchBody = z.strictObject({
  query: z.strictObject({
    field: z.enum(["id", "external_id", "email"]),
    operator: z.literal("IN"),
    value: z.array(z.string()).min(1),
  }),
  pagination: z.strictObject({ per_page: z.int().min(1).max(150), starting_after: z.string().optional() }).optional(),
});

/** POST /contacts/search: one filter; what was made a moment ago may not be found. */
export function searchContacts(workspace: Workspace, call: Call): Answer {
  const read = searchBody.safeParse(parseJson(call.body));
  if (!read.success) return badBody(read.error);
  const { query, pagination } = read.data;
  const now = workspace.clock.now().getTime();
  const all = query.value
    .flatMap((value) =>
      query.field === "id"
        ? (workspace.kept.data.contacts[value] ?? [])
        : contactsOf(workspace, nameOf(query.field, value)),
    )
    .filter((contact) => !contact.archived && now - contact.createdMs >= workspace.config.search_delay_ms);
  const perPage = pagination?.per_page ?? 50;
  const from = Number(pagination?.starting_after ?? 0);
  const more = all.length > from + perPage;
  return json(200, {
    type: "list",
    data: all.slice(from, from + perPage).map(shown),
    total_count: all.length,
    pages: {
      type: "pages",
      page: 1,
      per_page: perPage,
      total_pages: Math.ceil(all.length / perPage),
      ...(more ? { next: { page: 2, starting_after: String(from + perPage) } } : {}),
    },
  });
}

/** GET /contacts */
export function listContacts(workspace: Workspace, call: Call): Answer {
  const all = Object.values(workspace.kept.data.contacts).filter((contact) => !contact.archived);
  return json(200, {
    type: "list",
    data: all.slice(0, Number(call.query.get("per_page") ?? 10)).map(shown),
    total_count: all.length,
  });
}

export function shown(contact: Contact): Row {
  const { id, role, external_id, email, custom_attributes } = contact;
  return {
    type: "contact",
    id,
    role,
    external_id,
    email,
    ...(contact.fields as Row),
    custom_attributes: custom_attributes as Row,
  };
}
