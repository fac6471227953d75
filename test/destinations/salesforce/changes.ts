import type { Change, Op } from "../../../src/core/change.ts";
import type { Row } from "../../../src/core/value.ts";
import type { TargetSync } from "../../../src/destinations/connector.ts";

export function change(seq: number, match: Row, fields: Row = {}, more: { op?: Op; externalId?: string } = {}): Change {
  const { op = "add", externalId } = more;
  return { seq, op, key: `k${seq}`, match, fields, ...(externalId === undefined ? {} : { externalId }) };
}

export function sync(more: Partial<TargetSync> = {}): TargetSync {
  return {
    name: "test",
    runId: "run-1",
    mode: "upsert",
    match: ["Customer_No__c"],
    fields: [],
    onlyIfEmpty: [],
    plannedRows: 1,
    removes: 0,
    createdAt: new Date("2026-03-02T09:00:00Z"),
    ...more,
  };
}

/** A Salesforce Id of 18 characters. */
export const idOf = (n: number): string => `003${String(n).padStart(12, "0")}AAA`;
