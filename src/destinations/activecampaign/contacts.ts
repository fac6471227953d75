import { z } from "zod";
import type { RowFate } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import { invalidEmail, isAddress } from "../address.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, notFound } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { ask, type Ctx, callBlind, callJson, idText } from "./api.ts";
import { definitionsOf, standardFields, toWritten, type Written } from "./fields.ts";

export interface Contact extends Identified {
  readonly written: Written;
}

/** The rows that can be written; the others get their fate. */
export async function contactsOf(batch: Batch, ctx: Ctx, state: Value, fates: Fates): Promise<readonly Contact[]> {
  const names = new Set(batch.changes.flatMap((change) => Object.keys(change.fields)));
  const definitions = await definitionsOf(ctx, state, [...names]);
  return identified(batch.changes, "email", fates, lowered).flatMap((row) => {
    const written = isAddress(row.value) ? toWritten(row.change.fields, definitions) : invalidEmail;
    if ("custom" in written) return [{ ...row, written }];
    fates.set(row.change.seq, written);
    return [];
  });
}

const toBody = ({ standard, custom }: Written) => ({
  ...Object.fromEntries(
    Object.entries(standard).map(([name, value]) => [standardFields[name as keyof typeof standardFields], value]),
  ),
  ...(custom.length === 0 ? {} : { fieldValues: custom.map(({ id, value }) => ({ field: String(id), value })) }),
});

const synced = z.object({ contact: z.object({ id: idText }) });

/** Creates or updates by the address; returns the contact's id. https://developers.activecampaign.com/reference/sync-a-contacts-data */
export async function syncContact(row: Contact, ctx: Ctx): Promise<string> {
  const json = { contact: { email: row.value, ...toBody(row.written) } };
  return (await callJson(ctx, { method: "POST", path: "/contact/sync", json, expect: synced })).body.contact.id;
}

const found = z.object({ contacts: z.array(z.object({ id: idText, email: z.string() })) });

/** null: nobody has this address. https://developers.activecampaign.com/reference/list-all-contacts */
export async function findContact(row: Identified, ctx: Ctx): Promise<string | null> {
  const { body } = await ask(ctx, { path: "/contacts", query: { email: row.value }, expect: found });
  return body.contacts.find((one) => lowered(one.email) === lowered(row.value))?.id ?? null;
}

/** Updates who is there and never creates. https://developers.activecampaign.com/reference/update-a-contact-new */
export async function updateContact(row: Contact, ctx: Ctx): Promise<RowFate> {
  const id = await findContact(row, ctx);
  if (id === null) return notFound;
  const json = { contact: toBody(row.written) };
  const { status } = await callBlind(ctx, { method: "PUT", path: `/contacts/${id}`, json, accept: [404] });
  return status === 404 ? notFound : delivered(id);
}

/** Who is not there is deleted already. https://developers.activecampaign.com/reference/delete-contact */
export async function deleteContact(row: Identified, ctx: Ctx): Promise<RowFate> {
  const id = await findContact(row, ctx);
  if (id !== null) await callBlind(ctx, { method: "DELETE", path: `/contacts/${id}`, accept: [404] });
  return delivered();
}
