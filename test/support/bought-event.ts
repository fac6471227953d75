import type { EventDeclaration } from "../../src/core/declared.ts";

/** An event as `events/e.yml` would declare it, its rows without the time of their arrival. */
export const bought: EventDeclaration = {
  name: "bought",
  model: "events",
  profile: { namespace: "user_id", column: "customer_id" },
  at: "bought_at",
  key: "event_id",
  arrived: undefined,
  where: [],
  properties: new Map(),
  origin: { file: "events/e.yml", line: 1 },
};
