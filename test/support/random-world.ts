import { ago } from "./rule-reference.ts";

/** A repeatable source of choices (mulberry32). */
export function choices(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    chance: (share: number): boolean => next() < share,
    of: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    some: <T>(list: readonly T[], most: number): T[] => [
      ...new Set(Array.from({ length: 1 + below(most) }, () => list[below(list.length)] as T)),
    ],
  };
}
export type Choices = ReturnType<typeof choices>;

export interface Order {
  readonly order_id: string;
  readonly customer_id: string;
  readonly ordered_at: number;
  /** Quarters, so that sums are exact whatever their order. */
  readonly revenue: number | null;
  readonly channel: string | null;
}
export interface View {
  readonly view_id: string;
  readonly visitor: string;
  readonly viewed_at: number;
  readonly kind: string;
}
export interface Person {
  readonly customer_id: string;
  readonly age: number | null;
  readonly city: string | null;
  /** Midnight UTC of the day. */
  readonly joined_on: number | null;
  readonly seen_at: number | null;
  readonly wants_mail: boolean | null;
}
export interface RandomWorld {
  readonly asOf: number;
  readonly timeZone: string;
  readonly orders: readonly Order[];
  readonly views: readonly View[];
  readonly people: readonly Person[];
}

/** Texts that a careless compiler would trip over. */
export const oddTexts = [
  "O'Brien",
  "50%",
  "back\\slash",
  "{{ evil }}",
  "{% raw %}",
  "naïve café",
  "日本",
  'say "hi"',
  "a;b--c",
  "shop",
];
export const windows = ["6 hours", "1 day", "2 days", "2 weeks", "30 days", "1 month", "90 days", "1 year"];

const spans = [
  { count: 6, unit: "hour" },
  { count: 1, unit: "day" },
  { count: 2, unit: "day" },
  { count: 2, unit: "week" },
  { count: 30, unit: "day" },
  { count: 1, unit: "month" },
  { count: 90, unit: "day" },
  { count: 1, unit: "year" },
] as const;

/** People and what they did, with many times on, just before and just after the edges of windows and days. */
export function randomWorld(random: Choices, asOf: number, timeZone: string): RandomWorld {
  const edges = [asOf, ...spans.map((span) => ago(span, { asOf, timeZone }))];
  const instant = (): number => {
    if (random.chance(0.4)) return random.of(edges) + random.of([-1000, 0, 1000]);
    return asOf - random.below(500) * 86_400_000 - random.below(86_400) * 1000;
  };
  const ids = Array.from({ length: 50 }, (_, i) => `p${i}`);
  const unless = <T>(share: number, value: T): T | null => (random.chance(share) ? null : value);
  return {
    asOf,
    timeZone,
    orders: Array.from({ length: 160 }, (_, i) => ({
      order_id: `o${String(i).padStart(4, "0")}`,
      customer_id: random.of(ids),
      ordered_at: instant(),
      revenue: unless(0.1, random.below(400) / 4 - 10),
      channel: unless(0.1, random.of(oddTexts)),
    })),
    views: Array.from({ length: 160 }, (_, i) => ({
      view_id: `v${i}`,
      visitor: random.of(ids),
      viewed_at: instant(),
      kind: random.of(["page", "cart"]),
    })),
    people: ids
      .filter(() => random.chance(0.9))
      .map((customer_id) => ({
        customer_id,
        age: unless(0.2, random.below(60)),
        city: unless(0.2, random.of(oddTexts)),
        joined_on: unless(0.2, Math.floor(instant() / 86_400_000) * 86_400_000),
        seen_at: unless(0.2, instant()),
        wants_mail: unless(0.3, random.chance(0.5)),
      })),
  };
}

const comparison = ["eq", "ne", "gt", "gte", "lt", "lte"] as const;

