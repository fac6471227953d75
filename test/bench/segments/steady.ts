import { choose } from "../../../src/segments/choose.ts";
import type { Figure } from "../report.ts";
import { asOf, type Bench, type Condition, segmentNames, tomorrow } from "./project.ts";

/** A year or for ever, a quarter of the events: a day in which one profile in a hundred has new or expiring ones. */
const hundredth: Condition = (i, event) => ({
  did: event,
  times: { gte: 1 + (i % 3) },
  ...(i % 2 === 0 ? { within: "365 days" } : {}),
  where: { amount: { gte: 150 + (i % 40) } },
});
/** Windows as people choose them: every event expires five times. */
const spans = ["7 days", "30 days", "90 days", "180 days", "365 days"];
const usual: Condition = (i, event) => ({
  did: event,
  times: { gte: 1 + (i % 5) },
  within: spans[i % spans.length] ?? "",
  where: { amount: { gte: 2 * i } },
});

/** A day later: counts and memberships brought up to date, against doing it all. Both ways of counting agree, and so do memberships. */
export async function benchSteady(
  bench: Bench,
  events: number,
  profiles: number,
  tell: (figure: Figure) => void,
): Promise<void> {
  await bench.declare(hundredth, "event_steady", choose);
  await aDay(bench, "steady state", Math.round(profiles / 150), events, profiles, tell);
  await bench.declare(usual, "event_steady", choose);
  await aDay(bench, "five windows", Math.round(events / 730), 2 * events, profiles, tell);
}

/** The history of memberships, and what it is brought up to date by. */
const history = ["segment_flags", "segment_membership"];

async function aDay(
  bench: Bench,
  name: string,
  arriving: number,
  firstId: number,
  profiles: number,
  tell: (figure: Figure) => void,
): Promise<void> {
  const counts = ["event_counts__events"];
  const one = async (query: string): Promise<number> => Number((await bench.ask([query]))[0]?.[0]?.[0]);
  for (const table of ["event_counts__events", ...history]) {
    await bench.ask([], [`drop table if exists analytics.${table}`]);
  }
  const full = await bench.cpu(asOf, counts);
  await bench.cpu(asOf, [...segmentNames, ...history]);
  await bench.ask(
    [],
    [
      `insert into raw.events select ${firstId} + i, (hash(i + ${firstId}) % ${profiles})::bigint,
      timestamp '2026-03-02 01:00:00', 'k1', 'c1', (hash(i + 3) % 200)::integer, timestamp '2026-03-02 02:00:00'
      from range(${arriving}) t(i)`,
    ],
  );
  const again = await bench.cpu(tomorrow, counts);
  const evaluated = await one(`select count(*) from analytics.event_counts__events where evaluated_at = '${tomorrow}'`);
  await bench.cpu(tomorrow, segmentNames);
  const current = await bench.cpu(tomorrow, ["members"]);
  const update = await bench.cpu(tomorrow, history);
  const moved = await one(
    `select count(distinct profile_id) from analytics.segment_membership where '${tomorrow}' in (entered_at, left_at)`,
  );
  await same(
    bench,
    "select segment, profile_id from analytics.segment_membership where left_at is null",
    "select segment, profile_id from analytics.members",
    "history disagrees with who is a member",
  );
  tell({ what: `${name}: counts of everybody`, value: full, unit: "CPU-s" });
  tell({ what: `${name}: profiles evaluated again`, value: (100 * evaluated) / profiles, unit: "%" });
  tell({ what: `${name}: counts of those`, value: again, unit: "CPU-s" });
  const least = name === "steady state" ? { target: { least: 5 } } : {};
  tell({ what: `${name}: everybody against those`, value: full / again, unit: "x", ...least });
  tell({ what: `${name}: profiles that entered or left a segment`, value: (100 * moved) / profiles, unit: "%" });
  tell({ what: `${name}: current members listed`, value: current, unit: "CPU-s" });
  tell({ what: `${name}: history brought up to date`, value: update, unit: "CPU-s" });
  tell({ what: `${name}: history against current members`, value: update / current, unit: "x", target: { most: 1.5 } });
  tell({
    what: `${name}: the whole day's update against counts of everybody and a list`,
    value: (again + update) / (full + current),
    unit: "x",
  });

  const kept = "select * exclude (evaluated_at, definition) from analytics";
  await bench.ask([], ["create or replace table analytics.kept_counts as from analytics.event_counts__events"]);
  await bench.ask([], ["drop table analytics.event_counts__events"]);
  await bench.cpu(tomorrow, counts);
  // Profiles that were evaluated once and have nothing left keep a row of zeros, which says the same as none.
  const something = "where list_sum([*columns('event_.*')]) > 0";
  await same(
    bench,
    `${kept}.kept_counts ${something}`,
    `${kept}.event_counts__events ${something}`,
    "counts brought up to date differ from counts made anew",
  );
}

async function same(bench: Bench, one: string, other: string, otherwise: string): Promise<void> {
  const [counted] = await bench.ask([
    `select (select count(*) from ((${one}) except (${other}))) + (select count(*) from ((${other}) except (${one})))`,
  ]);
  if (Number(counted?.[0]?.[0]) !== 0) throw new Error(otherwise);
}
