import type { Order } from "../core/declared.ts";

/** One bound of several that must all hold. Days are compared as their texts, which stand in their order. */
export interface Bound {
  readonly op: Order;
  readonly to: number | string;
}

/** The two of them that no value fulfils together; undefined: none such. */
export function contradiction(bounds: readonly Bound[]): readonly [Bound, Bound] | undefined {
  const lows = bounds.filter(({ op }) => op === "gt" || op === "gte" || op === "eq");
  const highs = bounds.filter(({ op }) => op === "lt" || op === "lte" || op === "eq");
  for (const low of lows) {
    for (const high of highs) {
      if (typeof low.to !== typeof high.to) continue;
      const strict = low.op === "gt" || high.op === "lt";
      if (low.to > high.to || (strict && low.to === high.to)) return [low, high];
    }
  }
  return undefined;
}

const words: Readonly<Record<Order, string>> = {
  eq: "equal to",
  ne: "other than",
  gt: "more than",
  gte: "at least",
  lt: "less than",
  lte: "at most",
};

export const boundWords = ({ op, to }: Bound): string => `${words[op]} ${to}`;
