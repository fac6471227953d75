import { z } from "zod";
import { accepted, chunks, type Fates } from "../fates.ts";
import type { Identified } from "../identified.ts";
import { type Ctx, post } from "./api.ts";
import { aliasOf, type Identifier, type Identity } from "./identity.ts";

/** https://www.braze.com/docs/api/endpoints/user_data/post_user_delete/ */
export const maxDeleted = 50;

const deleteReply = z.object({ deleted: z.int(), errors: z.array(z.unknown()).nullish() });

/**
 * Users can be deleted by these. A deletion by address ends one profile of perhaps several that have it, and leaves the others:
 * nothing that may be called removed. https://www.braze.com/docs/api/endpoints/user_data/post_user_delete/#deleting-users-by-email
 */
export const deletedBy: ReadonlySet<Identifier> = new Set(["external_id", "braze_id", "user_alias"]);

/** Queues users for deletion. Braze counts what it queued and names none of them; who is not there is gone already. */
export async function removeUsers(
  ctx: Ctx,
  identity: Identity,
  rows: readonly Identified[],
  fates: Fates,
): Promise<void> {
  for (const part of chunks(rows, maxDeleted)) {
    const { body } = await post(ctx, {
      scope: "delete",
      permission: "users.delete",
      path: "/users/delete",
      json: deleteBody(identity, part),
      expect: deleteReply,
    });
    if ((body.errors ?? []).length > 0) continue;
    for (const { change } of part) fates.set(change.seq, accepted);
  }
}

export function deleteBody({ by, label }: Identity, rows: readonly Pick<Identified, "value">[]) {
  const values = rows.map((row) => row.value);
  if (by === "user_alias") return { user_aliases: values.map((value) => aliasOf(value, label)) };
  return by === "braze_id" ? { braze_ids: values } : { external_ids: values };
}
