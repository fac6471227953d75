import { z } from "zod";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, nextId, startJob } from "./account.ts";
import { breach, problem } from "./errors.ts";

const createBody = z.strictObject({ name: z.string().min(1).max(100) });

export function getLists(account: Account, call: Call): Answer {
  const size = Number(call.query.get("page_size") ?? 100);
  if (!(size >= 1 && size <= 1000)) return breach("page_size must be at most 1000", "page_size");
  const from = Number(call.query.get("page_token") ?? 0);
  const all = Object.entries(account.kept.data.lists).map(([id, name]) => ({ id, name, contact_count: 0 }));
  const more = from + size < all.length;
  const next = `https://api.sendgrid.com/v3/marketing/lists?page_size=${size}&page_token=${from + size}`;
  const metadata = { self: call.base, count: all.length, ...(more ? { next } : {}) };
  return json(200, { result: all.slice(from, from + size), _metadata: metadata });
}

export function createList(account: Account, call: Call): Answer {
  const body = createBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", "name");
  const { lists } = account.kept.data;
  if (Object.values(lists).includes(body.data.name)) return problem(400, "list name already exists", "name");
  const id = nextId(account);
  lists[id] = body.data.name;
  return json(201, { id, name: body.data.name, contact_count: 0 }, { applied: true, rows: { created: [id] } });
}

/** DELETE /v3/marketing/lists/{id}/contacts?contact_ids= */
export function removeContacts(account: Account, call: Call): Answer {
  const list = call.params.id ?? "";
  const ids = (call.query.get("contact_ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0) return breach("contact_ids is required", "contact_ids");
  const { contacts, lists } = account.kept.data;
  if (lists[list] === undefined || ids.some((id) => contacts[id] === undefined)) return problem(404, "not found");
  const job = startJob(account, call, { type: "delete", requested: ids.length, deleted: ids.length });
  if (!job.lost) {
    for (const id of ids) {
      const contact = contacts[id];
      if (contact !== undefined) contact.lists = contact.lists.filter((one) => one !== list);
    }
  }
  return json(202, { job_id: job.id }, { applied: true, rows: { removed: ids } });
}
