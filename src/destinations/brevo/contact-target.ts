import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import type { BrevoAccount } from "./account.ts";
import { type Ctx, callText } from "./api.ts";
import { attributeTypes, contactFields, discoverFields, toAttributes, typesOf } from "./attributes.ts";
import { maxUpdates, updateContacts } from "./update.ts";

const options = z.strictObject({});
type ContactCtx = TargetCtx<BrevoAccount, z.output<typeof options>>;

/** Contacts in no list: Brevo imports only into lists, so that each is a request of its own, with an answer of its own. */
export const contact: Target<BrevoAccount, z.output<typeof options>> = {
  description: "Contacts and their attributes, one request each (updates a hundred); when_removed: delete deletes them",
  kind: "records",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: contactFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "contact",
  shape: (_to, sync) => ({
    // One by one, a batch is kept short: what was done before an error is done again.
    batch: { maxRows: sync.mode === "update" ? maxUpdates : 50, maxBytes: 4_000_000, mixedOps: true },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  requests: (_to, sync: TargetSync) =>
    sync.mode === "update"
      ? Math.ceil((sync.plannedRows - sync.removes) / maxUpdates) + sync.removes
      : sync.plannedRows,
  prepare: async (ctx) => ({ attributes: await attributeTypes(ctx) }),
  async discover(ctx) {
    const fixed = Object.entries(contactFields).map(([name, type]) => ({
      name,
      type,
      required: false,
      writable: true,
    }));
    return [...(await discoverFields(ctx)), ...fixed];
  },
  send,
};

async function send(batch: Batch, ctx: ContactCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  if (batch.changes[0]?.op === "remove") {
    await oneByOne(rows, width, fates, (row) => deleteContact(row, ctx));
  } else {
    const names = new Set(batch.changes.flatMap((change) => Object.keys(change.fields)));
    const types = await typesOf(ctx, ctx.state, [...names]);
    const made = rows.flatMap((row) => {
      const body = toContact(row, types);
      if ("status" in body) fates.set(row.change.seq, body as RowFate);
      return "status" in body ? [] : [{ ...row, body: body as Row }];
    });
    if (batch.writes === "update") await updateContacts(ctx, made, fates);
    else await oneByOne(made, width, fates, (row) => createContact(row, batch.writes, ctx));
  }
  return settled(batch.changes, fates, resultMissing("Brevo"));
}

const width = 5;

/** A contact, or why there is none. */
function toContact({ change, value }: Identified, types: ReadonlyMap<string, string>): Row | RowFate {
  const attributes = toAttributes(change.fields, types);
  if ("status" in attributes && typeof attributes.status === "string") return attributes;
  const own = Object.entries(change.fields).filter(([name, field]) => name in contactFields && field !== null);
  return { email: value, ...Object.fromEntries(own), attributes: attributes as Row };
}

const created = z.object({ id: z.union([z.string(), z.number()]).transform(String) });
const refusal = z.object({ code: z.string() });

/** 201 with the id, or 204 for a contact that was there. https://developers.brevo.com/reference/create-contact */
async function createContact(
  row: Identified & { readonly body: Row },
  writes: Batch["writes"],
  ctx: Ctx,
): Promise<RowFate> {
  const { status, body } = await callText(ctx, {
    method: "POST",
    path: "/contacts",
    json: { ...row.body, updateEnabled: writes === "upsert" },
    // Insert leaves alone who is there.
    ...(writes === "insert" ? { accept: [400] } : {}),
  });
  const json = parsed(body);
  if (status === 204) return delivered();
  if (status < 300) {
    const id = created.safeParse(json).data?.id;
    return id === undefined ? resultMissing("Brevo") : delivered(id);
  }
  const code = refusal.safeParse(json).data?.code ?? "";
  if (code === "duplicate_parameter") return delivered();
  return { status: "rejected", code: code.toUpperCase() || "HTTP_400", message: "Brevo refused the contact" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Who is not there is deleted already. https://developers.brevo.com/reference/delete-contact */
export async function deleteContact(row: Identified, ctx: Ctx): Promise<RowFate> {
  await callText(ctx, { method: "DELETE", path: `/contacts/${encodeURIComponent(row.value)}`, accept: [404] });
  return delivered();
}
