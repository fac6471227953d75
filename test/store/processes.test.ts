import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import type { RunStore } from "../../src/store/store.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-store-"));
  path = join(folder, "store.db");
});
afterEach(() => rm(folder, { recursive: true }));

interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<unknown>;
  lines(): string[];
  errors(): string;
}

function child(script: string, ...args: string[]): Child {
  const file = fileURLToPath(new URL(`./children/${script}`, import.meta.url));
  const started = spawn(process.execPath, [file, ...args]);
  let [out, errors] = ["", ""];
  started.stdout.on("data", (data) => (out += data));
  started.stderr.on("data", (data) => (errors += data));
  return {
    process: started,
    ended: once(started, "close"),
    // A line that the kill cut short is no promise.
    lines: () => out.split("\n").slice(0, -1),
    errors: () => errors,
  };
}

async function until(condition: () => boolean, of: Child): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (of.process.exitCode !== null || performance.now() > deadline) throw new Error(of.errors() || "no progress");
    await setTimeout(5);
  }
}

/** Every promise that the killed process told of, held against the store. */
async function assertKept(store: RunStore, runId: string, lines: readonly string[]): Promise<number> {
  const states = new Map((await store.batches(runId)).map((batch) => [batch.id, batch.state]));
  const said = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} b`)).map((line) => line.slice(word.length + 1));
  for (const id of said("cut")) expect(states.get(id), id).toBeDefined();
  for (const id of said("sending")) expect(["sending", "returned"], id).toContain(states.get(id));
  for (const id of said("returned")) expect(states.get(id), id).toBe("returned");
  let rows = 0;
  for await (const page of store.results(runId)) {
    for (const range of page) {
      expect(range).toMatchObject({ fromSeq: range.toSeq, status: "delivered", externalId: `x${range.fromSeq}` });
      rows++;
    }
  }
  const returned = [...states.values()].filter((state) => state === "returned").length;
  expect(rows).toBe(returned * 100);
  expect(await store.counts(runId)).toMatchObject({ planned: rows, delivered: rows });
  return said("returned").length;
}

describe("a process killed at any instant", () => {
  it("leaves every write whose promise resolved, and no half of any other", async () => {
    let kept = 0;
    let fence = 0;
    for (let round = 0; round < 12; round++) {
      const victim = child("deliver.ts", path, String(round));
      await until(() => victim.lines().includes(`planned run-${round}`), victim);
      await setTimeout(Math.random() * 120);
      victim.process.kill("SIGKILL");
      await victim.ended;
      expect(victim.errors()).toBe("");
      const lines = victim.lines();
      const store = await openSqliteStore({ path, clock: systemClock });
      expect((await store.unfinished()).map((run) => run.id)).toContain(`run-${round}`);
      kept += await assertKept(store, `run-${round}`, lines);
      const next = Number(lines[0]?.split(" ")[1]);
      expect(next).toBeGreaterThan(fence);
      fence = next;
      await store.close();
    }
    expect(kept).toBeGreaterThan(0);
  }, 60_000);

  it("does not keep its lease: the next process need not wait for its time to run out", async () => {
    const victim = child("deliver.ts", path, "0");
    await until(() => victim.lines().includes("planned run-0"), victim);
    const store = await openSqliteStore({ path, clock: systemClock });
    expect(await store.lease("sync/crash", 60_000, "the next")).toBeNull();
    expect((await store.holder("sync/crash"))?.owner).toBe("round 0");
    victim.process.kill("SIGKILL");
    await victim.ended;
    expect(await store.holder("sync/crash")).toBeNull();
    expect(await store.lease("sync/crash", 60_000, "the next")).not.toBeNull();
    await store.close();
  });
});

describe("two processes on one store", () => {
  it("never hold a lease at once, and get fences that only rise", async () => {
    const counter = join(folder, "counter");
    await writeFile(counter, "0");
    const children = Array.from({ length: 2 }, () => child("contend.ts", path, counter, "50"));
    await Promise.all(children.map((one) => one.ended));
    expect(children.map((one) => one.errors())).toEqual(["", ""]);
    expect(await readFile(counter, "utf8")).toBe("100");
    const fences = children.map((one) => one.lines().map(Number));
    for (const own of fences) expect(own).toEqual([...own].sort((a, b) => a - b));
    expect(new Set(fences.flat()).size).toBe(100);
  }, 60_000);

  it("that create it at the same moment agree on its id", async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteStore({ path, clock: systemClock })));
    expect(new Set(stores.map((store) => store.storeId)).size).toBe(1);
    for (const store of stores) await store.close();
  });
});
