import { z } from "zod";
import { chunks } from "../fates.ts";
import type { Identified } from "../identified.ts";
import { question } from "../question.ts";
import { type Ctx, post } from "./api.ts";

/** https://www.braze.com/docs/api/endpoints/export/user_data/post_users_identifier/ */
export const maxExported = 50;

const exportReply = z.object({ users: z.array(z.object({ external_id: z.string().nullish() })) });

/** Which of these external ids have a user. */
export async function existing(ctx: Ctx, rows: readonly Identified[]): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (const part of chunks(rows, maxExported)) {
    const { body } = await question(() =>
      post(ctx, {
        scope: "export",
        permission: "users.export.ids",
        path: "/users/export/ids",
        json: { external_ids: part.map((row) => row.value), fields_to_export: ["external_id"] },
        expect: exportReply,
      }),
    );
    for (const { external_id } of body.users) if (external_id != null) there.add(external_id);
  }
  return there;
}
