import { describe, expect, it } from "vitest";
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

describe("the statement budget", () => {
  for (const [what, more] of [
    ["by key", ""],
    ["by match", matched],
    ["strictly", `${matched}strict: true\n`],
  ] as const) {
    it.each([3, 600])(`plans ${what} with 4 statements and settles with 6, for %i rows`, async (rows) => {
      const project = tinyProject({ "syncs/p.yml": toFile("p", { more: `${free}${more}` }) });
      // What every table of Millrace's may need at the end of a run, as well.
      project.write("millrace.yml", `${project.read("millrace.yml")}retention: { results: 1d, runs: 1d, plans: 1d }\n`);
      await fill(project, 1, rows, 0);
      await sentBy(project, run([], { build: false }), 0);
      await fill(project, 2, rows + 1, rows - 1);
      const { write } = await sentBy(project, run([], { build: false }), 0);
      expect(write).toHaveLength(2);
      const [planned = 99, settled = 99] = write;
      expect(planned).toBeLessThanOrEqual(4);
      expect(settled).toBeLessThanOrEqual(6);
      expect(planned).toBeGreaterThan(1);

      const nothing = await sentBy(project, plan([], {}), 0);
      expect(sum(nothing.write)).toBeLessThanOrEqual(4);
      expect(nothing.read).toEqual([]);
    });
  }

  it("plans and says that the plan is held with 4 statements, and reads pages of it for the samples", async () => {
    const project = tinyProject({ "syncs/p.yml": toFile("p") });
    await fill(project, 1, 40, 0);
    await sentBy(project, run([], { build: false }), 0);
    await fill(project, 35, 44, 36);
    const held = await sentBy(project, plan([], {}), 4);
    expect(sum(held.write)).toBeLessThanOrEqual(4);
    expect(sum(held.read)).toBe(2);
  });
});
