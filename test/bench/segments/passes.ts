import { choose } from "../../../src/segments/choose.ts";
import type { Figure } from "../report.ts";
import { asOf, type Bench, type Condition, type EventName, type Split, segmentNames } from "./project.ts";

/** Most of a year's events. */
const wide: Condition = (i, event) => ({
  did: event,
  times: { gte: 1 + (i % 5) },
  within: `${300 + i} days`,
  where: { amount: { gte: 2 * i } },
});
/** One event in thousands. */
const narrow: Condition = (i, event) => ({
  did: event,
  within: `${30 + (i % 20)} days`,
  where: { kind: `k${i % 10}`, channel: `c${i % 8}` },
});
/** One in eighty, of all that there are. */
const anyTime: Condition = (i, event) => ({ did: event, where: { kind: `k${i % 10}`, channel: `c${i % 8}` } });
/** One in fifty or less, and nothing in how they are written says so. */
const rare: Condition = (i, event) => ({
  did: event,
  where: { amount: { gte: 196 + (i % 4) }, kind: { ne: `k${i % 10}` } },
});
const mixed: Condition = (i, event) => (i % 2 === 0 ? wide : narrow)(i, event);

interface Set {
  readonly name: string;
  readonly condition: Condition;
  readonly event: EventName;
  /** How much less than one by one the chosen passes must take, where sharing is what they are for. */
  readonly oneByOne?: number;
}

const sets: readonly Set[] = [
  { name: "long windows", condition: wide, event: "event", oneByOne: 1.7 },
  { name: "selective", condition: narrow, event: "event" },
  { name: "mixed", condition: mixed, event: "event" },
  { name: "selective, no window", condition: anyTime, event: "event" },
  { name: "rare by a range, volumes told", condition: rare, event: "event_measured" },
];

const splits: Readonly<Record<"one by one" | "one shared pass" | "chosen", Split>> = {
  "one by one": (patterns) => ({ shared: [], apart: patterns }),
  "one shared pass": (patterns) => ({ shared: patterns, apart: [] }),
  chosen: choose,
};

/** What fifty segments ask of events, counted one by one, all in one pass, and as the compiler chooses; then who is in them, all three ways alike. */
export async function benchPasses(bench: Bench, tell: (figure: Figure) => void): Promise<void> {
  for (const set of sets) {
    const counted = new Map<string, number>();
    const whole = new Map<string, number>();
    const members = new Set<string>();
    for (const [how, split] of Object.entries(splits)) {
      await bench.declare(set.condition, set.event, split);
      const counts = await bench.leastCpu(asOf, ["event_counts__events", "event_counts__events_apart"]);
      const listed = await bench.leastCpu(asOf, [...segmentNames, "members"]);
      counted.set(how, counts);
      whole.set(how, counts + listed);
      members.add(
        JSON.stringify(
          await bench.ask([
            "select segment, count(*), sum(hash(profile_id) % 1000003) from analytics.members group by all order by all",
          ]),
        ),
      );
      tell({ what: `${set.name}: ${how}, events counted`, value: counts, unit: "CPU-s" });
      tell({ what: `${set.name}: ${how}, and members listed`, value: counts + listed, unit: "CPU-s" });
    }
    if (members.size !== 1) throw new Error(`${set.name}: the ways disagree on who is a member`);
    const ratios = (what: string, cpu: ReadonlyMap<string, number>) => {
      const of = (how: string): number => cpu.get(how) ?? Number.NaN;
      const cheaper = Math.min(of("one by one"), of("one shared pass"));
      const name = `${set.name}${what}`;
      tell({
        what: `${name}: chosen against the cheaper`,
        value: of("chosen") / cheaper,
        unit: "x",
        target: { most: 1.2 },
      });
      const least = set.oneByOne === undefined ? {} : { target: { least: set.oneByOne } };
      tell({ what: `${name}: one by one against chosen`, value: of("one by one") / of("chosen"), unit: "x", ...least });
    };
    ratios(", events counted", counted);
    ratios(", and members listed", whole);
  }
}
