import { describe, expect, it } from "vitest";
import { jsonOf, type Loose } from "./cli.ts";
import { type Platform, platform } from "./platform.ts";
import { type Person, person, persons, tinyProject, toHook } from "./project.ts";

const free = "guard: { max_removed: 100%, max_changed: 100%, min_rows: 0, mapping_change: allow }\n";

/** What the model held, run by run: c2 changes, c3 leaves, c4 enters; then c3 returns and c1 leaves. */
const moments: readonly (readonly Person[])[] = [
  persons(1, 3),
  [person(1), { ...person(2), name: "Changed" }, person(4)],
  [{ ...person(2), name: "Changed" }, person(3), person(4)],
];

async function play(mode: string, hook: Platform, days: typeof moments = moments) {
  const project = tinyProject({ "syncs/a.yml": toHook(mode, { mode, more: free }) });
  const at = { cwd: project.dir, env: hook.env };
  const told: Loose[] = [];
  for (const rows of days) {
    await project.people(...rows);
    const { runs } = await jsonOf(["run"], at);
    told.push(runs[0].counts);
  }
  const names = Object.entries(await hook.present()).map(([key, fields]) => [key, (fields as { name: string }).name]);
  return { project, at, told, present: Object.fromEntries(names.sort()) as Record<string, string> };
}

const name = (n: number): string => `Person Number ${n}`;

describe("modes, by what the platform holds after three runs", { timeout: 90_000 }, () => {
  it("mirror: is the model, and a key that returns is an add", async () => {
    const hook = await platform();
    const { present, told } = await play("mirror", hook);
    expect(present).toEqual({ c2: "Changed", c3: name(3), c4: name(4) });
    expect(told).toMatchObject([
      { added: 3, updated: 0, removed: 0 },
      { added: 1, updated: 1, removed: 1, unchanged: 1 },
      { added: 1, updated: 0, removed: 1, unchanged: 2 },
    ]);
    expect(await hook.events()).toEqual({
      add: { c1: 1, c2: 1, c3: 2, c4: 1 },
      update: { c2: 1 },
      remove: { c3: 1, c1: 1 },
    });
  });

  it("upsert: leavers stay", async () => {
    const { present, told } = await play("upsert", await platform());
    expect(present).toEqual({ c1: name(1), c2: "Changed", c3: name(3), c4: name(4) });
    expect(told[2]).toMatchObject({ planned: 0, removed: 0 });
  });

  it("insert and append: once a key, never updated", async () => {
    for (const mode of ["insert", "append"]) {
      const hook = await platform();
      const { present } = await play(mode, hook);
      expect(present, mode).toEqual({ c1: name(1), c2: name(2), c3: name(3), c4: name(4) });
      expect(await hook.events(), mode).toEqual({ add: { c1: 1, c2: 1, c3: 1, c4: 1 } });
    }
  });

  it("update: changes what is there, and removes nothing", async () => {
    const hook = await platform();
    const { told } = await play("update", hook);
    expect(told[1]).toMatchObject({ planned: 2, removed: 0 });
    expect(Object.keys(await hook.events())).toEqual(["update"]);
    expect((await hook.events()).update).toEqual({ c1: 1, c2: 2, c3: 1, c4: 1 });
  });

  it("remove: takes away whom the model lists, once", async () => {
    const hook = await platform();
    const { told } = await play("remove", hook, [persons(1, 2), persons(1, 3), persons(1, 3)]);
    expect(told).toMatchObject([{ removed: 2 }, { removed: 1 }, { planned: 0 }]);
    expect(await hook.events()).toEqual({ remove: { c1: 1, c2: 1, c3: 1 } });
  });
});
