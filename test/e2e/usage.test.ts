import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { cli, type Loose, runCli } from "./cli.ts";
import { persons, tinyProject, toFile } from "./project.ts";

const verbs = [
  "init",
  "demo",
  "check",
  "grants",
  "build",
  "plan",
  "run",
  "adopt",
  "resume",
  "why",
  "rejects",
  "retry",
  "resolve",
  "retire",
  "identity",
  "compile",
  "send",
  "connectors",
  "fields",
  "sandbox",
  "status",
  "runs",
  "serve",
  "completion",
];

/** Several at once: starting a process costs more than what it does here. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 4) results.push(...(await Promise.all(items.slice(at, at + 4).map(work))));
  return results;
}

describe("usage", { timeout: 90_000 }, () => {
  it("lists every verb in its help", async () => {
    const { code, stdout } = await runCli(["--help"]);
    expect(code).toBe(0);
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, "m"));
  });

  it("shows an example in the help of every verb, and no escape codes", async () => {
    const helps = await each(verbs, async (verb) => ({ verb, ...(await runCli([verb, "--help"])) }));
    for (const { verb, code, stdout, stderr } of helps) {
      expect(code, verb).toBe(0);
      expect(stdout, verb).toMatch(/Example:\n {2}\$ .*millrace/);
      expect(stdout + stderr).not.toContain("\u001b");
    }
  });

  it("ends with 2 on a verb, option or value that does not exist, and names it", async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["rnu"], "rnu"],
      [["run", "--nonsense"], "--nonsense"],
      [["plan", "--limit", "3"], "--limit"],
      [["why", "one"], "row"],
      [["runs", "--limit", "many"], "many"],
      [["sandbox", "--port", "99999"], "99999"],
      [["connectors", "salesfroce"], "salesfroce"],
      [["send", "hook", "request", "--rows", "r", "--op", "destroy"], "destroy"],
      [["init", "shop", "--warehouse", "oracle"], "oracle"],
      [["completion", "tcsh"], "tcsh"],
      [["resolve", "20260101-000000-abcdef"], "--delivered"],
      [["retire", "one", "--remove", "--forget"], "--remove"],
      [["run", "--approve", "x", "--full"], "--approve"],
      [["run", "--rebuild"], "--rebuild"],
      [["build", "--as-of", "yesterday"], "yesterday"],
    ];
    const ends = await each(wrong, async ([args, told]) => ({ args, told, ...(await runCli(args)) }));
    for (const { args, told, code, stderr, stdout } of ends) {
      expect(code, args.join(" ")).toBe(2);
      expect(stderr, args.join(" ")).toContain(told);
      expect(stdout, args.join(" ")).toBe("");
    }
  });

  it("ends with 2 without a verb, or without a project, and says how to get one", async () => {
    const { dir } = tinyProject({});
    expect(await runCli([])).toMatchObject({ code: 2 });
    const none = await runCli(["run", "--project", `${dir}/nowhere`]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("millrace init") });
  });

  it("prints an error as the JSON document when --json is given", async () => {
    const { dir } = tinyProject({});
    const ended = await runCli(["run", "no-such-sync", "--json"], { cwd: dir });
    expect(ended.code).toBe(2);
    expect(ended.json()).toMatchObject({
      error: { code: "CONFIG", message: expect.stringContaining("no-such-sync"), hint: expect.any(String) },
      exit_code: 2,
    });
    expect(ended.stderr).toContain("no-such-sync");
  });

  it("names the nearest sync, environment and account when one is misspelt", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("people-to-file") });
    const at = { cwd: project.dir };
    expect(await runCli(["run", "peple-to-file"], at)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("people-to-file"),
    });
    expect(await runCli(["check", "--env", "prod"], at)).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("prod"),
    });
    project.write("rows.ndjson", '{"email":"a@example.com"}\n');
    const send = await runCli(["send", "flies", "csv", "--rows", "rows.ndjson"], at);
    expect(send).toMatchObject({ code: 2, stderr: expect.stringContaining("files") });
    const target = await runCli(["send", "files", "cvs", "--rows", "rows.ndjson"], at);
    expect(target).toMatchObject({ code: 2, stderr: expect.stringContaining("csv") });
  });

  it("writes completion scripts that their shells can read", async () => {
    const bash = await runCli(["completion", "bash"]);
    expect(bash.code).toBe(0);
    expect(spawnSync("bash", ["-n"], { input: bash.stdout }).status).toBe(0);
    const ask = `${bash.stdout}\nCOMP_WORDS=(millrace ru); COMP_CWORD=1; _millrace; echo "\${COMPREPLY[*]}"
COMP_WORDS=(millrace run --app); COMP_CWORD=2; _millrace; echo "\${COMPREPLY[*]}"`;
    expect(spawnSync("bash", ["-c", ask], { encoding: "utf8" }).stdout).toBe("run runs\n--approve\n");
    const zsh = await runCli(["completion", "zsh"]);
    expect(zsh.stdout).toContain("bashcompinit");
    const fish = await runCli(["completion", "fish"]);
    for (const verb of verbs) expect(fish.stdout).toContain(`-a ${verb} `);
  });

  it("describes connectors for people and for machines", async () => {
    const all = await runCli(["connectors", "--json"]);
    expect(all.code).toBe(0);
    const ids = all.json().connectors.map((connector: Loose) => connector.id);
    expect(ids).toEqual(expect.arrayContaining(["file", "http", "klaviyo", "postgres", "salesforce"]));
    const one = (await runCli(["connectors", "http", "--json"])).json();
    expect(one).toMatchObject({
      id: "http",
      account: expect.arrayContaining([expect.objectContaining({ name: "base_url", required: true, secret: false })]),
      targets: [
        expect.objectContaining({ name: "request", operations: expect.arrayContaining(["add", "update", "remove"]) }),
      ],
    });
    const text = await runCli(["connectors", "file"]);
    expect(text.stdout).toMatch(/csv[\s\S]*ndjson[\s\S]*parquet/);
  });

  it("colours what a terminal shows, unless NO_COLOR is set", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file") });
    const onTerminal = (more: Readonly<Record<string, string>>): string => {
      const { PATH = "", HOME = "" } = process.env;
      // Python's pty gives the command a terminal of its own.
      const args = ["-c", "import pty, sys; pty.spawn(sys.argv[1:])", process.execPath, cli, "status"];
      const env = { PATH, HOME, TERM: "xterm-256color", ...more };
      return spawnSync("python3", args, { cwd: project.dir, env, encoding: "utf8" }).stdout;
    };
    expect(onTerminal({})).toContain("\u001b[1mtiny");
    const plain = onTerminal({ NO_COLOR: "1" });
    expect(plain).toContain("tiny");
    expect(plain).not.toContain("\u001b[");
  });

  it("never colours what no terminal reads", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file"), "syncs/b.yml": "sync: [broken\n" });
    const env = { FORCE_COLOR: "1", TERM: "xterm-256color" };
    const broken = await runCli(["check"], { cwd: project.dir, env });
    expect(broken.code).toBe(2);
    project.write("syncs/b.yml", toFile("b", { path: "b.csv" }));
    await project.people(...persons(1, 2));
    const plan = await runCli(["plan"], { cwd: project.dir, env });
    const run = await runCli(["run"], { cwd: project.dir, env });
    const status = await runCli(["status"], { cwd: project.dir, env });
    for (const { stdout, stderr } of [broken, plan, run, status]) expect(stdout + stderr).not.toContain("\u001b");
  });
});
