import { setTimeout as sleep } from "node:timers/promises";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import type { Started } from "./command-line.ts";
import type { StoreView } from "./control-store.ts";
import { type Lab, openLab, runArgs } from "./lab.ts";
import { faultsOf, jobFaults, orderFaults, readBooks, timesApplied } from "./oracle.ts";
import type { Scenario } from "./scenarios.ts";

export interface CampaignOptions {
  readonly scenario: Scenario;
  readonly kills: number;
  readonly seed: number;
  readonly rows: number;
  /** Told after every round. */
  readonly onRound?: (told: string) => void;
}

export interface Campaign {
  readonly scenario: string;
  readonly seed: number;
  readonly kills: number;
  readonly rounds: number;
  /** Where the store stood when the process died → how often. */
  readonly states: ReadonlyMap<string, number>;
  /** Processes that had ended before their turn came. */
  readonly tooLate: number;
  readonly faults: readonly string[];
}

/** A small generator of numbers 0 ≤ n < 1 that the same seed repeats (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Changes the audience, runs, kills at a random instant, again and again; after every round the run is brought to its end
 * and everything is compared. Stops at the first round with a fault. The instants depend on the machine, the changes only
 * on the seed.
 */
export async function campaign(o: CampaignOptions): Promise<Campaign> {
  const random = numbers(o.seed);
  const lab = await openLab(o.scenario, { rows: o.rows });
  const states = new Map<string, number>();
  const recorded = new Set<string>();
  const faults: string[] = [];
  let [kills, rounds, tooLate] = [0, 0, 0];
  try {
    // Answers take a moment, as platforms' do: the delivery is then the longest part of a run, as it is outside.
    await lab.sandbox.misbehave(slow);
    let usualMs = await measured(lab);
    while (kills < o.kills && faults.length === 0 && tooLate < o.kills * 2) {
      rounds += 1;
      await change(lab, rounds, random);
      await trouble(lab, random);
      const since = lab.sandbox.log().at(-1)?.seq ?? 0;
      const times = Math.min(o.kills - kills, random() < 0.65 ? 1 : random() < 0.7 ? 2 : 3);
      const told: string[] = [];
      for (let n = 0; n < times; n++) {
        const command = n === 0 || random() < 0.3 ? lab.start(...runArgs) : lab.start("resume");
        // Half of the instants are counted from the first request on, or planning would take most of them.
        const from = n === 0 && random() < 0.5 ? "deliver" : "lease";
        const share = random() * (n > 0 ? 0.7 : from === "lease" ? 1.05 : 0.6);
        const state = await killedAt(command, { from, ms: usualMs * share }, lab, recorded);
        if (state === null) {
          // The machine has become quicker since it was measured.
          usualMs *= 0.85;
          tooLate += 1;
          break;
        }
        kills += 1;
        states.set(state, (states.get(state) ?? 0) + 1);
        told.push(state);
      }
      await bringToItsEnd(lab, random() < 0.5, faults);
      faults.push(...orderFaults(lab, since), ...jobFaults(lab, recorded), ...(await faultsOf(lab)));
      if (lab.scenario.once) faults.push(...(await decide(lab, random)));
      o.onRound?.(
        `${o.scenario.name} ${rounds}: ${told.join(" | ") || "not killed"}${faults.length > 0 ? " FAULTS" : ""}`,
      );
    }
  } catch (error) {
    faults.push(`the harness failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await lab.close();
  }
  return { scenario: o.scenario.name, seed: o.seed, kills, rounds, states, tooLate, faults };
}

const anything = { path: "^(?!/services/oauth2)" };
const slow: MisbehaviourInput = { kind: "slow", ms: 80, times: "always", match: anything };
const troubles: readonly MisbehaviourInput[] = [
  { kind: "error", status: 503, retry_after: 0, times: 2, match: anything },
  { kind: "error_after", status: 500, times: 2, match: anything },
  { kind: "timeout_before", how: "reset", times: 2, match: anything },
  { kind: "timeout_after", how: "reset", times: 2, match: anything },
];

/** In every third round the platform has its own trouble, so that batches are under way in another order than planned. */
async function trouble(lab: Lab, random: () => number): Promise<void> {
  const chosen = random() < 0.33 ? troubles[Math.floor(random() * troubles.length)] : undefined;
  await lab.sandbox.behave();
  await lab.sandbox.misbehave(...(chosen === undefined ? [] : [chosen]), slow);
}

/** How long an undisturbed run takes here and now, from its lease to its end, in milliseconds. */
async function measured(lab: Lab): Promise<number> {
  const first = await lab.run(...runArgs);
  if (first.code !== 0) throw new Error(`an undisturbed run ended with ${first.code}: ${first.stderr}`);
  const run = lab.store().runs.at(-1);
  return (run?.ended_at ?? 0) - (run?.started_at ?? 0);
}

/** Some come, some change, some leave; no value is ever used twice. */
async function change(lab: Lab, round: number, random: () => number): Promise<void> {
  const [adds, updates, removes] = [60 + random() * 80, 40 + random() * 60, 20 + random() * 60].map(Math.floor);
  const salt = Math.floor(random() * 1e9);
  const pick = (n: number | undefined, other: number) =>
    `(select id from people order by hash(id + ${salt + other}) limit ${n})`;
  const audience = await lab.sql(
    `delete from people where id in ${pick(lab.scenario.once ? 0 : removes, 0)}`,
    `update people set tier = 't${round}' where id in ${pick(updates, 1)}`,
    `insert into people select ${round * 1_000} + i, 'r${round}p' || i || '@example.com', 'New ' || ${round}, 'silver' from range(${adds}) t(i)`,
    "select count(*) as n from people",
  );
  if (Number(audience[0]?.n) === 0) throw new Error("nobody is left in the audience");
}

/** Kills the process so long after it took the sync's lease or began to deliver. null: it had ended by then. */
async function killedAt(
  command: Started,
  instant: { readonly from: "lease" | "deliver"; readonly ms: number },
  lab: Lab,
  recorded: Set<string>,
): Promise<string | null> {
  let over = false;
  void command.ended.then(() => (over = true));
  const begun = ({ leases, runs }: StoreView) =>
    leases.get("sync:people") === command.process.pid &&
    (instant.from === "lease" || (runs.at(-1)?.status === "running" && runs.at(-1)?.stage !== "plan"));
  while (!over && !begun(lab.store())) await sleep(5);
  await Promise.race([command.ended, sleep(instant.ms)]);
  const { signal } = await command.kill();
  if (signal !== "SIGKILL") return null;
  const view = lab.store();
  for (const { job } of view.batches) if (job !== null) recorded.add(job.id);
  return stateOf(view);
}

/** e.g. "deliver: sending, returned": what the kill tore apart. */
export function stateOf(view: StoreView): string {
  const run = view.runs.at(-1);
  if (run === undefined || run.status !== "running") return "before or after a run";
  if (run.stage !== "deliver") return run.stage;
  const own = new Set(view.batches.filter(({ run_id }) => run_id === run.id).map(({ state }) => state));
  const found = ["planned", "sending", "pending", "returned"].filter((state) => own.has(state));
  return `deliver: ${found.join(", ") || "nothing cut"}`;
}

/** `resume` where asked for, then `run` until nothing is left to do. */
async function bringToItsEnd(lab: Lab, resumeFirst: boolean, faults: string[]): Promise<void> {
  const fine = lab.scenario.once ? [0, 4] : [0];
  if (resumeFirst) {
    const resumed = await lab.run("resume");
    if (!fine.includes(resumed.code ?? -1)) faults.push(`resume ended with ${resumed.code}: ${resumed.stderr}`);
  }
  const ended = await lab.run(...runArgs);
  if (!fine.includes(ended.code ?? -1)) faults.push(`run ended with ${ended.code}: ${ended.stderr}`);
  const unknown = (await readBooks(lab)).results.some(({ status }) => status === "unknown");
  if (lab.scenario.once && (ended.code === 4) !== unknown) {
    faults.push(`run ended with ${ended.code}, and ${unknown ? "some" : "no"} rows are unknown`);
  }
}

/** A person who knows the receiver decides about unanswered rows, truthfully where one decision can be. */
async function decide(lab: Lab, random: () => number): Promise<string[]> {
  const { results } = await readBooks(lab);
  const unknown = results.filter(({ status }) => status === "unknown");
  const times = timesApplied(lab.sandbox.log());
  const faults: string[] = [];
  for (const runId of new Set(unknown.map(({ run_id }) => run_id))) {
    const own = unknown.filter(({ run_id }) => run_id === runId);
    const arrived = own.filter(({ key }) => (times.get(key) ?? 0) > 0).length;
    const truth = arrived === own.length ? "--delivered" : arrived === 0 ? "--resend" : "--drop";
    const { code, stderr } = await lab.run("resolve", runId, random() < 0.8 ? truth : "--drop");
    if (code !== 0) faults.push(`resolve ended with ${code}: ${stderr}`);
  }
  if (unknown.length === 0) return faults;
  const { code, stderr } = await lab.run(...runArgs);
  if (code !== 0) faults.push(`after every decision, run ended with ${code}: ${stderr}`);
  return [...faults, ...(await faultsOf(lab))];
}
