import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { activeContact } from "./contacts.ts";
import { breach, contactsOf, nameOf, nextId, notFound, problem, saveContact, type Workspace } from "./workspace.ts";

const tagBody = z.strictObject({ name: z.string().min(1), id: z.string().optional() });

/** POST /tags: made, or the one of this name; names are compared without case. */
export function createTag(workspace: Workspace, call: Call): Answer {
  const read = tagBody.safeParse(parseJson(call.body));
  if (!read.success) return breach("invalid tag parameters");
  const { tags } = workspace.kept.data;
  const there = tags.find((tag) => tag.name.toLowerCase() === read.data.name.toLowerCase());
  const tag = there ?? { id: String(tags.length + 81), name: read.data.name };
  if (there === undefined) tags.push(tag);
  return json(200, { type: "tag", ...tag, users: [], companies: [] }, { applied: there === undefined });
}

/** POST /contacts/{contact_id}/tags and DELETE /contacts/{contact_id}/tags/{tag_id} */
export function tagContact(workspace: Workspace, call: Call, how: "add" | "remove"): Answer {
  const contact = activeContact(workspace, call);
  const id =
    how === "remove" ? call.params.tag : z.strictObject({ id: z.string() }).safeParse(parseJson(call.body)).data?.id;
  if (id === undefined) return breach("id is required");
  if (contact === undefined) return notFound("User");
  const tag = workspace.kept.data.tags.find((one) => one.id === id);
  const tagged = contact.tags.includes(id);
  if (tag === undefined || (how === "remove" && !tagged)) return notFound("Resource");
  const tags = how === "add" ? [...new Set([...contact.tags, id])] : contact.tags.filter((one) => one !== id);
  saveContact(workspace, contact, { tags });
  return json(200, { type: "tag", ...tag }, { applied: true, rows: { [how]: [contact.id] } });
}

const companyBody = z.strictObject({
  company_id: z.string().min(1).optional(),
  name: z.string().nullable().optional(),
  plan: z.string().nullable().optional(),
  size: z.int().nullable().optional(),
  website: z.string().nullable().optional(),
  industry: z.string().nullable().optional(),
  monthly_spend: z.int().nullable().optional(),
  remote_created_at: z.int().nullable().optional(),
  custom_attributes: z.record(z.string(), z.json()).optional(),
});

/** POST /companies: created or updated, by company_id. */
export function upsertCompany(workspace: Workspace, call: Call): Answer {
  const read = companyBody.safeParse(parseJson(call.body));
  if (!read.success)
    return problem(400, "bad_request", `bad '${String(read.error.issues[0]?.path[0] ?? "body")}' parameter`);
  const { company_id, custom_attributes = {}, ...fields } = read.data;
  if (company_id === undefined) return problem(400, "bad_request", "company_id is required");
  const told = workspace.misbehaviour.forRow("intercom", { ...custom_attributes, ...fields, company_id } as Row);
  if (told !== undefined) return problem(422, told.code ?? "parameter_invalid", told.message);
  const { companies } = workspace.kept.data;
  const there = findCompany(workspace, company_id);
  const company = there ?? { id: nextId(workspace), company_id, fields: {}, custom_attributes: {} };
  company.fields = { ...company.fields, ...(fields as typeof company.fields) };
  company.custom_attributes = { ...company.custom_attributes, ...custom_attributes };
  companies[company.id] = company;
  const shown = { type: "company", id: company.id, company_id, ...(company.fields as Row) };
  return json(200, shown, { applied: true, rows: { upserted: [company_id] } });
}

function findCompany(workspace: Workspace, companyId: string) {
  return Object.values(workspace.kept.data.companies).find((one) => one.company_id === companyId);
}

/** GET /companies?company_id= */
export function getCompany(workspace: Workspace, call: Call): Answer {
  const company = findCompany(workspace, call.query.get("company_id") ?? "");
  if (company === undefined) return problem(404, "company_not_found", "Company Not Found");
  return json(200, { type: "company", id: company.id, company_id: company.company_id, ...(company.fields as Row) });
}

/** DELETE /companies/{company_id} */
export function deleteCompany(workspace: Workspace, call: Call): Answer {
  const { companies } = workspace.kept.data;
  const id = call.params.company ?? "";
  if (companies[id] === undefined) return problem(404, "company_not_found", "Company Not Found");
  for (const one of Object.values(workspace.kept.data.contacts))
    one.companies = one.companies.filter((own) => own !== id);
  delete companies[id];
  return json(200, { id, object: "company", deleted: true }, { applied: true, rows: { deleted: [id] } });
}

/** POST /contacts/{contact_id}/companies and DELETE /contacts/{contact_id}/companies/{company_id}, by Intercom's own ids. */
export function changeCompany(workspace: Workspace, call: Call, how: "attach" | "detach"): Answer {
  const read = how === "attach" ? z.strictObject({ id: z.string() }).safeParse(parseJson(call.body)) : undefined;
  const id = how === "attach" ? read?.data?.id : call.params.company;
  if (id === undefined) return breach("company not specified");
  const contact = activeContact(workspace, call);
  if (contact === undefined) return notFound("User");
  const company = workspace.kept.data.companies[id];
  const belongs = contact.companies.includes(id);
  if (company === undefined || (how === "detach" && !belongs)) {
    return problem(404, "company_not_found", "Company Not Found");
  }
  const others = contact.companies.filter((one) => one !== id);
  saveContact(workspace, contact, { companies: how === "attach" ? [...others, id] : others });
  const shown = { type: "company", id, company_id: company.company_id };
  return json(200, shown, { applied: true, rows: { [how]: [contact.id] } });
}

const eventBody = z
  .strictObject({
    event_name: z.string().min(1),
    created_at: z.int(),
    user_id: z.string().optional(),
    id: z.string().optional(),
    email: z.string().optional(),
    metadata: z.record(z.string(), z.json()).optional(),
  })
  .refine((event) => event.user_id !== undefined || event.id !== undefined || event.email !== undefined);

/** POST /events: 202, nothing in it. */
export function createEvent(workspace: Workspace, call: Call): Answer {
  const read = eventBody.safeParse(parseJson(call.body));
  if (!read.success) return breach("event_name, created_at and one of user_id, id, email are required");
  const { user_id, email, id } = read.data;
  const known =
    id !== undefined
      ? workspace.kept.data.contacts[id] !== undefined
      : contactsOf(workspace, user_id === undefined ? nameOf("email", email ?? "") : nameOf("external_id", user_id))
          .length > 0;
  if (!known) return notFound("User");
  workspace.kept.data.events.push(JSON.parse(JSON.stringify(read.data)));
  return empty(202, { applied: true, rows: { event: [user_id ?? email ?? id ?? ""] } });
}

/** GET /data_attributes */
export function dataAttributes(workspace: Workspace, call: Call): Answer {
  const model = call.query.get("model");
  if (model !== "contact" && model !== "company") return breach("model is contact or company");
  const standard = model === "contact" ? ["external_id", "email", "name"] : ["company_id", "name", "plan"];
  const attribute = (name: string, full_name: string, data_type: string, custom: boolean) => ({
    type: "data_attribute",
    name,
    full_name,
    label: name,
    description: "",
    data_type,
    api_writable: true,
    custom,
    archived: false,
    model,
  });
  const own = model === "contact" ? Object.entries(workspace.config.attributes) : [];
  return json(200, {
    type: "list",
    data: [
      ...standard.map((name) => attribute(name, name, "string", false)),
      ...own.map(([name, type]) => attribute(name, `custom_attributes.${name}`, type, true)),
    ],
  });
}
