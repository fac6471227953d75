import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, Target } from "../connector.ts";
import { toRows } from "../fates.ts";
import { removesOnly } from "../removes-only.ts";
import type { KlaviyoAccount } from "./account.ts";
import { type Ctx, postBlind } from "./api.ts";
import { readErrors } from "./errors.ts";
import { noIdentifier, resultMissing } from "./fates.ts";
import { amongAll, findProfiles } from "./lookup.ts";
import { givenIdentifiers, identifiers } from "./profiles.ts";
import { parseJson, refusals, rejected } from "./refused-rows.ts";

const options = z.strictObject({});
type ErasureOptions = z.output<typeof options>;

/**
 * People to be erased for good, with everything Klaviyo knows of them: privacy requests. One request a person, three a
 * second and sixty a minute. https://developers.klaviyo.com/en/reference/request_profile_deletion
 */
export const erasure: Target<KlaviyoAccount, ErasureOptions> = {
  ...removesOnly,
  description: "Erases people for good, with all their data, as privacy laws ask: the model lists whom",
  options,
  identifiers,
  object: () => "erasure",
  shape: () => ({
    // Each person's request is recorded by itself: trouble with one says nothing about another.
    batch: { maxRows: 1, mixedOps: true },
    // Whoever is gone cannot be erased twice.
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  // External ids are looked up first.
  requests: (_to, sync) => sync.removes * (sync.match[0] === "external_id" ? 2 : 1),
  send: erase,
};

async function erase(batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const fates = new Map<number, RowFate>();
  for (const change of batch.changes) fates.set(change.seq, await eraseOne(change, ctx));
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

async function eraseOne(change: Change, ctx: Ctx): Promise<RowFate> {
  if (givenIdentifiers(change.match).length === 0) return noIdentifier;
  const profile = await profileToErase(change, ctx);
  // Nobody there: nothing to erase.
  if (profile === null) return { status: "delivered" };
  const { status, body } = await postBlind(ctx, {
    endpoint: "erase",
    scope: "data-privacy:write",
    path: "/api/data-privacy-deletion-jobs",
    json: erasureBody(profile),
    accept: refusals,
  });
  if (status < 400) return { status: "accepted" };
  const [error] = readErrors(parseJson(body));
  return error === undefined ? unreadable : rejected(error);
}

/**
 * By the first identifier of the row that Klaviyo can find somebody by. A deletion knows people by id, email or phone
 * number, and takes exactly one of them.
 */
async function profileToErase(change: Change, ctx: Ctx): Promise<Row | null> {
  for (const [name, value] of givenIdentifiers(change.match)) {
    if (name !== "external_id") return { attributes: { [name]: value } };
    const found = await findProfiles(ctx, amongAll, [{ ...change, match: { [name]: value } }]);
    const id = found.get(change.seq);
    if (id !== undefined) return { id };
  }
  return null;
}

function erasureBody(profile: Row): Row {
  return {
    data: {
      type: "data-privacy-deletion-job",
      attributes: { profile: { data: { type: "profile", ...profile } } },
    },
  };
}

const unreadable: RowFate = {
  status: "retry",
  code: "UNREADABLE_RESULT",
  message: "Klaviyo refused the deletion and gave no readable reason",
};
