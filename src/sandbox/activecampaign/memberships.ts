import { z } from "zod";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, breach, contactById, problem, tagId, tieTag } from "./account.ts";
import { noContact, shown } from "./contacts.ts";

const listBody = z.strictObject({
  contactList: z.strictObject({
    list: z.string(),
    contact: z.string(),
    status: z.enum(["1", "2"]),
    sourceid: z.int().optional(),
  }),
});

/** POST /contactLists: a member who had left comes back only with sourceid 4. */
export function setListStatus(account: Account, call: Call): Answer {
  const body = listBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { list, contact: id, status, sourceid = 0 } = body.data.contactList;
  const contact = contactById(account, id);
  if (contact === undefined) return problem(404, `No Result found for Subscriber with id ${id}`);
  if (account.config.lists[Number(list) - 1] === undefined)
    return problem(404, `No Result found for List with id ${list}`);
  if (status === "1" && contact.lists[list] === "2" && sourceid !== 4)
    return breach("sourceid must be 4 to subscribe again");
  contact.lists[list] = status;
  return json(
    200,
    { contacts: [shown(contact)], contactList: { contact: id, list, status: Number(status), id: `${id}-${list}` } },
    { applied: true, rows: { [status === "1" ? "subscribed" : "unsubscribed"]: [contact.email] } },
  );
}

/** GET /contacts/{id}/contactTags */
export function contactTags(account: Account, call: Call): Answer {
  const contact = contactById(account, call.params.id);
  if (contact === undefined) return noContact(call);
  const all = Object.entries(contact.tags).map(([id, tag]) => ({ id, tag: String(tag), contact: String(contact.id) }));
  return json(200, { contactTags: pageOf(all, call) });
}

const tieBody = z.strictObject({
  contactTag: z.strictObject({ contact: z.union([z.string(), z.int()]), tag: z.union([z.string(), z.int()]) }),
});

/** POST /contactTags */
export function addTag(account: Account, call: Call): Answer {
  const body = tieBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const contact = contactById(account, String(body.data.contactTag.contact));
  const tag = Number(body.data.contactTag.tag);
  if (contact === undefined || account.kept.data.tags[tag] === undefined) {
    return json(404, { errors: [{ status: 404, title: "Not Found", detail: "Contact or tag not found" }] });
  }
  tieTag(account, contact, tag);
  const id = Object.keys(contact.tags).find((tie) => contact.tags[tie] === tag) ?? "";
  const rows = { tagged: [contact.email] };
  return json(201, { contactTag: { id, contact: String(contact.id), tag: String(tag) } }, { applied: true, rows });
}

/** DELETE /contactTags/{id} */
export function removeTag(account: Account, call: Call): Answer {
  const tie = call.params.id ?? "";
  const contact = Object.values(account.kept.data.contacts).find((one) => one.tags[tie] !== undefined);
  if (contact === undefined) return problem(404, `No Result found for SubscriberTag with id ${tie}`);
  delete contact.tags[tie];
  return json(200, {}, { applied: true, rows: { untagged: [contact.email] } });
}

const newTag = z.strictObject({
  tag: z.strictObject({
    tag: z.string().min(1),
    tagType: z.enum(["contact", "template"]),
    description: z.string().optional(),
  }),
});

/** POST /tags */
export function createTag(account: Account, call: Call): Answer {
  const body = newTag.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const id = tagId(account, body.data.tag.tag);
  return json(
    201,
    { tag: { id: String(id), tag: body.data.tag.tag, tagType: body.data.tag.tagType } },
    { applied: true, rows: { created: [body.data.tag.tag] } },
  );
}

/** GET /tags: names that contain the searched text. */
export function findTags(account: Account, call: Call): Answer {
  const wanted = (call.query.get("search") ?? "").toLowerCase();
  const all = Object.entries(account.kept.data.tags)
    .filter(([, tag]) => tag.toLowerCase().includes(wanted))
    .map(([id, tag]) => ({ id, tag, tagType: "contact", description: "" }));
  return json(200, { tags: pageOf(all, call), meta: { total: String(all.length) } });
}

/** Twenty where a request does not say, a hundred at most. */
export function pageOf<T>(all: readonly T[], call: Call): T[] {
  const limit = Math.min(100, Number(call.query.get("limit") ?? 20));
  const offset = Number(call.query.get("offset") ?? 0);
  return all.slice(offset, offset + limit);
}
