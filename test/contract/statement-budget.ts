import { expect, it } from "vitest";
import { plan } from "../../src/commands/plan.ts";
import { run } from "../../src/commands/run.ts";
import type { VerbAction } from "../../src/commands/run-verb.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import { type TinyProject, tinyProject, toFile } from "../e2e/project.ts";
import { verbInProcess } from "../support/verb-in-process.ts";

/** What a verb asked of the warehouse, a session each. */
interface Sent {
  readonly write: number[];
  readonly read: number[];
}

function counting(warehouse: Warehouse, sent: Sent): Warehouse {
  return {
    ...warehouse,
    session: (access, work, signal) =>
      warehouse.session(
        access,
        async (session) => {
          try {
            return await work(session);
          } finally {
            sent[access].push(session.statements);
          }
        },
        signal,
      ),
  };
}

async function sentBy(project: TinyProject, verb: VerbAction, exit: number): Promise<Sent> {
  const sent: Sent = { write: [], read: [] };
  const ran = await verbInProcess(project.dir, verb, (app) => ({
    ...app,
    warehouse: async () => counting(await app.warehouse(), sent),
  }));
  expect(ran.exit, ran.stdout + ran.stderr).toBe(exit);
  return sent;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** People `from` to `to`; those up to `renamed` have another name than before. */
async function fill(project: TinyProject, from: number, to: number, renamed: number): Promise<void> {
  const rows = Array.from({ length: to - from + 1 }, (_, i) => {
    const n = from + i;
    return `('c${n}', 'p${n}@example.com', '${n <= renamed ? "New" : "Old"} ${n}', '1')`;
  });
  await project.sql(
    "drop table if exists people",
    "create table people (id varchar, email varchar, name varchar, score varchar)",
    `insert into people values ${rows.join(", ")}`,
  );
}

const free = "guard: { max_removed: 100%, max_changed: 100%, min_rows: 0 }\n";
const matched = "match: { email: email }\n";

export interface Budgeted {
  /** Of the model; whatever there are, the statements are the same. */
  readonly rows: readonly number[];
  readonly ways?: readonly (keyof typeof ways)[];
  /** Stand-ins that need seconds for a plan: only the run whose statements are counted. */
  readonly short?: true;
}

const ways = { "by key": "", "by match": matched, strictly: `${matched}strict: true\n` };

/** What verbs ask of the warehouse, counted. Each engine runs it in its own folder. */
export function statementBudget({ rows, ways: chosen = ["by key", "by match", "strictly"], short }: Budgeted): void {
  for (const way of chosen) {
    it.each([...rows])(`plans ${way} with 4 statements and settles with 6, for %i rows`, async (count) => {
      const project = tinyProject({ "syncs/p.yml": toFile("p", { more: `${free}${ways[way]}` }) });
      // What every table of Millrace's may need at the end of a run, as well.
      project.write("millrace.yml", `${project.read("millrace.yml")}retention: { results: 1d, runs: 1d, plans: 1d }\n`);
      await fill(project, 1, count, 0);
      await sentBy(project, run([], { build: false }), 0);
      await fill(project, 2, count + 1, count - 1);
      const { write } = await sentBy(project, run([], { build: false }), 0);
      expect(write).toHaveLength(2);
      const [planned = 99, settled = 99] = write;
      expect(planned).toBeLessThanOrEqual(4);
      expect(settled).toBeLessThanOrEqual(6);
      expect(planned).toBeGreaterThan(1);
      if (short) return;
      const nothing = await sentBy(project, plan([], {}), 0);
      expect(sum(nothing.write)).toBeLessThanOrEqual(4);
      expect(nothing.read).toEqual([]);
    });
  }

  it("plans strictly, and says that the plan is held, with 4 statements; reads pages of it for the samples", async () => {
    const project = tinyProject({ "syncs/p.yml": toFile("p", { more: `${matched}strict: true\n` }) });
    await fill(project, 1, 40, 0);
    await sentBy(project, run([], { build: false }), 0);
    await fill(project, 35, 44, 36);
    const held = await sentBy(project, plan([], {}), 4);
    expect(sum(held.write)).toBeLessThanOrEqual(4);
    expect(sum(held.read)).toBe(2);
    if (short) return;
    // Refusing costs more, for then it says whom, and leaves the held plan as it is.
    await project.sql("insert into people values ('c50', 'p44@example.com', 'Twice', '1')");
    const before = await project.query("select count(*) as n from millrace.plan__p");
    await sentBy(project, plan([], {}), 1);
    expect(await project.query("select count(*) as n from millrace.plan__p")).toEqual(before);
  });
}
