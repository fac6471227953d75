import { createHash } from "node:crypto";
import { array, assert, asyncProperty, constantFrom, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Column, Relation } from "../../../src/core/relation.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { type Bench, hard, N } from "./bench.ts";

/** What `stableFingerprint` must give on every engine, for ever. */
export function stableVector(texts: readonly (string | null)[], salt: string): string {
  const part = (text: string | null) => (text === null ? "-" : `${Buffer.byteLength(text)}:${text}`);
  return createHash("md5")
    .update([salt, ...texts].map(part).join(""))
    .digest("hex");
}

export function fingerprintsContract(bench: () => Bench): void {
  describe("fingerprints", () => {
    const columns: readonly Column[] = [
      N,
      { name: "a", type: "text" },
      { name: "b", type: "text" },
      { name: "c", type: "text" },
    ];
    const prints = (table: Relation, salt: string) => {
      const d = bench().dialect;
      const names = ["a", "b", "c"].map((name) => d.ident(name));
      return bench().all(
        table,
        sql`a, b, c, cast(${d.fastFingerprint(names, salt)} as ${d.typeName("text")}) as fast, ${d.stableFingerprint(names, salt)} as stable`,
      );
    };

    it("are equal exactly where rows are equal, whatever NULLs, empty texts and separators they hold", async () => {
      const value = constantFrom(null, "", "a", "b", "aa", "ab", "-", "0:", "1:a", "NULL", "é", ",");
      await assert(
        asyncProperty(
          array(record({ a: value, b: value, c: value }), { minLength: 20, maxLength: 60 }),
          async (rows) => {
            const table = await bench().tableOf(
              columns,
              rows.map((row, n) => ({ n, ...row })),
            );
            const found = await prints(table, "salt");
            const rowsOf = new Map<unknown, string>();
            const printsOf = new Map<string, unknown>();
            for (const { a, b, c, fast, stable } of found) {
              const row = JSON.stringify([a, b, c]);
              for (const print of [fast, stable]) {
                expect(rowsOf.get(print) ?? row).toBe(row);
                rowsOf.set(print, row);
              }
              expect(printsOf.get(row) ?? `${fast} ${stable}`).toBe(`${fast} ${stable}`);
              printsOf.set(row, `${fast} ${stable}`);
            }
          },
        ),
        { numRuns: bench().contract.slow === true ? 2 : 8 },
      );
    }, 180_000);

    it("differ by salt", async () => {
      const table = await bench().tableOf(columns, [{ n: 1, a: "x", b: "y", c: null }]);
      const [[one], [other]] = [await prints(table, "1"), await prints(table, "2")];
      expect(one?.fast).not.toBe(other?.fast);
      expect(one?.stable).not.toBe(other?.stable);
    });

    it("are stable: the md5 that any other program computes from the written encoding", async () => {
      const texts = [...hard, "", null, "z".repeat(70_000)];
      const rows = texts.map((a, n) => ({ n, a, b: texts[(n + 1) % texts.length] ?? null, c: null }));
      const table = await bench().tableOf(columns, rows);
      expect((await prints(table, "sält")).map(({ stable }) => stable)).toEqual(
        rows.map(({ a, b, c }) => stableVector([a, b, c], "sält")),
      );
    });

    it("gives these, for ever", async () => {
      const table = await bench().tableOf(columns, [
        { n: 1, a: "a", b: null, c: "" },
        { n: 2, a: null, b: null, c: null },
      ]);
      // md5 of "1:s1:a-0:" and of "1:s---"
      expect((await prints(table, "s")).map(({ stable }) => stable)).toEqual([
        "e17617b62bf1a54936b629e33e5aa6ac",
        "45f13c6dbcca816ea545745145f27501",
      ]);
    });
  });
}
