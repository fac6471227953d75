import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import { systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit.ts";
import { packageRoot } from "../models/package-root.ts";
import { dim } from "../report/paint.ts";
import { type RunReport, runText } from "../report/run-report.ts";
import { startSandbox } from "../sandbox/sandbox.ts";
import { explainRow, indent, tellMerge, tellPeople, title } from "./demo-verbs.ts";
import type { Output } from "./output.ts";
import { chooseSyncs } from "./pipeline/prepare.ts";
import { runSyncs } from "./pipeline/run-all.ts";
import { approveRun } from "./pipeline/run-sync.ts";
import type { VerbAction, VerbContext } from "./run-verb.ts";

const firstDay = "2010-09-01";
const threeMonthsLater = "2010-12-01";
const sandboxPort = 4800;
/** Tells a folder that an earlier demo made from one that is somebody's. */
const marker = ".millrace-demo";

interface Step {
  readonly step: string;
  readonly as_of: string;
  readonly runs: readonly RunReport[];
  readonly requests: number;
}

/** `demo`: the main job on real data, in a scratch project that stays, so that every verb can be tried on it afterwards. */
export const demo =
  (dir: string | undefined): VerbAction =>
  async (context) => {
    const { out } = context;
    const project = resolve(dir ?? "millrace-demo");
    const port = await freePort(sandboxPort);
    await makeProject(project, port);
    const sandbox = await startSandbox({
      port,
      host: "127.0.0.1",
      dataDir: join(project, ".millrace", "sandbox"),
      clock: systemClock,
      config: quickSandbox,
    });
    const steps: Step[] = [];
    let people: unknown = null;
    try {
      const requests = async () => sandboxRequests(sandbox.url);
      const play = async (step: string, asOf: string, build: boolean): Promise<readonly RunReport[]> => {
        title(out, step);
        const before = await requests();
        const runs = await runAll(context, project, asOf, build);
        const made = (await requests()) - before;
        out.print(dim({ color: out.color }, `  ${made} requests reached the platforms`));
        steps.push({ step, as_of: asOf, runs, requests: made });
        return runs;
      };
      await play(`${firstDay}: the first run fills Salesforce, Klaviyo and a file`, firstDay, true);
      people = await tellPeople(context, project);
      const second = await play(
        `${threeMonthsLater}: three months later the models have moved`,
        threeMonthsLater,
        true,
      );
      await approveHeld(context, project, second);
      await tellMerge(context, project);
      await play("once more: nothing has changed, so nothing is sent", threeMonthsLater, false);
      await explainRow(context, project);
    } finally {
      await sandbox.close();
    }
    whatNext(out, project, port);
    out.emit({ project, sandbox_port: port, steps, people, exit_code: 0 });
    return 0 satisfies ExitCode;
  };

/** Klaviyo's own pace would make the demo wait for minutes; see limits in the connector's README. */
const quickSandbox = { klaviyo: { rate_factor: 100 } } as const;

async function runAll(
  context: VerbContext,
  project: string,
  asOf: string,
  build: boolean,
): Promise<readonly RunReport[]> {
  const app = await context.open({ project, asOf });
  const reports = await runSyncs(
    app,
    chooseSyncs(app, []),
    { trigger: "manual", scope: "changes", trustWarehouse: false },
    { build },
  );
  for (const report of reports) context.out.print(indent(runText(report, { color: context.out.color }, "")));
  await app.close();
  return reports;
}

/** A guard that holds is part of the show: what it held is approved, exactly as it was shown. */
async function approveHeld(context: VerbContext, project: string, reports: readonly RunReport[]): Promise<void> {
  const held = reports.filter((report) => report.status === "held" && report.run_id !== null);
  if (held.length === 0) return;
  title(context.out, "a guard held a plan; we looked at it and approve it");
  const app = await context.open({ project });
  for (const { run_id: runId } of held) {
    context.out.print(dim({ color: context.out.color }, `  $ millrace run --approve ${runId}`));
    if (runId !== null)
      context.out.print(indent(runText(await approveRun(app, runId), { color: context.out.color }, "")));
  }
  await app.close();
}

/** The demo's project in a folder of its own, its accounts at a sandbox on `port`. */
export async function makeProject(project: string, port: number): Promise<void> {
  const found: string[] = await readdir(project).catch(() => []);
  if (found.includes(marker)) await rm(project, { recursive: true });
  else if (found.length > 0) {
    throw new ConfigError(`${project} is not empty`, {
      hint: "Remove it, or name another folder: `millrace demo DIR`.",
    });
  }
  const root = packageRoot();
  await mkdir(project, { recursive: true });
  for (const part of [
    "millrace.yml",
    "identity.yml",
    "syncs",
    "events",
    "traits",
    "segments",
    "schemas",
    join("sql", "demo"),
  ]) {
    await cp(join(root, part), join(project, part), {
      recursive: true,
      filter: (path) => !/[\\/](target|logs|dbt_packages|package-lock\.yml)$/.test(path),
    });
  }
  await writeFile(join(project, ".env"), envFile(port));
  await writeFile(join(project, marker), "Made by `millrace demo`, which replaces this folder when it runs again.\n");
}

const envFile = (
  port: number,
): string => `# The accounts of millrace.yml, pointed at the local sandbox: \`millrace sandbox\`.
SALESFORCE_URL=http://127.0.0.1:${port}/salesforce
SALESFORCE_CLIENT_ID=sandbox-id
SALESFORCE_CLIENT_SECRET=sandbox-secret
KLAVIYO_URL=http://127.0.0.1:${port}/klaviyo
KLAVIYO_API_KEY=pk_sandbox
`;

/** The sandbox's usual port, or any other where that one is taken. */
function freePort(wanted: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", () => (wanted === 0 ? fail(new Error("no free port")) : done(freePort(0))));
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : wanted));
    });
  });
}

const logged = z.array(z.object({ seq: z.number() }));

async function sandboxRequests(url: string): Promise<number> {
  const answer = await fetch(`${url}/_sandbox/log`);
  return logged.parse(await answer.json()).length;
}

function whatNext(out: Output, project: string, port: number): void {
  const here = relative(process.cwd(), project) || ".";
  // In a clone nothing has put the program on the PATH; npx finds it there from any folder below.
  const millrace = existsSync(join(packageRoot(), "src", "cli.ts")) ? "npx millrace" : "millrace";
  const ownPort = port === sandboxPort ? "" : ` --port ${port}`;
  title(out, "try next");
  for (const [command, about] of [
    [`cd ${here}`, "an ordinary project: millrace.yml, syncs/, sql/"],
    [
      `${millrace} sandbox --data .millrace/sandbox${ownPort} &`,
      `the platforms as the demo left them, http://127.0.0.1:${port}/`,
    ],
    [`${millrace} status`, "health, and what waits for somebody"],
    [`${millrace} rejects vips-to-salesforce`, "what was refused, and why"],
    [`${millrace} identity report`, "how many records are how many people, and what guards caught"],
    [`${millrace} plan`, "edit a sync or a model first, and see what would happen"],
    [`${millrace} why vips-to-salesforce nadia.17738@example.com`, "the whole story of one person"],
  ] as const) {
    out.print(`  ${command}`);
    out.print(dim({ color: out.color }, `      ${about}`));
  }
}
