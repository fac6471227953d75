/**
 * Kills the command line at random instants, 200 times over every kind of target, and holds what the platforms received
 * against audience, ledger and results: `npm run chaos`. `--kills N`, `--seed N`, `--only NAME`, `--lanes N`.
 */
import { parseArgs } from "node:util";
import { campaign } from "../test/crash/support/chaos.ts";
import { frozenProcess } from "../test/crash/support/frozen-process.ts";
import { scenarios } from "../test/crash/support/scenarios.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    only: { type: "string" },
    lanes: { type: "string", default: "3" },
  },
});

/** Targets whose jobs take seconds each get fewer; the two sides of the http target get the most. */
const weights = {
  "salesforce bulk": 15,
  "klaviyo list": 15,
  "http once": 45,
  "http idempotent": 45,
  "salesforce collections": 30,
  "csv snapshot": 25,
  "csv changes": 25,
};

const seed = Number(values.seed);
const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
const weightOf = ({ name }) => weights[name] ?? 20;
const sum = chosen.reduce((total, scenario) => total + weightOf(scenario), 0);
const waiting = chosen
  .toSorted((a, b) => Object.keys(weights).indexOf(a.name) - Object.keys(weights).indexOf(b.name))
  .map((scenario, i) => ({
    scenario,
    seed: seed + i,
    rows: 250,
    kills: Math.max(1, Math.round((Number(values.kills) * weightOf(scenario)) / sum)),
    onRound: (told) => console.log(told),
  }));
console.log(`seed ${seed}`);

const startedAt = performance.now();
const done = [];
const lane = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) done.push(await campaign(next));
};
const frozen = values.only === undefined ? frozenProcess() : Promise.resolve([]);
await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
const frozenFaults = await frozen;

const kinds = [...new Set(done.flatMap(({ states }) => [...states.keys()]))].sort();
const rows = done.map(({ scenario, kills, rounds, tooLate, states, faults }) => [
  scenario,
  kills,
  rounds,
  tooLate,
  ...kinds.map((kind) => states.get(kind) ?? ""),
  faults.length,
]);
const total = (pick) => done.reduce((n, one) => n + pick(one), 0);
const table = [
  ["target", "kills", "rounds", "too late", ...kinds, "faults"],
  ...rows,
  [
    "all",
    total((one) => one.kills),
    total((one) => one.rounds),
    total((one) => one.tooLate),
    ...kinds.map((kind) => total((one) => one.states.get(kind) ?? 0)),
    total((one) => one.faults.length),
  ],
];
console.log(`\n${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}`);
console.log(`a process frozen beyond its lease: ${frozenFaults.length === 0 ? "no fault" : frozenFaults.join("\n  ")}`);
for (const { scenario, seed: own, faults } of done) {
  for (const fault of faults) console.log(`FAULT ${scenario} (seed ${own}): ${fault}`);
}
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s`);
process.exitCode = done.some(({ faults }) => faults.length > 0) || frozenFaults.length > 0 ? 1 : 0;
