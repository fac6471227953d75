import type { Plan } from "../../src/core/plan.ts";
import type { SyncConfig } from "../../src/core/sync.ts";

/** A sync with every optional part set, so that what a store gives back is compared in full. */
export const sampleSync = (name: string): SyncConfig => ({
  name,
  renamedFrom: "old-name",
  source: { kind: "segment", name: "vips" },
  key: "customer_id",
  match: { Email: "email" },
  to: {
    account: "crm",
    target: "Contact",
    options: { external_id: "Customer_Id__c", nested: { deep: [1, "ü", null] } },
  },
  mode: "mirror",
  whenRemoved: { set: { Tier__c: null } },
  fields: {
    Tier__c: {
      source: { from: "column", column: "tier", type: "number", round: 2 },
      nulls: "write",
      onlyIfEmpty: false,
    },
    Origin__c: { source: { from: "value", value: { a: true } }, nulls: "skip", onlyIfEmpty: true },
    Name: {
      source: { from: "template", parts: [{ text: "Dear " }, { column: "name" }] },
      nulls: "write",
      onlyIfEmpty: false,
    },
  },
  batch: { rows: 200, bytes: 1_000_000 },
  schedule: { kind: "cron", cron: "0 6 * * 1-5", timezone: "Europe/London", catchUp: "once" },
  guard: { maxRemoved: 0.2, maxRemovedRows: 10_000, maxChanged: 0.5, minRows: 1, mappingChange: "hold" },
  rejects: { retry: { times: 3 } },
  strict: false,
  origin: { file: "syncs/vips.yml", line: 3 },
});

export const samplePlan = (runId: string, sync: string, total: number): Plan => ({
  runId,
  sync,
  table: { database: "shop", schema: "millrace", name: `plan__${sync}` },
  createdAt: new Date("2026-03-01T06:00:01.234Z"),
  counts: {
    modelRows: total + 7,
    unchanged: 4,
    add: total,
    update: 0,
    remove: 0,
    keep: 0,
    refused: 2,
    suppressed: 1,
    netted: 0,
    released: 0,
    ledgerRows: 4,
  },
  total,
  removes: 0,
  mappingChanges: ["1 field added (Tier__c)"],
  fingerprintEngine: "duckdb 1.5.6",
});
