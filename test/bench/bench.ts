/**
 * `npm run bench -- [plan] [first] [deliver] [segments] [matching] [guards] [identity] [cli] [--data DIR] [--only PART] [--alone] [--rows N] [--deliver-rows N] [--people N] [--memory 1GB] [--json]`
 *
 * Every variant runs in a process of its own; what counts are the ratios, which a busy machine moves least. Without names
 * everything runs: planning 10,000,000 rows, a first run of 1,000,000, a delivery of 1,000,000 and of five times as many.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchCommandLine } from "./command-line.ts";
import { benchDeliver } from "./deliver/bench.ts";
import { benchGuards } from "./guards/bench.ts";
import { benchIdentity } from "./identity/bench.ts";
import { benchMatching } from "./matching/bench.ts";
import { benchFirstRun, benchPlan } from "./plan/bench.ts";
import { type Figure, line, met } from "./report.ts";
import { benchSegments } from "./segments/bench.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string", default: "10000000" },
    "deliver-rows": { type: "string", default: "1000000" },
    data: { type: "string" },
    people: { type: "string", default: "60000" },
    only: { type: "string", multiple: true, default: [] },
    memory: { type: "string", default: "1GB" },
    alone: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const rows = Number(values.rows);
const deliverRows = Number(values["deliver-rows"]);
const { memory } = values;

const all: { readonly bench: string; readonly figure: Figure }[] = [];

async function bench(
  title: string,
  run: (dir: string, tell: (figure: Figure) => void) => Promise<void>,
): Promise<void> {
  if (!values.json) console.log(title);
  const dir = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  try {
    await run(dir, (figure) => {
      all.push({ bench: title, figure });
      if (!values.json) console.log(line(figure));
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const number = (n: number): string => n.toLocaleString("en-US");
const wants = (name: string): boolean => positionals.length === 0 || positionals.includes(name);

if (wants("plan")) {
  await bench(`plan of ${number(rows)} rows of 8 columns, memory_limit ${memory}`, (dir, tell) =>
    benchPlan({ dir, rows, memory, tell }),
  );
}
if (wants("first")) {
  const first = Math.min(rows, 1_000_000);
  await bench(`first run of ${number(first)} rows, memory_limit ${memory}`, (dir, tell) =>
    benchFirstRun({ dir, rows: first, memory, tell }),
  );
}
if (wants("deliver")) {
  for (const [count, alone] of [
    [deliverRows, false],
    [5 * deliverRows, true],
  ] as const) {
    await bench(`delivery of ${number(count)} rows, a thousand a request, eight at once`, (dir, tell) =>
      benchDeliver({ dir, rows: count, alone, tell }),
    );
  }
}
if (wants("segments")) {
  const profiles = Math.max(1_000, Math.round(rows / 10));
  await bench(`50 segments over ${number(rows)} events of ${number(profiles)} profiles`, (_dir, tell) =>
    benchSegments({ events: rows, profiles, only: values.only, tell }),
  );
}
if (wants("cli")) await bench("the command line", (_dir, tell) => benchCommandLine({ times: 5, tell }));

if (wants("identity")) {
  await bench(`identity: components of ${number(rows)} edges and of a tenth, incremental runs`, (dir, tell) =>
    benchIdentity({ dir, rows, against: values.alone ? "nobody" : "peers", only: values.only, tell }),
  );
}
if (wants("matching")) {
  const data = values.data ?? process.env.MILLRACE_IDENTITY_DATA;
  await bench("matching of people, default weights, one threshold", (_dir, tell) =>
    benchMatching({ data, only: values.only, tell }),
  );
}

if (wants("guards")) {
  const people = Number(values.people);
  await bench(`guards at their defaults in towns of ${number(people)} people`, (_dir, tell) =>
    benchGuards({ people, seeds: [1, 2, 3], tell }),
  );
}

if (values.json) {
  console.log(
    JSON.stringify(
      all.map(({ bench: title, figure }) => ({ bench: title, ...figure, met: met(figure) })),
      null,
      2,
    ),
  );
}
