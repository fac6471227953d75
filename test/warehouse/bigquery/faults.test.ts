import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { Clock } from "../../../src/core/clock.ts";
import { WarehouseBusy, WarehouseFailed } from "../../../src/core/errors.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { freshDataset, type Peer, startPeer } from "../../support/bigquery/peer.ts";
import type { Fault } from "../../support/bigquery/shim.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
const missing = emulatorMissing();
const count = z.object({ n: z.number() });
const jobs = (method: string, url: string) => method === "POST" && url.includes("/jobs") && !url.includes("upload");
const results = (_method: string, url: string) => url.includes("/queries/");
const chunks = (method: string) => method === "PUT";
const refused = (status: number, reason: string): Fault["answer"] => ({ status, reason, message: reason });

describe.skipIf(missing !== null)("faults of BigQuery", () => {
  let peer: Peer;
  let warehouse: Warehouse;
  const waits: number[] = [];
  const clock: Clock = {
    now: () => new Date(),
    sleep: async (ms) => {
      waits.push(ms);
    },
  };
  const schema = freshDataset();
  const table = { schema, name: "t" };
  beforeAll(async () => {
    peer = await startPeer();
    warehouse = peer.open({ clock, labels: { team: "growth" }, maximumBytesBilled: 10_000_000 });
    const { dialect } = warehouse;
    await warehouse.session("write", (session) =>
      session.execute([dialect.createSchema(schema), sql`create table ${dialect.relation(table)} (n int64, t string)`]),
    );
  });
  afterAll(() => peer?.stop());

  const insert = (n: number) =>
    warehouse.session("write", (session) =>
      session.execute([sql`insert into ${warehouse.dialect.relation(table)} (n) values (${n})`]),
    );
  const rowsWith = async (n: number) => {
    const [found] = await warehouse.session("read", (session) =>
      session.query(sql`select count(*) as n from ${warehouse.dialect.relation(table)} where n = ${n}`, count),
    );
    return found?.n;
  };

  it.each([
    ["the connection is cut before a statement arrives", "cut"],
    ["the connection is cut after it, before the answer", "late"],
    ["503", refused(503, "backendError")],
    ["too many requests", refused(429, "rateLimitExceeded")],
  ] as const)("runs a statement once where %s", async (what, answer) => {
    const n = what.length;
    peer.shim.fail({ matches: jobs, times: 1, answer });
    await insert(n);
    expect(await rowsWith(n)).toBe(1);
  });

  it("reads on where the connection is cut between pages, or an answer is lost", async () => {
    peer.shim.fail({ matches: results, times: 2, answer: "cut" });
    expect(await rowsWith(-5)).toBe(0);
  });

  it("asks for a new token where the old one is refused", async () => {
    peer.shim.fail({ matches: jobs, times: 1, answer: refused(401, "authError") });
    expect(await rowsWith(-6)).toBe(0);
    peer.shim.fail({ matches: jobs, times: 2, answer: refused(401, "authError") });
    const failed = rowsWith(-6);
    await expect(failed).rejects.toBeInstanceOf(WarehouseFailed);
    await expect(failed).rejects.toThrow(/refuses the credentials/);
  });

  it("tells a used-up quota at once, and an outage after some tries", async () => {
    const before = waits.length;
    peer.shim.fail({ matches: jobs, times: 1, answer: refused(403, "quotaExceeded") });
    await expect(insert(1)).rejects.toThrow(/quota of the project is used up/);
    expect(waits.length).toBe(before);
    peer.shim.fail({ matches: jobs, times: 18, answer: refused(503, "backendError") });
    await expect(insert(1)).rejects.toBeInstanceOf(WarehouseBusy);
    expect(waits.length).toBeGreaterThan(before);
    expect(await rowsWith(1)).toBe(0);
  });

  it("sends a lost chunk of a load again, and loads every row once", async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => ({ n: 1_000_000 + n, t: "x".repeat(5_000) }));
    peer.shim.fail({ matches: chunks, times: 1, answer: "late" });
    peer.shim.fail({ matches: chunks, times: 1, answer: "cut" });
    const columns = [
      { name: "n", type: "int" },
      { name: "t", type: "text" },
    ] as const;
    const loaded = await warehouse.session("write", (session) => session.load(table, columns, [rows]));
    expect(loaded).toBe(rows.length);
    const [found] = await warehouse.session("read", (session) =>
      session.query(
        sql`select count(distinct n) as n, count(*) as all_rows from ${warehouse.dialect.relation(table)} where n >= ${1_000_000}`,
        z.object({ n: z.number(), all_rows: z.number() }),
      ),
    );
    expect(found).toEqual({ n: rows.length, all_rows: rows.length });
  });

  it("labels every job and limits what it may read", async () => {
    await rowsWith(-7);
    const job = peer.shim.jobs.at(-1);
    expect(job.labels).toEqual({ application: "millrace", team: "growth" });
    expect(job.query.maximumBytesBilled).toBe("10000000");
    expect(job.query.queryParameters).toEqual([
      { name: "p1", parameterType: { type: "INT64" }, parameterValue: { value: "-7" } },
    ]);
  });
});
