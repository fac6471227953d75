import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonOf, runCli, startCli, until } from "./cli.ts";
import { platform } from "./platform.ts";
import { tinyProject } from "./project.ts";

const rows = ["Ann", "Ben", "Cleo"]
  .map((name) => JSON.stringify({ key: name.toLowerCase(), email: `${name.toLowerCase()}@example.com`, name }))
  .join("\n");

describe("send", { timeout: 90_000 }, () => {
  it("sends rows of a file through the engine and prints one result per row", async () => {
    const hook = await platform({ hook: { answer: "per_row" } });
    await hook.misbehave({ kind: "reject_rows", platform: "hook", field: "key", values: ["ben"], code: "SPAM" });
    const project = tinyProject({ "rows.ndjson": rows });
    const at = { cwd: project.dir, env: hook.env };
    const args = ["send", "hook", "request", "--rows", "rows.ndjson", "--options", '{"response":"per_row"}'];
    const results = await jsonOf(args, at, 3);
    expect(results).toEqual([
      { seq: 1, status: "delivered" },
      { seq: 2, status: "rejected", code: "SPAM", message: expect.any(String) },
      { seq: 3, status: "delivered" },
    ]);
    expect(Object.keys(await hook.present())).toEqual(["ann", "cleo"]);
    const text = await runCli(args, at);
    expect(text).toMatchObject({ code: 3, stdout: expect.stringContaining("row 2: rejected SPAM") });
    expect(existsSync(project.store)).toBe(false);
    expect(existsSync(project.warehouse)).toBe(false);

    const removed = await jsonOf(["send", "hook", "request", "--rows", "rows.ndjson", "--op", "remove"], at);
    expect(removed).toHaveLength(3);
    expect(await hook.present()).toEqual({});
  });

  it("prints the requests of a dry run, masked, and makes none", async () => {
    const hook = await platform();
    const project = tinyProject({ "rows.ndjson": rows });
    const at = { cwd: project.dir, env: hook.env };
    const args = ["send", "hook", "request", "--rows", "rows.ndjson", "--dry-run"];
    const masked = await runCli(args, at);
    expect(masked.code).toBe(0);
    expect(masked.stdout).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/hook$/m);
    expect(masked.stdout + masked.stderr).not.toContain("@example.com");
    const document = await jsonOf([...args, "--show-values"], at);
    expect(document).toMatchObject({ dry_run: true, complete: true, requests: [{ method: "POST" }] });
    expect(JSON.parse(document.requests[0].body as string).changes[0]).toMatchObject({
      op: "add",
      fields: { email: "ann@example.com" },
    });
    expect(hook.seen).toHaveLength(0);
  });

  it("ends with 2 on what it cannot do or read, and names it", async () => {
    const project = tinyProject({ "rows.ndjson": rows, "broken.ndjson": '{"a":1}\nnot json\n', "empty.ndjson": "\n" });
    const at = { cwd: project.dir, env: { HOOK_URL: "http://127.0.0.1:9" } };
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["files", "csv", "--rows", "gone.ndjson", "--options", '{"path":"a.csv"}'], "gone.ndjson"],
      [["files", "csv", "--rows", "broken.ndjson", "--options", '{"path":"a.csv"}'], "broken.ndjson:2"],
      [["files", "csv", "--rows", "rows.ndjson"], "path"],
      [["files", "csv", "--rows", "rows.ndjson", "--options", "{path"], "--options"],
      [["hook", "request", "--rows", "rows.ndjson", "--match", "phone"], "phone"],
      [["hook", "nothing", "--rows", "rows.ndjson"], "request"],
    ];
    for (const [args, told] of wrong) {
      const ended = await runCli(["send", ...args], at);
      expect(ended.code, args.join(" ")).toBe(2);
      expect(ended.stderr, args.join(" ")).toContain(told);
    }
    expect(await jsonOf(["send", "hook", "request", "--rows", "empty.ndjson"], at)).toEqual([]);
  });

  it("refuses an operation that the target lacks with 2", async () => {
    const project = tinyProject({ "rows.ndjson": '{"email":"ann@example.com"}\n' });
    project.write("millrace.yml", `${project.read("millrace.yml")}  news: { connector: klaviyo, api_key: pk_x }\n`);
    const args = ["send", "news", "profile", "--rows", "rows.ndjson", "--op", "remove"];
    const ended = await runCli(args, { cwd: project.dir, env: { HOOK_URL: "http://127.0.0.1:9" } });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/profile cannot remove/) });
  });

  it("writes a file of its rows, whole, or their changes where those are asked for", async () => {
    const project = tinyProject({ "rows.ndjson": rows });
    const args = ["send", "files", "csv", "--rows", "rows.ndjson", "--options"];
    await jsonOf([...args, '{"path":"sent.csv"}'], { cwd: project.dir });
    expect(project.read("out/sent.csv").split("\n")[0]).toBe("key,email,name");
    expect(project.read("out/sent.csv")).toContain("ben@example.com");
    await jsonOf([...args, '{"path":"changes","contents":"changes"}'], { cwd: project.dir });
    expect(readdirSync(join(project.dir, "out/changes"))).toHaveLength(1);
  });
});

describe("sandbox", { timeout: 90_000 }, () => {
  it("serves stand-ins until it is stopped, which `--sandbox` finds", async () => {
    const project = tinyProject({ "rows.ndjson": rows });
    const sandbox = startCli(["sandbox", "--port", "0", "--json"], { cwd: project.dir });
    const { url } = await until("the sandbox's address", () => {
      const text = sandbox.stdout();
      return text.endsWith("}\n") ? (JSON.parse(text) as { url: string }) : undefined;
    });
    const env = { MILLRACE_SANDBOX_URL: url };
    await jsonOf(["send", "hook", "request", "--rows", "rows.ndjson", "--sandbox"], { cwd: project.dir, env });
    const state = (await (await fetch(`${url}/_sandbox/state`)).json()) as { hook: { present: object } };
    expect(Object.keys(state.hook.present)).toHaveLength(3);
    sandbox.kill("SIGINT");
    expect((await sandbox.ended).code).toBe(0);
  });
});