/** A rule as a person writes it, of at most so many levels. */
export function randomRule(random: Choices, levels: number, segments: readonly string[]): Record<string, unknown> {
  if (levels > 0 && random.chance(0.6)) {
    const kind = random.of(["all", "any", "not"] as const);
    if (kind === "not") return { not: randomRule(random, levels - 1, segments) };
    return { [kind]: Array.from({ length: 1 + random.below(3) }, () => randomRule(random, levels - 1, segments)) };
  }
  const kind = random.of(["trait", "trait", "trait", "did", "did", "did_not", "sequence", "segment"] as const);
  switch (kind) {
    case "trait":
      return randomTrait(random);
    case "did":
      return { did: random.of(events), ...pattern(random), ...(random.chance(0.5) ? { times: times(random) } : {}) };
    case "did_not":
      return { did_not: random.of(events), ...(random.chance(0.7) ? { within: random.of(windows) } : {}) };
    case "sequence": {
      const steps = Array.from({ length: 2 + random.below(2) }, () => ({
        did: random.of(events),
        ...(random.chance(0.3) ? { within: random.of(windows) } : {}),
      }));
      return {
        sequence: steps,
        ...(random.chance(0.7) ? { within: random.of(["6 hours", "1 day", "2 weeks", "90 days"]) } : {}),
      };
    }
    case "segment":
      return segments.length === 0 ? randomTrait(random) : { segment: random.of(segments) };
  }
}

export const events = ["order_placed", "page_viewed", "cart_updated"];

const times = (random: Choices): Record<string, number> => ({
  [random.of(comparison)]: 1 + random.below(3),
  ...(random.chance(0.3) ? { lte: 3 } : {}),
});

function pattern(random: Choices): Record<string, unknown> {
  return random.chance(0.6) ? { within: random.of(windows) } : {};
}

function randomTrait(random: Choices): Record<string, unknown> {
  const kind = random.of(["number", "number", "text", "date", "timestamp", "boolean", "two"] as const);
  switch (kind) {
    case "number": {
      const trait = random.of([
        "age",
        "order_count",
        "revenue_sum",
        "revenue_90d",
        "days_silent",
        "median_gap_days",
        "revenue_ratio",
      ]);
      if (random.chance(0.1)) return { trait, exists: random.chance(0.5) };
      if (random.chance(0.2)) return { trait, [random.of(["in", "not_in"])]: [1, 2, random.below(50)] };
      return { trait, [random.of(comparison)]: random.below(80) / 2 };
    }
    case "two":
      return {
        trait: "days_silent",
        [random.of(["gt", "gte", "lt", "lte"])]: {
          trait: random.of(["median_gap_days", "age"]),
          times: random.of([1, 2, 0.5]),
          plus: random.of([0, 0, 3, -2]),
        },
      };
    case "text": {
      const trait = random.of(["city", "last_channel", "top_channel"]);
      const op = random.of([
        "eq",
        "ne",
        "in",
        "not_in",
        "contains",
        "starts_with",
        "ends_with",
        "matches",
        "exists",
      ] as const);
      if (op === "exists") return { trait, exists: random.chance(0.5) };
      if (op === "in" || op === "not_in") return { trait, [op]: random.some(oddTexts, 4) };
      if (op === "matches")
        return { trait, matches: random.of(["^[A-Z]", "\\\\", "o", "[0-9]+%", "\\{", "(café|日)", 'hi"$']) };
      const text = random.of(oddTexts);
      if (op === "starts_with") return { trait, starts_with: [...text].slice(0, 2).join("") };
      if (op === "ends_with" || op === "contains") return { trait, [op]: [...text].slice(-2).join("") };
      return { trait, [op]: text };
    }
    case "date":
    case "timestamp": {
      const trait =
        kind === "date" ? random.of(["joined_on", "first_order_on"]) : random.of(["seen_at", "latest_view_at"]);
      const moment = random.of([
        "today",
        "yesterday",
        "2026-03-29",
        "2026-03-28",
        "30 days ago",
        "1 month ago",
        "6 hours ago",
        "2026-03-30",
      ]);
      const op = random.of(["before", "after", "within", "day"] as const);
      if (op === "within") return { trait, within: random.of(windows) };
      if (op === "day")
        return { trait, [random.of(comparison)]: random.of(["2026-03-29", "2026-03-30", "2026-02-28", "2025-12-30"]) };
      return { trait, [op]: moment };
    }
    case "boolean":
      return { trait: "wants_mail", [random.of(["eq", "ne"])]: random.chance(0.5) };
  }
}
