import type { FieldRule, Guard, SyncConfig } from "../../src/core/sync.ts";

/** A field that copies a column. */
export const column = (name: string): FieldRule => ({
  source: { from: "column", column: name },
  nulls: "write",
  onlyIfEmpty: false,
});

/** No guard ever holds. */
export const openGuard: Guard = {
  maxRemoved: 1,
  maxRemovedRows: 1_000_000_000,
  maxChanged: 1,
  minRows: 0,
  mappingChange: "allow",
};

/** A mirror of `analytics.people` (id, email, name) to a list, matched by e-mail; override what the test is about. */
export function aSync(over: Partial<SyncConfig> = {}): SyncConfig {
  return {
    name: "people-to-list",
    source: { kind: "table", name: "analytics.people" },
    key: "id",
    match: { email: "email" },
    to: { account: "a", target: "list", options: {} },
    mode: "mirror",
    fields: { name: column("name") },
    batch: {},
    guard: openGuard,
    rejects: { retry: "on_change" },
    strict: false,
    origin: { file: "syncs/people.yml", line: 1 },
    ...over,
  };
}
