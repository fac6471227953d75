import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { AuthFailed, DeliveryError } from "../../core/delivery-errors.ts";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Batch } from "../connector.ts";
import { toRows } from "../fates.ts";
import { type Ctx, getJson, getPages } from "./api.ts";
import { resultMissing } from "./fates.ts";
import { importHandle, pollAfterMs } from "./import.ts";
import { errorPage, importFates, jobReply } from "./import-result.ts";
import { namesOf, profilePage } from "./lookup.ts";
import { givenIdentifiers, identifierName } from "./profiles.ts";

/** A page has 100 ids, and 150 pages may be read a minute: above this, ids are looked up when somebody is removed. */
export const maxReadBack = 1_000;

/** `readBack`: profile ids are wanted, because later removals go by id. */
export async function pollImport(job: JobHandle, batch: Batch, ctx: Ctx, readBack: boolean): Promise<BatchResult> {
  const data = importHandle.parse(job.data);
  const fates = new Map<number, RowFate>(
    data.settled.map(([seq, code, message]) => [seq, { status: "rejected", code, message }]),
  );
  const path = `/api/profile-bulk-import-jobs/${encodeURIComponent(job.id)}`;
  const reply = await getJson(ctx, {
    endpoint: "import-job",
    scope: "lists:read and profiles:read",
    path,
    accept: [404],
    expect: jobReply.or(z.object({ errors: z.array(z.unknown()) })),
  });
  // Jobs expire (expires_at): what became of an expired one's rows cannot be told; sending them again changes nothing twice.
  if (!("data" in reply.body)) return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
  const info = reply.body.data.attributes;
  if (info.status === "queued" || info.status === "processing") {
    return { state: "pending", job: { ...job, phase: info.status }, pollAfterMs: pollAfterMs(batch.changes.length) };
  }
  const errors =
    info.failed_count === 0
      ? []
      : await getPages(ctx, {
          endpoint: "import-errors",
          scope: "profiles:read",
          path: `${path}/import-errors`,
          query: { "page[size]": 100 },
          expect: errorPage,
        });
  const sent = batch.changes.filter((change) => !fates.has(change.seq));
  for (const [seq, fate] of importFates(sent, info, errors)) fates.set(seq, fate);
  if (readBack) await addIds(ctx, path, sent, fates);
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

/** Ids save a look-up at the removal; what was delivered stays delivered without them. */
async function addIds(ctx: Ctx, path: string, sent: readonly Change[], fates: Map<number, RowFate>): Promise<void> {
  const wanting = sent.filter(
    (change) => change.externalId === undefined && fates.get(change.seq)?.status === "delivered",
  );
  if (wanting.length === 0 || sent.length > maxReadBack) return;
  const ids = await readIds(ctx, path);
  for (const change of wanting) {
    const id = givenIdentifiers(change.match)
      .map(([name, value]) => ids.get(identifierName(name, value)))
      .find((found) => found !== undefined);
    if (id !== undefined) fates.set(change.seq, { status: "delivered", externalId: id });
  }
}

async function readIds(ctx: Ctx, path: string): Promise<ReadonlyMap<string, string>> {
  try {
    const profiles = await getPages(ctx, {
      endpoint: "import-profiles",
      scope: "profiles:read",
      path: `${path}/profiles`,
      query: { "fields[profile]": "email,phone_number,external_id", "page[size]": 100 },
      expect: profilePage,
    });
    return new Map(
      profiles.flatMap((item) => namesOf(item).map(([name, value]) => [identifierName(name, value), item.id] as const)),
    );
  } catch (error) {
    if (!(error instanceof DeliveryError) || error instanceof AuthFailed) throw error;
    return new Map();
  }
}
