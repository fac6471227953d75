import type { Mode } from "../../core/sync.ts";
import type { Target, TargetSync } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { maxBulkBytes, maxBulkRows, sendBulk } from "./bulk.ts";
import { requestsPerJob } from "./bulk-job.ts";
import { pollBulk } from "./bulk-poll.ts";
import { maxCollectionBytes, maxCollectionRows, sendCollection } from "./collections.ts";
import { describeObject } from "./describe.ts";
import { checkNames, identityOf, type RecordOptions, recordOptions, usesBulk } from "./options.ts";
import { idsPerQuery } from "./soql.ts";

const movingModes: ReadonlySet<Mode> = new Set(["mirror", "upsert", "update"]);

/** Records of any object: found by an External ID field (or by Id), each with its own result. */
export const record: Target<SalesforceAccount, RecordOptions> = {
  description: "Records of any object (Contact, Account, a custom object), found by an External ID field or by Id",
  kind: "records",
  options: recordOptions,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
  // By Id, a new Id is another record.
  movesMatch: (options, sync) => movingModes.has(sync.mode) && identityOf(options, sync).by === "field",
  onlyIfEmpty: true,
  object: (options) => options.object,
  shape(options, sync) {
    checkNames(sync);
    const identity = identityOf(options, sync);
    const bulk = usesBulk(options, sync);
    return {
      batch: {
        maxRows: bulk ? maxBulkRows : maxCollectionRows,
        maxBytes: bulk ? maxBulkBytes : maxCollectionBytes,
        mixedOps: true,
      },
      // Without an identifier a second attempt would make a second record.
      resend: identity.by === "nothing" ? "once" : "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  discover: (ctx) => describeObject(ctx, ctx.options.object),
  discoversAll: true,
  send: (batch, ctx) => (usesBulk(ctx.options, ctx.sync) ? sendBulk(batch, ctx) : sendCollection(batch, ctx)),
  poll: pollBulk,
};

/** Requests for a plan, look-ups included; Ids of rows that Millrace delivered itself are known and cost nothing. */
function requests(options: RecordOptions, sync: TargetSync): number {
  const identity = identityOf(options, sync);
  const rows = usesBulk(options, sync) ? maxBulkRows : maxCollectionRows;
  const perBatch = usesBulk(options, sync) ? requestsPerJob : 1;
  const queries = (count: number) => batches(count, rows) * Math.ceil(Math.min(count, rows) / idsPerQuery);
  const written = sync.plannedRows - sync.removes;
  const asksForIds = identity.by === "field" && sync.mode !== "mirror" && sync.mode !== "upsert";
  return (
    perBatch * (batches(sync.removes, rows) + batches(written, rows)) +
    (asksForIds && sync.mode === "remove" ? queries(sync.removes) : 0) +
    ((asksForIds && sync.mode !== "remove") || sync.onlyIfEmpty.length > 0 ? queries(written) : 0)
  );
}

const batches = (count: number, rows: number): number => Math.ceil(count / rows);
