import { createHash } from "node:crypto";
import { array, assert, asyncProperty, constantFrom, record } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ColumnMissing, Interrupted, RelationMissing, WarehouseFailed } from "../../src/core/errors.ts";
import type { Column, Relation } from "../../src/core/relation.ts";
import type { Row, Value } from "../../src/core/value.ts";
import type { SourceColumn } from "../../src/warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../../src/warehouse/sql.ts";
import type { Session, Warehouse } from "../../src/warehouse/warehouse.ts";

/** What one engine brings to the suite. */
export interface WarehouseUnderTest {
  readonly warehouse: Warehouse;
  /** An existing, empty schema. */
  readonly schema: string;
  /** Ends the warehouse and removes what it left. */
  remove(): Promise<void>;
}

export interface WarehouseContract {
  readonly name: string;
  open(): Promise<WarehouseUnderTest>;
  /** A statement that would run for minutes. */
  readonly endless: Sql;
  /** Why the engine cannot hold NUL in text, if it cannot. */
  readonly noNul?: string;
}

const cells = z.record(z.string(), z.unknown());
const ROWS = 1_000_000;

const hard: readonly string[] = [
  "O'Brien",
  'a "quoted" word',
  "back\\slash",
  "new\nline\ttab",
  "👩‍👩‍👧‍👦 emoji 😀",
  "שלום עולם",
  "'; drop table people; --",
  "{x} {{ y }} ? $1 :z",
  "é vs e\u0301",
  " lead and trail ",
  "=cmd()",
];

/** What `stableFingerprint` must give on every engine, for ever. */
export function stableVector(texts: readonly (string | null)[], salt: string): string {
  const part = (text: string | null) => (text === null ? "-" : `${Buffer.byteLength(text)}:${text}`);
  return createHash("md5")
    .update([salt, ...texts].map(part).join(""))
    .digest("hex");
}

