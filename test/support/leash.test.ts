import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../e2e/cli.ts";
import { emulatorMissing } from "./bigquery/emulator.ts";
import { whyNoFakesnow } from "./snowflake/fakesnow.ts";

const servers = [
  { name: "bigquery", what: "the BigQuery emulator and its folder", why: async () => emulatorMissing() },
  { name: "postgres", what: "Postgres and its folder", why: async () => null },
  // Its data is in memory.
  { name: "snowflake", what: "fakesnow", why: whyNoFakesnow },
];

describe("a process that is killed", () => {
  it.for(servers)("takes $what with it", { timeout: 300_000 }, async ({ name, why }, context) => {
    const reason = await why();
    if (reason !== null) return context.skip(reason);
    const folder = await mkdtemp(join(tmpdir(), "millrace-leash-"));
    // Postgres runs as another user where the tests are root.
    await chmod(folder, 0o755);
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const holder = spawn(process.execPath, [join(import.meta.dirname, "leash-holder.ts"), name], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR: folder },
    });
    onTestFinished(() => void holder.kill("SIGKILL"));
    const port = Number(await firstLine(holder));
    expect(await listens(port)).toBe(true);
    const ended = once(holder, "exit");
    holder.kill("SIGKILL");
    await ended;
    await until("the server's end", async () => !(await listens(port)));
    if (name !== "snowflake") await until("its folder's end", async () => (await readdir(folder)).length === 0);
  });
});

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error("the holder did not start its server");
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
