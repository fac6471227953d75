import type { BatchResult } from "../../core/result.ts";
import type { Batch, TargetCtx } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import type { MarketoAccount } from "./account.ts";
import { call } from "./api.ts";
import { byIds } from "./by-id.ts";
import { readById, resultsReply } from "./results.ts";
import { identityOf } from "./write.ts";

const deleted = new Set(["deleted"]);

/** https://developer.adobe.com/marketo-apis/api/mapi/#tag/Leads/operation/deleteLeadsUsingPOST */
export async function deleteLeads(
  changes: Batch["changes"],
  ctx: TargetCtx<MarketoAccount, unknown>,
): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.sync);
  const rows = identified(changes, by, fates, lowered);
  await byIds(ctx, by, rows, fates, async (ids) => {
    const json = { input: ids.map((id) => ({ id: Number(id) })) };
    const { body } = await call(ctx, {
      method: "POST",
      path: "/rest/v1/leads/delete.json",
      json,
      expect: resultsReply,
    });
    return readById(body.result ?? [], deleted);
  });
  return settled(changes, fates, resultMissing("Marketo"));
}
