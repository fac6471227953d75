import { join } from "node:path";
import { expect, it } from "vitest";
import { type CliOptions, jsonOf, type Loose, root, runCli, startCli, until } from "../e2e/cli.ts";
import { platform } from "../e2e/platform.ts";
import { person, tinyProject, toHook } from "../e2e/project.ts";

/**
 * A project's life by the command line, from outside: for engines whose stand-ins are too slow for all of the command line's
 * own tests. What is killed in the middle of its delivery is finished by `resume`.
 */
export function commandLine({ bytes }: { readonly bytes: "billed" | "free" }): void {
  it("checks, plans, is killed, resumes, and tells of every row", async () => {
    const hook = await platform({ hook: { answer: "per_row" } });
    const project = tinyProject({ "syncs/p.yml": toHook("p", { to: ", response: per_row" }) });
    await project.people(person(1), person(2), person(3), { ...person(4), id: null });
    const at: CliOptions = { cwd: project.dir, env: hook.env, program: join(root, "bin", "millrace.mjs") };

    expect((await runCli(["check"], at)).code).toBe(0);
    expect((await jsonOf(["check", "--connect"], at)).connections).toMatchObject([
      { what: "warehouse", ok: true },
      { what: "account hook", ok: true },
    ]);

    const [planned] = (await jsonOf(["plan"], at)).plans;
    expect(planned).toMatchObject({ status: "ready", counts: { model_rows: 4, added: 3, refused: 1 } });
    if (bytes === "billed") {
      expect(planned.bytes).toEqual({ plan: expect.any(Number), deliver: expect.any(Number) });
      expect(Math.min(planned.bytes.plan, planned.bytes.deliver)).toBeGreaterThan(0);
    } else expect(planned.bytes).toBeNull();

    await hook.misbehave({ kind: "timeout_before", how: "hang", times: "always" });
    const killed = startCli(["run", "--no-build"], at);
    await until("a request", () => hook.seen.length > 0);
    killed.kill("SIGKILL");
    await killed.ended;
    await hook.behave();
    await hook.misbehave({ kind: "reject_rows", platform: "hook", field: "key", values: ["c2"], code: "SPAM" });
    const resumed = await jsonOf(["resume"], at, 3);
    expect(resumed.runs[0].counts).toMatchObject({ planned: 3, delivered: 2, rejected: 1 });
    expect(Object.keys(await hook.present()).toSorted()).toEqual(["c1", "c3"]);

    const { rejects } = await jsonOf(["rejects"], at);
    expect(rejects.map(({ key, code }: Loose) => [key, code]).toSorted()).toEqual([
      [null, "NULL_KEY"],
      ["c2", "SPAM"],
    ]);
    const why = async (key: string): Promise<string> => (await jsonOf(["why", "p", key], at)).rows[0].answer;
    expect(await why("c1")).toContain("Delivered in run");
    expect(await why("c2")).toContain("SPAM");
  });
}
