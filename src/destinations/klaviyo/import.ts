import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { toRows } from "../fates.ts";
import { type Ctx, postJson } from "./api.ts";
import { noIdentifier, notFound, resultMissing } from "./fates.ts";
import { amongAll, findProfiles } from "./lookup.ts";
import { givenIdentifiers, toProfile } from "./profiles.ts";
import { type Posted, refusals, sendDroppingRefused } from "./refused-rows.ts";

/** https://developers.klaviyo.com/en/reference/bulk_import_profiles: 10,000 profiles, 5 MB, 100 KB each. */
export const maxImportRows = 10_000;
const maxImportBytes = 5_000_000;
const maxProfileBytes = 100_000;

/** What the wrapping of each profile adds is left room for. */
export const maxImportBatchBytes = 4_000_000;

const created = z.object({ data: z.object({ id: z.string().min(1) }) });

/** What `poll` must know: the rows that are not in the job. */
export const importHandle = z.object({ settled: z.array(z.tuple([z.int(), z.string(), z.string()])) });

/** Create and fill are one request: a lost answer is sent again, which changes nothing twice. */
export async function sendImport(batch: Batch, ctx: Ctx, list: string | null): Promise<BatchResult> {
  const fates = new Map<number, RowFate>();
  const rows: { readonly seq: number; readonly profile: Row }[] = [];
  for (const change of await existing(batch, ctx, fates)) {
    const profile = toProfile(change);
    const bytes = Buffer.byteLength(JSON.stringify(profile));
    if (givenIdentifiers(change.match).length === 0) fates.set(change.seq, noIdentifier);
    else if (bytes > maxProfileBytes) fates.set(change.seq, tooLarge);
    else rows.push({ seq: change.seq, profile });
  }
  const posted = await sendDroppingRefused(rows, fates, "profiles:write", (left) =>
    postImport(
      ctx,
      left.map((row) => row.profile),
      list,
    ),
  );
  if (posted === null) return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
  const data: z.input<typeof importHandle> = { settled: [...fates].flatMap(([seq, fate]) => asSettled(seq, fate)) };
  return {
    state: "pending",
    job: { id: posted.value, phase: "queued", data },
    pollAfterMs: pollAfterMs(batch.changes.length),
  };
}

async function postImport(ctx: Ctx, profiles: readonly Row[], list: string | null): Promise<Posted<string>> {
  const json = importBody(profiles, list);
  assertFits(json);
  const { status, body } = await postJson(ctx, {
    endpoint: "import",
    scope: list === null ? "profiles:write" : "lists:write and profiles:write",
    path: "/api/profile-bulk-import-jobs",
    json,
    accept: refusals,
    expect: created.or(z.object({ errors: z.array(z.unknown()) })),
  });
  return "data" in body ? { value: body.data.id } : { refused: { status, body } };
}

/** No pace is prescribed; reading a job may be done 150 times a minute. */
export const pollAfterMs = (rows: number): number => (rows > 500 ? 5_000 : 2_000);

/** A batch that must not create is cut down to the profiles that are there: the import itself would create the others. */
async function existing(batch: Batch, ctx: Ctx, fates: Map<number, RowFate>): Promise<readonly Change[]> {
  if (batch.writes !== "update") return batch.changes;
  const found = await findProfiles(ctx, amongAll, batch.changes, "id");
  for (const change of batch.changes) if (!found.has(change.seq)) fates.set(change.seq, notFound);
  return batch.changes.filter((change) => found.has(change.seq));
}

export function importBody(profiles: readonly Row[], list: string | null): Row {
  const lists = list === null ? {} : { relationships: { lists: { data: [{ type: "list", id: list }] } } };
  return { data: { type: "profile-bulk-import-job", attributes: { profiles: { data: profiles } }, ...lists } };
}

function assertFits(body: Row): void {
  if (Buffer.byteLength(JSON.stringify(body)) <= maxImportBytes) return;
  throw new BatchRefused("the profiles make a request over 5 MB", {
    hint: "Set a lower `batch: {rows: …}` for the sync.",
    reason: "PAYLOAD_TOO_LARGE",
  });
}

function asSettled(seq: number, fate: RowFate): [number, string, string][] {
  return fate.status === "rejected" ? [[seq, fate.code, fate.message]] : [];
}

const tooLarge: RowFate = {
  status: "rejected",
  code: "PROFILE_TOO_LARGE",
  message: "the profile has more than 100 KB, the most that Klaviyo takes",
};
