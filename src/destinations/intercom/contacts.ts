import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, notFound, rejected } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { width } from "./account.ts";
import { type Ctx, tryCall } from "./api.ts";
import { conflicting, type Refused, refusalFate } from "./errors.ts";
import { toBody, tooLong } from "./fields.ts";
import { findContacts, foldedBy, type Identifier } from "./lookup.ts";

export interface Writing {
  readonly by: Identifier;
  readonly role: "user" | "lead";
  readonly writes: Batch["writes"];
}

const contact = z.object({ id: z.string().min(1) });
const scope = "Write users and companies";

/** Writes contacts, one request each; ids that no earlier delivery told are searched for, fifty at a time. */
export async function writeContacts(ctx: Ctx, what: Writing, changes: readonly Change[], fates: Fates): Promise<void> {
  const rows = identified(changes, what.by, fates, foldedBy(what.by)).filter(({ change }) => {
    const flaw = tooLong(change.fields);
    if (flaw !== null) fates.set(change.seq, flaw);
    return flaw === null;
  });
  const ids = await contactIds(ctx, what.by, rows);
  await oneByOne(rows, width, fates, async (row) => {
    const [id, another] = ids.get(row.change.seq) ?? [];
    if (another !== undefined) return ambiguous;
    if (id !== undefined) return what.writes === "insert" ? delivered(id) : update(ctx, what, row, id);
    if (what.writes === "update" || what.by === "id") return notFound;
    return create(ctx, what, row);
  });
}

/** Ids by seq: told by an earlier delivery, given as such, or found. */
export async function contactIds(
  ctx: Ctx,
  by: Identifier,
  rows: readonly Identified[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const ids = new Map<number, readonly string[]>();
  for (const { change, value } of rows) {
    const known = by === "id" ? value : change.externalId;
    if (known !== undefined) ids.set(change.seq, [known]);
  }
  const asked = rows.filter(({ change }) => !ids.has(change.seq));
  const found = await findContacts(ctx, by, asked);
  for (const { change, value } of asked) ids.set(change.seq, found.get(foldedBy(by)(value)) ?? []);
  return ids;
}

async function update(ctx: Ctx, what: Writing, row: Identified, id: string): Promise<RowFate> {
  const identifiers: Row = what.by === "id" || what.writes === "update" ? {} : { [what.by]: row.value };
  const answer = await tryCall(ctx, {
    method: "PUT",
    path: `/contacts/${encodeURIComponent(id)}`,
    scope,
    json: { ...toBody(row.change.fields), ...identifiers },
    expect: contact,
  });
  if ("body" in answer) return delivered(answer.body.id);
  // The id of an earlier delivery whose contact is gone meanwhile: it is made again, where the mode makes any.
  const gone = answer.refused.status === 404 && row.change.externalId === id;
  return gone && what.writes === "upsert" && what.by !== "id" ? create(ctx, what, row) : refusalFate(answer.refused);
}

async function create(ctx: Ctx, what: Writing, row: Identified): Promise<RowFate> {
  const answer = await tryCall(ctx, {
    method: "POST",
    path: "/contacts",
    scope,
    json: { ...toBody(row.change.fields), role: what.role, [what.by]: row.value },
    expect: contact,
  });
  if ("body" in answer) return delivered(answer.body.id);
  return (await alreadyThere(ctx, what, row, answer.refused)) ?? refusalFate(answer.refused);
}

/** The search had not shown the contact yet, or it is archived: Intercom's refusal has its id. */
async function alreadyThere(ctx: Ctx, what: Writing, row: Identified, refused: Refused): Promise<RowFate | null> {
  const there = conflicting(refused);
  if (there === null) return null;
  if (what.writes === "insert" && !there.archived) return delivered(there.id);
  if (there.archived) {
    const answer = await tryCall(ctx, {
      method: "POST",
      path: `/contacts/${encodeURIComponent(there.id)}/unarchive`,
      scope,
      expect: contact,
    });
    if ("refused" in answer) return refusalFate(answer.refused);
  }
  // Not `update` with the externalId's fallback: that would come back here.
  return update(ctx, what, { ...row, change: { ...row.change, externalId: "" } }, there.id);
}

/** Ends contacts; who is not there is gone already. */
export async function removeContacts(
  ctx: Ctx,
  by: Identifier,
  how: "archive" | "delete",
  changes: readonly Change[],
  fates: Fates,
): Promise<void> {
  const rows = identified(changes, by, fates, foldedBy(by));
  const ids = await contactIds(ctx, by, rows);
  await oneByOne(rows, width, fates, async ({ change }) => {
    // All of them: several contacts may have one address.
    for (const id of ids.get(change.seq) ?? []) {
      const path = `/contacts/${encodeURIComponent(id)}`;
      const request =
        how === "archive" ? { method: "POST" as const, path: `${path}/archive` } : { method: "DELETE" as const, path };
      const answer = await tryCall(ctx, { ...request, scope, expect: contact });
      if ("refused" in answer && answer.refused.status !== 404) return refusalFate(answer.refused);
    }
    return delivered();
  });
}

export const ambiguous = rejected(
  "AMBIGUOUS_MATCH",
  "several contacts have this identifier: match by external_id or id",
);
