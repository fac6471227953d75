import { describe, expect, it } from "vitest";
import { Interrupted } from "../../../src/core/errors.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { type Bench, cells, N } from "./bench.ts";

export function sessionsContract(bench: () => Bench): void {
  describe("stopping", () => {
    it("interrupts a statement when the signal aborts", async () => {
      const stop = new AbortController();
      const running = bench().read(async (session) => {
        const answer = session.query(bench().contract.endless, cells);
        setTimeout(() => stop.abort(), 100);
        return answer;
      }, stop.signal);
      await expect(running).rejects.toBeInstanceOf(Interrupted);
      expect(await bench().read((session) => session.query(sql`select 1 as one`, cells))).toEqual([{ one: 1 }]);
    });

    it("rolls back what an abort cut short", async () => {
      const table = await bench().tableOf([N], []);
      const stop = new AbortController();
      const running = bench().write(
        (session) =>
          session.transaction(async () => {
            await session.execute([sql`insert into ${bench().dialect.relation(table)} values (1)`]);
            setTimeout(() => stop.abort(), 50);
            await session.query(bench().contract.endless, cells);
          }),
        stop.signal,
      );
      await expect(running).rejects.toBeInstanceOf(Interrupted);
      expect(await bench().all(table)).toEqual([]);
    });

    it("stops a load between pages, and keeps none of it", async () => {
      const table = await bench().tableOf([N], []);
      const stop = new AbortController();
      function* pages() {
        for (let n = 0; ; n++) {
          if (n === 5) stop.abort();
          yield [{ n }];
        }
      }
      const running = bench().write((session) => session.load(table, [N], pages()), stop.signal);
      await expect(running).rejects.toBeInstanceOf(Interrupted);
      expect(await bench().all(table)).toEqual([]);
    });

    it("does not begin for a signal that is aborted already", async () => {
      let begun = false;
      const running = bench().read(async () => {
        begun = true;
      }, AbortSignal.abort());
      await expect(running).rejects.toBeInstanceOf(Interrupted);
      expect(begun).toBe(false);
    });
  });

  describe("sessions", () => {
    it("lets readers read at the same time", async () => {
      let inside = 0;
      let most = 0;
      const gate = Promise.withResolvers<void>();
      await Promise.all(
        [1, 2, 3].map(() =>
          bench().read(async (session) => {
            await session.query(sql`select 1 as one`, cells);
            most = Math.max(most, ++inside);
            if (inside === 3) gate.resolve();
            await gate.promise;
            inside -= 1;
          }),
        ),
      );
      expect(most).toBe(3);
    });

    it("gives a writer's work to the next reader, and hands over to other programs", async () => {
      const table = await bench().tableOf([N], [{ n: 1 }]);
      const order: string[] = [];
      await Promise.all([
        bench().write(async (session) => {
          await session.execute([sql`insert into ${bench().dialect.relation(table)} values (2)`]);
          order.push("written");
        }),
        bench().warehouse.handOver(async () => {
          order.push("handed over");
        }),
        bench().read(async (session) => {
          order.push(
            `read ${(await session.query(sql`select n from ${bench().dialect.relation(table)}`, cells)).length}`,
          );
        }),
      ]);
      if (bench().dialect.traits.singleWriterFile) expect(order).toEqual(["written", "handed over", "read 2"]);
      else expect(new Set(order).size).toBe(3);
    });
  });
}
