import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Ended, runCli } from "./cli.ts";
import { platform } from "./platform.ts";
import { person, persons, tinyProject, toFile, toHook } from "./project.ts";

const secret = "s3cr3t-token-of-the-hook";

describe("people's values", { timeout: 90_000 }, () => {
  it("show up on no screen, in no document and not in the control store, unless --show-values asks for them", async () => {
    const hook = await platform({ hook: { answer: "per_row" } });
    // Platforms quote what they were sent.
    const message = "person2@example.com (Person Number 2) is no good";
    await hook.misbehave({ kind: "reject_rows", platform: "hook", field: "key", values: ["c2"], code: "BAD", message });
    const project = tinyProject({
      "syncs/a.yml": toHook("to-hook", { to: ", response: per_row, rows: 2" })
        .replace("key: id", "key: id\nmatch: { email: email }")
        .replace("  email: email\n", ""),
      "syncs/b.yml": toFile("to-file"),
    });
    const yml = project
      .read("millrace.yml")
      .replace("{ connector: http,", "{ connector: http, auth: { bearer: '$TOKEN' },");
    project.write("millrace.yml", yml.replace("$TOKEN", "$" + "{HOOK_TOKEN}"));
    await project.people(...persons(1, 6), { ...person(7), score: "person7@example.com" });
    const at = { cwd: project.dir, env: { ...hook.env, HOOK_TOKEN: secret } };
    const ends: Ended[] = [];
    const all: readonly (readonly string[])[] = [
      ["check", "--connect"],
      ["plan"],
      ["run"],
      ["rejects"],
      ["why", "to-hook", "person1@example.com"],
      ["why", "to-hook", "person2@example.com"],
      ["why", "to-hook", "c7"],
      ["runs"],
    ];
    for (const args of all) {
      const text = await runCli(args, at);
      ends.push(text, await runCli([...args, "--json"], at));
    }
    // Rows wait to be mended; nothing failed.
    expect(new Set(ends.map((ended) => ended.code))).toEqual(new Set([0, 3]));
    for (const [i, { stdout, stderr }] of ends.entries()) {
      const told = `${all[Math.floor(i / 2)]?.join(" ")}: ${stdout}${stderr}`;
      expect(told.replace(/why to-hook person\d@example\.com/, "")).not.toMatch(
        /person\d@example\.com|Person Number|s3cr3t/,
      );
    }
    const shown = await runCli(["why", "to-hook", "person1@example.com", "--show-values"], at);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining("person1@example.com") });

    const files = readdirSync(project.dir).filter((file) => file.startsWith("store.sqlite"));
    expect(files).toContain("store.sqlite");
    for (const file of files) {
      const bytes = readFileSync(`${project.dir}/${file}`).toString("latin1");
      expect(bytes, file).not.toMatch(/person\d@|@example\.com|Person Number|s3cr3t/i);
    }
    expect(hook.seen.every((request) => request.headers.authorization === `Bearer ${secret}`)).toBe(true);
  });
});
