import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { Platform } from "./platform.ts";

/** What a stand-in holds, as plain JSON behind one schema: the parts of `Platform` that only keep it. */
export interface Kept<S> extends Pick<Platform, "state" | "snapshot" | "restore" | "reset"> {
  readonly data: S;
}

/** @param changed is called after `data` was replaced, e.g. to build an index anew */
export function keep<S>(schema: z.ZodType<S>, empty: () => S, changed: () => void = () => undefined): Kept<S> {
  let data = empty();
  const replace = (next: S) => {
    data = next;
    changed();
  };
  const copy = () => structuredClone(data) as Value;
  return {
    get data() {
      return data;
    },
    state: copy,
    snapshot: copy,
    restore: (snapshot) => replace(schema.parse(snapshot)),
    reset: () => replace(empty()),
  };
}
