import type { MatchWeights, TraitRole } from "../../core/match-weights.ts";

/** Records that agree in these expressions of one record are compared. */
export interface Block {
  /** The traits that must be there, for comments. */
  readonly traits: readonly string[];
  readonly expressions: readonly string[];
}

/** More records than this with one key say nothing of who is who; their pairs would be the square of it. */
export const mostRecordsPerBlock = 100;

/** Values that few people share; agreeing on one of them is reason enough to look. */
const alone: readonly TraitRole[] = ["code", "phone", "email", "full_name"];
/** Values that half the town shares: never a part of a key. */
const never: readonly TraitRole[] = ["shared", "attribute"];

/** The blocks that were declared, or else every pair of traits that agree, names by their beginnings among them. */
export function blocksOf(weights: MatchWeights, declared: readonly (readonly string[])[]): readonly Block[] {
  if (declared.length > 0) return declared.map((traits) => ({ traits, expressions: traits }));
  const keys = weights.traits.filter(({ role }) => !never.includes(role));
  const named = (role: TraitRole) => keys.find((key) => key.role === role)?.trait;
  const blocks: Block[] = [];
  for (const [i, first] of keys.entries()) {
    if (alone.includes(first.role)) blocks.push({ traits: [first.trait], expressions: [first.trait] });
    for (const second of keys.slice(i + 1)) {
      const traits = [first.trait, second.trait];
      blocks.push({ traits, expressions: traits });
    }
  }
  const given = named("given_name");
  const family = named("family_name");
  for (const name of [given, family]) {
    if (name === undefined) continue;
    for (const { trait } of keys.filter(({ role }) => role !== "given_name" && role !== "family_name")) {
      blocks.push({ traits: [name, trait], expressions: [`left(${name}, 2)`, trait] });
    }
  }
  if (given !== undefined && family !== undefined) {
    const traits = [given, family];
    blocks.push(
      { traits, expressions: [`least(${given}, ${family})`, `greatest(${given}, ${family})`] },
      { traits, expressions: [`left(${given}, 1)`, family] },
      { traits, expressions: [given, `left(${family}, 3)`] },
    );
  }
  if (blocks.length > 0) return blocks;
  const [only] = keys;
  return only === undefined ? [] : [{ traits: [only.trait], expressions: [only.trait] }];
}
