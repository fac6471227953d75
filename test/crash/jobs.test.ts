import { describe, expect } from "vitest";
import type { MisbehaviourInput } from "../../src/sandbox/core/misbehaviour.ts";
import type { StoreView } from "./support/control-store.ts";
import { type Lab, runArgs } from "./support/lab.ts";
import { faultsOf, jobFaults } from "./support/oracle.ts";
import { klaviyoList, salesforceBulk } from "./support/scenarios.ts";
import { test, timeout } from "./support/test.ts";

const jobsOf = (view: StoreView) => view.batches.flatMap(({ job }) => (job === null ? [] : [job]));
const posts = (lab: Lab, path: RegExp) =>
  lab.sandbox.log().filter((entry) => entry.method === "POST" && path.test(entry.path));

async function killedWhen(lab: Lab, what: string, wanted: (view: StoreView) => boolean): Promise<Set<string>> {
  const command = lab.start(...runArgs);
  const view = await lab.until(command, what, wanted);
  await command.kill();
  await lab.sandbox.behave();
  return new Set(jobsOf(view).map(({ id }) => id));
}

describe.concurrent("a Salesforce bulk job", () => {
  const bulk = (method: string, path: string, kind: "timeout_before" | "timeout_after"): MisbehaviourInput => ({
    kind,
    how: "hang",
    times: "always",
    match: { method, path },
  });

  test(
    "on record as under way is polled after a kill, not made again",
    async ({ open }) => {
      const lab = await open(salesforceBulk, { rows: 120 });
      await lab.sandbox.misbehave({ kind: "slow_job", polls: 1_000, times: "always" });
      const recorded = await killedWhen(
        lab,
        "both jobs",
        (view) => jobsOf(view).filter(({ phase }) => phase === "uploaded").length === 2,
      );
      expect(recorded.size).toBe(2);
      expect(posts(lab, /\/jobs\/ingest$/)).toHaveLength(2);
      const again = lab.start("resume");
      await lab.until(again, "a poll", () =>
        lab.sandbox.log().some((entry) => entry.method === "GET" && /\/jobs\/ingest\/\w+$/.test(entry.path)),
      );
      await again.kill();
      expect(posts(lab, /\/jobs\/ingest$/)).toHaveLength(2);
      expect(jobFaults(lab, recorded)).toEqual([]);
    },
    timeout,
  );

  test(
    "that ended while nobody watched is settled from its results",
    async ({ open }) => {
      const lab = await open(salesforceBulk, { rows: 120 });
      const recorded = await killedWhen(
        lab,
        "both jobs",
        (view) => jobsOf(view).filter(({ phase }) => phase === "uploaded").length === 2,
      );
      expect((await lab.run("resume")).code).toBe(0);
      expect(posts(lab, /\/jobs\/ingest$/)).toHaveLength(2);
      expect(jobFaults(lab, recorded)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "that was made and not filled is aborted, and its rows go in another",
    async ({ open }) => {
      const lab = await open(salesforceBulk, { rows: 60 });
      await lab.sandbox.misbehave(bulk("PUT", "/batches$", "timeout_before"));
      const recorded = await killedWhen(lab, "an upload", () =>
        lab.sandbox.log().some(({ method }) => method === "PUT"),
      );
      expect(recorded.size).toBe(1);
      expect((await lab.run("resume")).code).toBe(0);
      const states = (await lab.sandbox.state()).salesforce.jobs.map(({ state }) => state);
      expect(states.toSorted()).toEqual(["Aborted", "JobComplete"]);
      expect(jobFaults(lab, recorded)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "whose start was never answered runs once",
    async ({ open }) => {
      const lab = await open(salesforceBulk, { rows: 60 });
      await lab.sandbox.misbehave(bulk("PATCH", "/jobs/ingest/", "timeout_after"));
      const recorded = await killedWhen(lab, "a start", () =>
        lab.sandbox.log().some(({ method }) => method === "PATCH"),
      );
      expect((await lab.run("resume")).code).toBe(0);
      expect((await lab.sandbox.state()).salesforce.jobs.map(({ state }) => state)).toEqual(["JobComplete"]);
      expect(jobFaults(lab, recorded)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "that was made and never recorded stays empty",
    async ({ open }) => {
      const lab = await open(salesforceBulk, { rows: 60 });
      await lab.sandbox.misbehave(bulk("POST", "/jobs/ingest$", "timeout_after"));
      const recorded = await killedWhen(lab, "a job", () => posts(lab, /\/jobs\/ingest$/).length > 0);
      expect(recorded.size).toBe(0);
      expect((await lab.run("resume")).code).toBe(0);
      expect((await lab.sandbox.state()).salesforce.jobs.map(({ state }) => state).toSorted()).toEqual([
        "JobComplete",
        "Open",
      ]);
      expect(jobFaults(lab, recorded)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});

describe.concurrent("a Klaviyo import job", () => {
  test(
    "on record is polled after a kill, not made again",
    async ({ open }) => {
      const lab = await open(klaviyoList, { rows: 120 });
      const recorded = await killedWhen(lab, "both jobs", (view) => jobsOf(view).length === 2);
      expect((await lab.run("resume")).code).toBe(0);
      expect(posts(lab, /profile-bulk-import-jobs$/)).toHaveLength(2);
      expect(jobFaults(lab, recorded)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "whose answer was lost is sent again, and changes nothing twice",
    async ({ open }) => {
      const lab = await open(klaviyoList, { rows: 60 });
      await lab.sandbox.misbehave({
        kind: "timeout_after",
        how: "hang",
        match: { method: "POST", path: "import-jobs$" },
      });
      const recorded = await killedWhen(lab, "an import", () => posts(lab, /import-jobs$/).length > 0);
      expect(recorded.size).toBe(0);
      expect((await lab.run("resume")).code).toBe(0);
      expect(posts(lab, /import-jobs$/)).toHaveLength(2);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});
