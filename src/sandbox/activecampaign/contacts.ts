import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, breach, type Contact, contactByEmail, contactById, problem, writeContact } from "./account.ts";

const own = {
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  phone: z.string().optional(),
  fieldValues: z.array(z.strictObject({ field: z.union([z.string(), z.int()]), value: z.string() })).optional(),
};
const syncBody = z.strictObject({ contact: z.strictObject({ ...own, email: z.string() }) });
const updateBody = z.strictObject({ contact: z.strictObject({ ...own, email: z.string().optional() }) });

const isAddress = (email: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(email);

export const shown = ({ id, email, first_name: firstName, last_name: lastName, phone, fields }: Contact): Value => ({
  id: String(id),
  email,
  firstName,
  lastName,
  phone,
  fieldValues: Object.keys(fields),
});

function writtenFrom({ firstName, lastName, phone, fieldValues = [] }: z.infer<typeof updateBody>["contact"]) {
  const values = fieldValues.map(({ field, value }) => [field, value] as const);
  return { first_name: firstName, last_name: lastName, phone, values };
}

/** POST /contact/sync */
export function syncContact(account: Account, call: Call): Answer {
  const body = syncBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { email } = body.data.contact;
  if (!isAddress(email) || account.misbehaviour.forRow("activecampaign", { email }) !== undefined) {
    const source = { pointer: "/data/attributes/email" };
    return json(422, { errors: [{ title: "Email is not valid.", detail: "", code: "email_invalid", source }] });
  }
  const contact = writeContact(account, email, writtenFrom(body.data.contact));
  return json(201, { fieldValues: [], contact: shown(contact) }, { applied: true, rows: { synced: [contact.email] } });
}

/** GET /contacts, by address. */
export function findContacts(account: Account, call: Call): Answer {
  const email = call.query.get("email");
  if (email === null) return breach("the sandbox finds contacts by email only");
  const found = contactByEmail(account, email);
  return json(200, {
    scoreValues: [],
    contacts: found === undefined ? [] : [shown(found)],
    meta: { total: found === undefined ? "0" : "1" },
  });
}

export const noContact = (call: Call): Answer =>
  problem(404, `No Result found for Subscriber with id ${call.params.id}`);

/** PUT /contacts/{id} */
export function updateContact(account: Account, call: Call): Answer {
  const body = updateBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const found = contactById(account, call.params.id);
  if (found === undefined) return noContact(call);
  const contact = writeContact(account, found.email, writtenFrom(body.data.contact));
  return json(200, { fieldValues: [], contact: shown(contact) }, { applied: true, rows: { updated: [contact.email] } });
}

/** DELETE /contacts/{id} */
export function deleteContact(account: Account, call: Call): Answer {
  const found = contactById(account, call.params.id);
  if (found === undefined) return noContact(call);
  delete account.kept.data.contacts[found.email];
  return json(200, {}, { applied: true, rows: { deleted: [found.email] } });
}
