import type { Order, RandomWorld } from "./random-world.ts";
import type { Cell } from "./rule-reference.ts";
import { ago, dayOf } from "./rule-reference.ts";

/** The traits of test/support/segment-project.ts, by plain loops over each profile's rows. */
export function referenceTraits(world: RandomWorld): Map<string, Map<string, Cell>> {
  const { asOf, timeZone, orders, views, people } = world;
  const ids = new Set([
    ...orders.filter((order) => order.ordered_at < asOf).map((order) => order.customer_id),
    ...views.map((view) => view.visitor),
    ...people.map((person) => person.customer_id),
  ]);
  const traits = new Map<string, Map<string, Cell>>();
  for (const id of ids) {
    const own = orders
      .filter((order) => order.customer_id === id && order.ordered_at < asOf)
      .sort((a, b) => a.ordered_at - b.ordered_at || (a.order_id < b.order_id ? -1 : 1));
    const seen = views.filter((view) => view.visitor === id && view.viewed_at < asOf);
    const person = people.find((each) => each.customer_id === id);
    const late = own.filter((order) => order.ordered_at >= ago({ count: 90, unit: "day" }, world));
    const sum = (list: readonly Order[]): number | null => {
      const values = list.flatMap((order) => order.revenue ?? []);
      return values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
    };
    const latest = own.at(-1);
    const count = own.length;
    const all = sum(own);
    traits.set(
      id,
      new Map<string, Cell>([
        ["order_count", count],
        ["revenue_sum", all],
        ["revenue_90d", sum(late) ?? 0],
        ["first_order_on", own[0] === undefined ? null : dayOf(own[0].ordered_at, timeZone)],
        [
          "days_silent",
          latest === undefined ? null : (dayOf(asOf, timeZone) - dayOf(latest.ordered_at, timeZone)) / 86_400_000,
        ],
        ["median_gap_days", medianGap(own.map((order) => dayOf(order.ordered_at, timeZone) / 86_400_000))],
        ["last_channel", own.filter((order) => order.channel !== null).at(-1)?.channel ?? null],
        ["top_channel", mostFrequent(own)],
        ["channels", new Set(own.flatMap((order) => order.channel ?? [])).size],
        ["revenue_ratio", all === null || count === 0 ? null : all / count],
        ["latest_view_at", seen.length === 0 ? null : Math.max(...seen.map((view) => view.viewed_at))],
        ["cart_count", seen.filter((view) => view.kind === "cart").length],
        ["age", person?.age ?? null],
        ["city", person?.city ?? null],
        ["joined_on", person?.joined_on ?? null],
        ["seen_at", person?.seen_at ?? null],
        ["wants_mail", person?.wants_mail ?? null],
      ]),
    );
  }
  return traits;
}

function medianGap(days: readonly number[]): number | null {
  const distinct = [...new Set(days)].sort((a, b) => a - b);
  const gaps = distinct
    .slice(1)
    .map((day, i) => day - (distinct[i] ?? 0))
    .sort((a, b) => a - b);
  if (gaps.length === 0) return null;
  const middle = gaps.length / 2;
  return ((gaps[Math.ceil(middle) - 1] ?? 0) + (gaps[Math.floor(middle)] ?? 0)) / 2;
}

/** Most orders, of equals the one used last; the generator's ties of both are told apart by text, which engines order alike for these. */
function mostFrequent(own: readonly Order[]): string | null {
  const found = new Map<string, { n: number; last: number }>();
  for (const { channel, ordered_at: at } of own) {
    if (channel === null) continue;
    const known = found.get(channel) ?? { n: 0, last: 0 };
    found.set(channel, { n: known.n + 1, last: Math.max(known.last, at) });
  }
  const ranked = [...found].sort(([, a], [, b]) => b.n - a.n || b.last - a.last);
  return ranked[0]?.[0] ?? null;
}