export function warehouseContract(contract: WarehouseContract): void {
  describe(`${contract.name} keeps the warehouse contract`, () => {
    let open: WarehouseUnderTest;
    let tables = 0;

    beforeAll(async () => {
      open = await contract.open();
    });
    afterAll(async () => {
      await open.remove();
    });

    const dialect = () => open.warehouse.dialect;
    const read = <T>(work: (session: Session) => Promise<T>, signal?: AbortSignal) =>
      open.warehouse.session("read", work, signal);
    const write = <T>(work: (session: Session) => Promise<T>, signal?: AbortSignal) =>
      open.warehouse.session("write", work, signal);
    const fresh = (name = `t${++tables}`): Relation => ({ schema: open.schema, name });

    const create = (table: Relation, columns: readonly Column[]): Sql => {
      const d = dialect();
      return sql`create table ${d.relation(table)} (${join(columns.map((c) => sql`${d.ident(c.name)} ${d.typeName(c.type)}`))})`;
    };

    /** A table with these rows. */
    async function tableOf(columns: readonly Column[], rows: readonly Row[], table = fresh()): Promise<Relation> {
      await write(async (session) => {
        await session.execute([create(table, columns)]);
        await session.load(table, columns, [rows]);
      });
      return table;
    }

    const column = async (table: Relation, name: string): Promise<SourceColumn> => {
      const found = (await read((session) => session.describe(table)))?.find((c) => c.name === name);
      if (!found) throw new Error(`no column ${name}`);
      return found;
    };

    const all = (table: Relation, what: Sql = raw("*"), order = "n") =>
      read((session) =>
        session.query(sql`select ${what} from ${dialect().relation(table)} order by ${dialect().ident(order)}`, cells),
      );

    const N: Column = { name: "n", type: "int" };

    describe("values", () => {
      it("brings every type back as it went in, and NULL apart from empty text", async () => {
        const columns: readonly Column[] = [
          N,
          { name: "t", type: "text" },
          { name: "i", type: "int" },
          { name: "f", type: "float" },
          { name: "d", type: "decimal" },
          { name: "b", type: "bool" },
          { name: "day", type: "date" },
          { name: "inst", type: "timestamp" },
          { name: "j", type: "json" },
          { name: "raw", type: "bytes" },
        ];
        const rows: readonly Row[] = [
          {
            n: 1,
            t: "Ann",
            i: 42,
            f: 0.1,
            d: "12.5",
            b: true,
            day: "2024-02-29",
            inst: "2024-01-02T03:04:05.123456Z",
            j: { a: [1, null, "x"] },
            raw: "AAEC/w==",
          },
          {
            n: 2,
            t: "",
            i: "9223372036854775807",
            f: -1e300,
            d: "12345678901234567890.123456789",
            b: false,
            day: "0001-01-01",
            inst: "1969-12-31T23:59:59.000000Z",
            j: "text",
            raw: "",
          },
          { n: 3, t: null, i: null, f: null, d: null, b: null, day: null, inst: null, j: null, raw: null },
          {
            n: 4,
            t: "x",
            i: -9007199254740991,
            f: 0,
            d: "-0.000000001",
            b: true,
            day: "9999-12-31",
            inst: "2024-01-02T03:04:05.120000Z",
            j: [{ deep: true }],
            raw: "AA==",
          },
        ];
        const table = await tableOf(columns, rows);
        expect(await all(table)).toEqual(rows);
      });

      it("keeps hard texts as data and as bound values", async () => {
        const texts = contract.noNul === undefined ? [...hard, "nul\u0000inside"] : hard;
        const table = await tableOf(
          [N, { name: "t", type: "text" }],
          texts.map((t, n) => ({ n, t })),
        );
        expect((await all(table)).map(({ t }) => t)).toEqual(texts);
        for (const text of texts) {
          const found = await read((session) =>
            session.query(
              sql`select t from ${dialect().relation(table)} where t = ${text}`,
              z.object({ t: z.string() }),
            ),
          );
          expect(found).toEqual([{ t: text }]);
        }
      });

      it("keeps a text of 10 MB", async () => {
        const long = "ü".repeat(5_000_000);
        const table = await tableOf([N, { name: "t", type: "text" }], [{ n: 1, t: long }]);
        const [row] = await all(table);
        expect(row?.t === long).toBe(true);
      });

      it("binds a JSON value that looks like a statement instead of running it", async () => {
        const trap: Value = { text: "1; drop table people", values: [] };
        const [row] = await read((session) =>
          session.query(sql`select cast(${trap} as ${dialect().typeName("text")}) as v`, z.object({ v: z.string() })),
        );
        expect(JSON.parse(row?.v ?? "")).toEqual(trap);
      });
    });

    describe("names", () => {
      it.each(['x"y', "with space", "ünï 名前", "select", "a'; drop table t; --", "Mixed.Case"])(
        "holds a table and a column called %s",
        async (name) => {
          const table = fresh(name);
          await tableOf([N, { name, type: "text" }], [{ n: 1, [name]: "here" }], table);
          expect(await all(table)).toEqual([{ n: 1, [name]: "here" }]);
          expect((await read((session) => session.describe(table)))?.map((c) => c.name)).toEqual(["n", name]);
        },
      );

      it("refuses a name that no engine can hold", () => {
        expect(() => dialect().ident("")).toThrow(/empty/);
        expect(() => dialect().ident("a\u0000b")).toThrow(/NUL/);
      });

      it("describes what there is, in order, and nothing where there is none", async () => {
        const table = await tableOf([N, { name: "z", type: "text" }, { name: "a", type: "bool" }], []);
        const found = await read((session) => session.describe(table));
        expect(found?.map(({ name, type }) => [name, type])).toEqual([
          ["n", "int"],
          ["z", "text"],
          ["a", "bool"],
        ]);
        expect(await read((session) => session.describe(fresh("not_there")))).toBeNull();
        expect(await read((session) => session.describe({ schema: "no_such_schema", name: "t" }))).toBeNull();
      });
    });

    describe("statements", () => {
      it("counts every statement that it sends", async () => {
        const table = fresh();
        const sent = await write(async (session) => {
          await session.execute([create(table, [N])]);
          await session.transaction(async () => {
            await session.execute([sql`insert into ${dialect().relation(table)} values (1)`]);
          });
          await session.query(sql`select 1 as one`, cells);
          return session.statements;
        });
        expect(sent).toBe(5);
      });

      it("undoes all of a failed transaction and keeps all of a finished one", async () => {
        const table = fresh();
        const name = dialect().relation(table);
        await write(async (session) => {
          await session.execute([create(table, [N])]);
          await expect(
            session.transaction(async () => {
              await session.execute([sql`insert into ${name} values (1)`]);
              await session.load(table, [N], [[{ n: 2 }]]);
              throw new Error("stop");
            }),
          ).rejects.toThrow("stop");
          await session.transaction(() =>
            session.execute([sql`insert into ${name} values (3)`, sql`insert into ${name} values (4)`]),
          );
        });
        expect(await all(table)).toEqual([{ n: 3 }, { n: 4 }]);
      });

      it("undoes a transaction whose statement fails, and goes on", async () => {
        const table = fresh();
        const name = dialect().relation(table);
        await write(async (session) => {
          await session.execute([create(table, [N])]);
          await expect(
            session.transaction(() =>
              session.execute([
                sql`insert into ${name} values (1)`,
                sql`select * from ${dialect().relation(fresh("gone"))}`,
              ]),
            ),
          ).rejects.toBeInstanceOf(RelationMissing);
          await session.execute([sql`insert into ${name} values (2)`]);
        });
        expect(await all(table)).toEqual([{ n: 2 }]);
      });

      it("refuses a transaction inside a transaction", async () => {
        await write(async (session) => {
          await expect(session.transaction(() => session.transaction(async () => undefined))).rejects.toThrow(/nest/);
        });
      });

      it("refuses an answer of another shape without showing it", async () => {
        const wrong = read((session) => session.query(sql`select 'ann@example.com' as n`, z.object({ n: z.number() })));
        await expect(wrong).rejects.toThrow(/n: invalid_type/);
        await expect(wrong).rejects.not.toThrow(/ann@/);
      });

      it("makes temporary tables for one session", async () => {
        const temporary = dialect().temporary("staged");
        await write(async (session) => {
          await session.execute([
            sql`create temporary table ${dialect().ident("staged")} (n ${dialect().typeName("int")})`,
          ]);
          expect(await session.load(temporary, [N], [[{ n: 1 }, { n: 2 }]])).toBe(2);
          const rows = await session.query(sql`select count(*) as n from ${dialect().ident("staged")}`, cells);
          expect(rows).toEqual([{ n: 2 }]);
        });
        await expect(
          read((session) => session.query(sql`select * from ${dialect().ident("staged")}`, cells)),
        ).rejects.toBeInstanceOf(RelationMissing);
      });
    });

    describe("errors", () => {
      const failure = async (statement: Sql): Promise<unknown> => {
        try {
          await write((session) => session.execute([statement]));
        } catch (error) {
          return error;
        }
        throw new Error("did not fail");
      };

      it("names a missing relation", async () => {
        const error = await failure(sql`select * from ${dialect().relation(fresh("not_there"))}`);
        expect(error).toBeInstanceOf(RelationMissing);
        expect((error as Error).message).toContain("not_there");
      });

      it("names a missing column", async () => {
        const table = dialect().relation(await tableOf([N], []));
        for (const statement of [
          sql`select nocol from ${table}`,
          sql`select x.nocol from ${table} x`,
          sql`insert into ${table} (nocol) values (1)`,
        ]) {
          const error = await failure(statement);
          expect(error).toBeInstanceOf(ColumnMissing);
          expect((error as Error).message).toContain("nocol");
        }
      });

      it.each(["ann@example.com", 'O\'Brien "the" second'])("never puts a value into a message: %s", async (value) => {
        for (const type of ["int", "float", "date", "timestamp", "bool"] as const) {
          const error = await failure(sql`select cast(${value} as ${dialect().typeName(type)})`);
          expect(error).toBeInstanceOf(WarehouseFailed);
          const { message, hint, context } = error as WarehouseFailed;
          const said = JSON.stringify([message, hint, context, (error as Error).cause]);
          for (const word of ["ann", "example", "Brien", "the", "second"].filter((part) => value.includes(part))) {
            expect(said.replace(hint, "")).not.toMatch(new RegExp(`\\b${word}\\b`));
          }
        }
      });

      it("says that a bad statement is one", async () => {
        expect(await failure(sql`selec 1`)).toBeInstanceOf(WarehouseFailed);
      });
    });

    describe("bulk", () => {
      it("loads 100,000 rows and reports how many", async () => {
        const table = fresh();
        async function* pages(): AsyncGenerator<readonly Row[]> {
          for (let page = 0; page < 100; page++)
            yield Array.from({ length: 1000 }, (_, i) => ({ n: page * 1000 + i, t: `row ${i}` }));
        }
        const columns: readonly Column[] = [N, { name: "t", type: "text" }];
        const loaded = await write(async (session) => {
          await session.execute([create(table, columns)]);
          return session.load(table, columns, pages());
        });
        expect(loaded).toBe(100_000);
        expect(
          await read((session) =>
            session.query(sql`select count(distinct n) as n from ${dialect().relation(table)}`, cells),
          ),
        ).toEqual([{ n: 100_000 }]);
      });

      it("loads columns in any order and leaves the others NULL", async () => {
        const table = fresh();
        const columns: readonly Column[] = [N, { name: "a", type: "text" }, { name: "b", type: "text" }];
        await write(async (session) => {
          await session.execute([create(table, columns)]);
          await session.load(table, [{ name: "b", type: "text" }, N], [[{ b: "x", n: 1 }]]);
        });
        expect(await all(table)).toEqual([{ n: 1, a: null, b: "x" }]);
      });

      it("loads all or nothing", async () => {
        const table = fresh();
        function* pages(): Generator<readonly Row[]> {
          yield [{ n: 1 }];
          throw new Error("source broke");
        }
        await write(async (session) => {
          await session.execute([create(table, [N])]);
          await expect(session.load(table, [N], pages())).rejects.toThrow("source broke");
        });
        expect(await all(table)).toEqual([]);
      });

      it("names a column that the target does not have", async () => {
        const table = await tableOf([N], []);
        await expect(
          write((session) => session.load(table, [N, { name: "extra", type: "text" }], [[{ n: 1, extra: "x" }]])),
        ).rejects.toBeInstanceOf(ColumnMissing);
        await expect(write((session) => session.load(fresh("nowhere"), [N], [[{ n: 1 }]]))).rejects.toBeInstanceOf(
          RelationMissing,
        );
      });

      it("streams a million rows in pages and in constant memory", async () => {
        const table = fresh();
        const columns: readonly Column[] = [N, { name: "t", type: "text" }];
        await write(async (session) => {
          await session.execute([create(table, columns)]);
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
        await read(async (session) => {
          for await (const page of session.stream(sql`select n, t from ${dialect().relation(table)}`, 1000)) {
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
        const table = await tableOf(
          [N],
          Array.from({ length: 50_000 }, (_, n) => ({ n })),
        );
        for (const inTransaction of [false, true]) {
          await write(async (session) => {
            const work = async () => {
              await session.execute([sql`insert into ${dialect().relation(table)} values (-1)`]);
              for await (const page of session.stream(sql`select n from ${dialect().relation(table)}`, 10)) {
                expect(page).toHaveLength(10);
                break;
              }
              expect(await session.query(sql`select 1 as one`, cells)).toEqual([{ one: 1 }]);
            };
            await (inTransaction ? session.transaction(work) : work());
          });
        }
        expect(
          await read((session) =>
            session.query(sql`select count(*) as n from ${dialect().relation(table)} where n = -1`, cells),
          ),
        ).toEqual([{ n: 2 }]);
      });
    });

    describe("stopping", () => {
      it("interrupts a statement when the signal aborts", async () => {
        const stop = new AbortController();
        const running = read(async (session) => {
          const answer = session.query(contract.endless, cells);
          setTimeout(() => stop.abort(), 100);
          return answer;
        }, stop.signal);
        await expect(running).rejects.toBeInstanceOf(Interrupted);
        expect(await read((session) => session.query(sql`select 1 as one`, cells))).toEqual([{ one: 1 }]);
      });

      it("rolls back what an abort cut short", async () => {
        const table = await tableOf([N], []);
        const stop = new AbortController();
        const running = write(
          (session) =>
            session.transaction(async () => {
              await session.execute([sql`insert into ${dialect().relation(table)} values (1)`]);
              setTimeout(() => stop.abort(), 50);
              await session.query(contract.endless, cells);
            }),
          stop.signal,
        );
        await expect(running).rejects.toBeInstanceOf(Interrupted);
        expect(await all(table)).toEqual([]);
      });

      it("does not begin for a signal that is aborted already", async () => {
        let begun = false;
        const running = read(async () => {
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
            read(async (session) => {
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
        const table = await tableOf([N], [{ n: 1 }]);
        const order: string[] = [];
        await Promise.all([
          write(async (session) => {
            await session.execute([sql`insert into ${dialect().relation(table)} values (2)`]);
            order.push("written");
          }),
          open.warehouse.handOver(async () => {
            order.push("handed over");
          }),
          read(async (session) => {
            order.push(`read ${(await session.query(sql`select n from ${dialect().relation(table)}`, cells)).length}`);
          }),
        ]);
        if (dialect().traits.singleWriterFile) expect(order).toEqual(["written", "handed over", "read 2"]);
        else expect(new Set(order).size).toBe(3);
      });
    });

    describe("fingerprints", () => {
      const columns: readonly Column[] = [
        N,
        { name: "a", type: "text" },
        { name: "b", type: "text" },
        { name: "c", type: "text" },
      ];
      const prints = (table: Relation, salt: string) => {
        const d = dialect();
        const names = ["a", "b", "c"].map((name) => d.ident(name));
        return all(
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
              const table = await tableOf(
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
          { numRuns: 8 },
        );
      }, 60_000);

      it("differ by salt", async () => {
        const table = await tableOf(columns, [{ n: 1, a: "x", b: "y", c: null }]);
        const [[one], [other]] = [await prints(table, "1"), await prints(table, "2")];
        expect(one?.fast).not.toBe(other?.fast);
        expect(one?.stable).not.toBe(other?.stable);
      });

      it("are stable: the md5 that any other program computes from the written encoding", async () => {
        const texts = [...hard, "", null, "z".repeat(70_000)];
        const rows = texts.map((a, n) => ({ n, a, b: texts[(n + 1) % texts.length] ?? null, c: null }));
        const table = await tableOf(columns, rows);
        expect((await prints(table, "sält")).map(({ stable }) => stable)).toEqual(
          rows.map(({ a, b, c }) => stableVector([a, b, c], "sält")),
        );
      });

      it("gives these, for ever", async () => {
        const table = await tableOf(columns, [
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

    describe("casts and JSON", () => {
      /** The text of each column through tryCast. */
      const castAll = async (table: Relation, name: string, type: Parameters<Warehouse["dialect"]["tryCast"]>[2]) => {
        const d = dialect();
        const c = await column(table, name);
        const cast = d.tryCast(d.ident(name), c, type);
        return (await all(table, sql`${d.json(cast, { type })} as v`)).map(({ v }) => v);
      };
      const texts = (values: readonly (string | null)[]) =>
        tableOf(
          [N, { name: "v", type: "text" }],
          values.map((v, n) => ({ n, v })),
        );

      it.each([
        [
          "number",
          ["12.50", "-3", "1e3", " 7 ", "12345678901234567890.5", "abc", "1_000", "1,5", "", "nan", "0x10", null],
          ["12.5", "-3", "1000", "7", '"12345678901234567890.5"', null, null, null, null, null, null, null],
        ],
        [
          "integer",
          ["12", "12.0", "1e3", "1.5", "9007199254740993", "x", "", null],
          ["12", "12", "1000", null, '"9007199254740993"', null, null, null],
        ],
        [
          "boolean",
          ["yes", "No", "1", "0", "TRUE", "f", "on", "off", "2", "maybe", "", null],
          ["true", "false", "true", "false", "true", "false", "true", "false", null, null, null, null],
        ],
        [
          "date",
          [
            "2024-02-29",
            "2024-02-30",
            "2024-01-02T23:30:00-02:00",
            "2024-01-02 03:04:05",
            "02/01/2024",
            "infinity",
            "",
            null,
          ],
          ['"2024-02-29"', null, '"2024-01-03"', '"2024-01-02"', null, null, null, null],
        ],
        [
          "datetime",
          [
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.5+02:00",
            "2024-01-02",
            "2024-01-02 03:04",
            "yesterday",
            "infinity",
            null,
          ],
          [
            '"2024-01-02T03:04:05Z"',
            '"2024-01-02T01:04:05.500000Z"',
            '"2024-01-02T00:00:00Z"',
            '"2024-01-02T03:04:00Z"',
            null,
            null,
            null,
          ],
        ],
        [
          "json",
          ['{"a": [1, null]}', "5", '"x"', "{broken", "ann", "", null],
          ['{"a":[1,null]}', "5", '"x"', null, null, null, null],
        ],
        ["text", ['a"b\\', "", null], ['"a\\"b\\\\"', '""', null]],
      ] as const)("casts text to %s, NULL where it cannot be", async (type, given, expected) => {
        const table = await texts(given);
        expect(await castAll(table, "v", type)).toEqual(expected);
      });

      it("does not round a fraction to an integer", async () => {
        const table = await tableOf(
          [N, { name: "v", type: "decimal" }, { name: "f", type: "float" }],
          [
            { n: 1, v: "1.5", f: 2.5 },
            { n: 2, v: "2", f: 3 },
          ],
        );
        expect(await castAll(table, "v", "integer")).toEqual([null, "2"]);
        expect(await castAll(table, "f", "integer")).toEqual([null, "3"]);
      });

      it("writes numbers that JavaScript would bend as strings", async () => {
        const table = await tableOf(
          [N, { name: "i", type: "int" }, { name: "d", type: "decimal" }, { name: "f", type: "float" }],
          [
            { n: 1, i: 9007199254740991, d: "123456.789", f: 0.1 },
            { n: 2, i: "9007199254740992", d: "1234567.123456789", f: 0.30000000000000004 },
            { n: 3, i: "-9007199254740992", d: "-1.000000000", f: 100 },
            { n: 4, i: 0, d: "9007199254740992", f: -0 },
            { n: 5, i: null, d: null, f: null },
          ],
        );
        const json = async (name: string) => {
          const c = await column(table, name);
          return (await all(table, sql`${dialect().json(dialect().ident(name), c)} as v`)).map(({ v }) => v);
        };
        expect(await json("i")).toEqual(["9007199254740991", '"9007199254740992"', '"-9007199254740992"', "0", null]);
        expect(await json("d")).toEqual(["123456.789", '"1234567.123456789"', "-1", '"9007199254740992"', null]);
        expect(await json("f")).toEqual(["0.1", "0.30000000000000004", "100", "0", null]);
      });

      it("builds one JSON object per row that parses back to the values", async () => {
        const values: readonly (string | null)[] = [...hard, "", null];
        const table = await texts(values);
        const d = dialect();
        const c = await column(table, "v");
        const value = d.json(d.ident("v"), c);
        const object = d.jsonObject([
          ['na"me', value],
          ["skipped", value, "skip"],
          ["constant", d.jsonLiteral({ deep: ["O'Brien", 1, null] })],
          ["nothing", d.jsonLiteral(null)],
        ]);
        const found = (await all(table, sql`${object} as v`)).map(({ v }) => JSON.parse(String(v)) as unknown);
        expect(found).toEqual(
          values.map((v) => ({
            'na"me': v,
            ...(v === null ? {} : { skipped: v }),
            constant: { deep: ["O'Brien", 1, null] },
            nothing: null,
          })),
        );
      });

      it("leaves no comma behind where every member is skipped", async () => {
        const d = dialect();
        const none = d.jsonLiteral(null);
        const object = d.jsonObject([
          ["a", none, "skip"],
          ["b", none, "skip"],
        ]);
        expect(
          await read((session) => session.query(sql`select ${object} as v, ${d.jsonObject([])} as w`, cells)),
        ).toEqual([{ v: "{}", w: "{}" }]);
      });

      it("takes a member out of a JSON object by its exact name", async () => {
        const d = dialect();
        for (const name of ["email", 'a"b', "a.b", "a/b~c", "$", "é 😀"]) {
          const object = d.jsonLiteral({ [name]: "it", other: "no" });
          const rows = await read((session) =>
            session.query(
              sql`select ${d.jsonMember(object, name)} as v, ${d.jsonMember(object, "missing")} as w`,
              cells,
            ),
          );
          expect(rows).toEqual([{ v: "it", w: null }]);
        }
      });

      it("spells text constants out for DDL", async () => {
        for (const text of hard) {
          const view = fresh();
          await write((session) =>
            session.execute([
              sql`create view ${dialect().relation(view)} as select ${dialect().textLiteral(text)} as v`,
            ]),
          );
          expect(await read((session) => session.query(sql`select v from ${dialect().relation(view)}`, cells))).toEqual(
            [{ v: text }],
          );
        }
      });

      it("knows what time it is, in UTC", async () => {
        const [row] = await read((session) =>
          session.query(sql`select ${dialect().now()} as v`, z.object({ v: z.iso.datetime() })),
        );
        expect(Math.abs(Date.parse(row?.v ?? "") - Date.now())).toBeLessThan(60_000);
      });
    });
  });
}
