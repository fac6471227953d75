import type { FrozenChange } from "../../src/plan/read-changes.ts";

/** Everything of a change but its number: within removes and within the rest the order is the engine's own. */
export const changeSet = (changes: readonly FrozenChange[]) =>
  changes
    .map(({ op, key, match, fields, externalId, movedFrom }) => ({ op, key, match, fields, externalId, movedFrom }))
    .toSorted((a, b) => (JSON.stringify([a.key, a.match, a.op]) < JSON.stringify([b.key, b.match, b.op]) ? -1 : 1));

/** Refused rows in an order that every engine gives. */
export const refusalSet = <T extends { readonly code: string; readonly message: string }>(refusals: readonly T[]) =>
  refusals.toSorted((a, b) => (a.code + a.message < b.code + b.message ? -1 : 1));
