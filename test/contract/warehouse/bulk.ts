import { describe, expect, it } from "vitest";
import { ColumnMissing, RelationMissing } from "../../../src/core/errors.ts";
import type { Column } from "../../../src/core/relation.ts";
import type { Row } from "../../../src/core/value.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { type Bench, cells, N } from "./bench.ts";

export function bulkContract(bench: () => Bench): void {
  describe("bulk", () => {
    it("loads 100,000 rows and reports how many", async () => {
      const table = bench().fresh();
      async function* pages(): AsyncGenerator<readonly Row[]> {
        for (let page = 0; page < 100; page++)
          yield Array.from({ length: 1000 }, (_, i) => ({ n: page * 1000 + i, t: `row ${i}` }));
      }
      const columns: readonly Column[] = [N, { name: "t", type: "text" }];
      const loaded = await bench().write(async (session) => {
        await session.execute([bench().create(table, columns)]);
        return session.load(table, columns, pages());
      });
      expect(loaded).toBe(100_000);
      expect(
        await bench().read((session) =>
          session.query(sql`select count(distinct n) as n from ${bench().dialect.relation(table)}`, cells),
        ),
      ).toEqual([{ n: 100_000 }]);
    });

    it("loads columns in any order and leaves the others NULL", async () => {
      const table = bench().fresh();
      const columns: readonly Column[] = [N, { name: "a", type: "text" }, { name: "b", type: "text" }];
      await bench().write(async (session) => {
        await session.execute([bench().create(table, columns)]);
        await session.load(table, [{ name: "b", type: "text" }, N], [[{ b: "x", n: 1 }]]);
      });
      expect(await bench().all(table)).toEqual([{ n: 1, a: null, b: "x" }]);
    });

    it("loads all or nothing", async () => {
      const table = bench().fresh();
      function* pages(): Generator<readonly Row[]> {
        yield [{ n: 1 }];
        throw new Error("source broke");
      }
      await bench().write(async (session) => {
        await session.execute([bench().create(table, [N])]);
        await expect(session.load(table, [N], pages())).rejects.toThrow("source broke");
      });
      expect(await bench().all(table)).toEqual([]);
    });

    it("names a column that the target does not have", async () => {
      const table = await bench().tableOf([N], []);
      await expect(
        bench().write((session) => session.load(table, [N, { name: "extra", type: "text" }], [[{ n: 1, extra: "x" }]])),
      ).rejects.toBeInstanceOf(ColumnMissing);
      await expect(
        bench().write((session) => session.load(bench().fresh("nowhere"), [N], [[{ n: 1 }]])),
      ).rejects.toBeInstanceOf(RelationMissing);
    });

    it("streams a million rows in pages and in constant memory", async () => {
      const ROWS = bench().contract.slow === true ? 50_000 : 1_000_000;
      const table = bench().fresh();
      const columns: readonly Column[] = [N, { name: "t", type: "text" }];
      await bench().write(async (session) => {
        await session.execute([bench().create(table, columns)]);
        await session.load(
          table,
          columns,
          (function* () {
            for (let from = 0; from < ROWS; from += 10_000)
              yield Array.from({ length: 10_000 }, (_, i) => ({
                n: from + i,
                t: `somebody-${from + i}@example.com`,
              }));
          })(),
        );
      });
      const before = process.memoryUsage.rss();
      let peak = before;
      let rows = 0;
      let pages = 0;
      let sum = 0;
      await bench().read(async (session) => {
        for await (const page of session.stream(sql`select n, t from ${bench().dialect.relation(table)}`, 1000)) {
          if (page.length !== 1000 && rows + page.length !== ROWS) throw new Error("a page in the middle is short");
          rows += page.length;
          for (const [n] of page) sum += Number(n);
          if (++pages % 50 === 0) peak = Math.max(peak, process.memoryUsage.rss());
        }
      });
      expect(rows).toBe(ROWS);
      expect(sum).toBe((ROWS * (ROWS - 1)) / 2);
      expect((peak - before) / 1e6).toBeLessThan(250);
    }, 120_000);

    it("lets a reader stop a stream early and go on", async () => {
      const table = await bench().tableOf(
        [N],
        Array.from({ length: 50_000 }, (_, n) => ({ n })),
      );
      for (const inTransaction of [false, true]) {
        await bench().write(async (session) => {
          const work = async () => {
            await session.execute([sql`insert into ${bench().dialect.relation(table)} values (-1)`]);
            for await (const page of session.stream(sql`select n from ${bench().dialect.relation(table)}`, 10)) {
              expect(page).toHaveLength(10);
              break;
            }
            expect(await session.query(sql`select 1 as one`, cells)).toEqual([{ one: 1 }]);
          };
          await (inTransaction ? session.transaction(work) : work());
        });
      }
      expect(
        await bench().read((session) =>
          session.query(sql`select count(*) as n from ${bench().dialect.relation(table)} where n = -1`, cells),
        ),
      ).toEqual([{ n: 2 }]);
    });
  });
}
