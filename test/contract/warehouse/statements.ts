import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ColumnMissing, RelationMissing, WarehouseFailed } from "../../../src/core/errors.ts";
import { atomic } from "../../../src/warehouse/script.ts";
import { type Sql, sql } from "../../../src/warehouse/sql.ts";
import { type Bench, cells, N } from "./bench.ts";

export function statementsContract(bench: () => Bench): void {
  describe("statements", () => {
    it("counts what it asks of the engine: a script once, a load once, a transaction's begin with its first statement", async () => {
      const table = bench().fresh();
      const name = bench().dialect.relation(table);
      await bench().write(async (session) => {
        await session.execute([bench().create(table, [N])]);
        expect(session.statements).toBe(1);
        await session.transaction(() => session.execute([sql`insert into ${name} values (1)`]));
        const kept = bench().contract.keepsWritesBack === true ? 1 : 0;
        expect(session.statements).toBe(3 - kept);
        await session.query(sql`select 1 as one`, cells);
        await session.execute([sql`insert into ${name} values (2)`, sql`insert into ${name} values (3)`]);
        await session.script([sql`delete from ${name} where true`, sql`select count(*) as n from ${name}`], cells);
        expect(session.statements).toBe(6 - kept);
        await session.load(table, [N], [[{ n: 4 }]]);
        expect(session.statements).toBe(7 - kept);
        await session.execute([]);
        await session.transaction(async () => undefined);
        expect(session.statements).toBe(7 - kept);
      });
    });

    it("answers a script with the rows of its last statement, and binds the values of each", async () => {
      const table = bench().fresh();
      const name = bench().dialect.relation(table);
      const text = bench().dialect.typeName("text");
      const value = "it's a ? and a; \\ begin";
      const rows = await bench().write((session) =>
        session.script(
          [
            bench().create(table, [N, { name: "t", type: "text" }]),
            sql`insert into ${name} values (${1}, cast(${value} as ${text})), (${2}, cast(${null} as ${text}))`,
            sql`delete from ${name} where n > ${2}`,
            sql`select n, t from ${name} where n <= ${2} order by n`,
          ],
          cells,
        ),
      );
      expect(rows).toEqual([
        { n: 1, t: value },
        { n: 2, t: null },
      ]);
    });

    it("keeps all of a script's atomic part or nothing, and leaves no transaction open", async () => {
      const table = bench().fresh();
      const name = bench().dialect.relation(table);
      const missing = bench().dialect.relation(bench().fresh("gone"));
      await bench().write(async (session) => {
        await session.execute([bench().create(table, [N])]);
        const failing = atomic([sql`insert into ${name} values (1)`, sql`insert into ${missing} values (1)`]);
        await expect(session.execute(failing)).rejects.toBeInstanceOf(RelationMissing);
        await expect(session.script([...failing, sql`select 1 as one`], cells)).rejects.toBeInstanceOf(RelationMissing);
        await session.execute(atomic([sql`insert into ${name} values (2)`, sql`insert into ${name} values (3)`]));
        expect(await session.script([...atomic([]), sql`select count(*) as n from ${name}`], cells)).toEqual([
          { n: 2 },
        ]);
      });
      expect(await bench().all(table)).toEqual([{ n: 2 }, { n: 3 }]);
    });

    it("undoes all of a failed transaction and keeps all of a finished one", async () => {
      const table = bench().fresh();
      const name = bench().dialect.relation(table);
      await bench().write(async (session) => {
        await session.execute([bench().create(table, [N])]);
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
      expect(await bench().all(table)).toEqual([{ n: 3 }, { n: 4 }]);
    });

    it("undoes a transaction whose statement fails, and goes on", async () => {
      const table = bench().fresh();
      const name = bench().dialect.relation(table);
      await bench().write(async (session) => {
        await session.execute([bench().create(table, [N])]);
        await expect(
          session.transaction(() =>
            session.execute([
              sql`insert into ${name} values (1)`,
              sql`select * from ${bench().dialect.relation(bench().fresh("gone"))}`,
            ]),
          ),
        ).rejects.toBeInstanceOf(RelationMissing);
        await session.execute([sql`insert into ${name} values (2)`]);
      });
      expect(await bench().all(table)).toEqual([{ n: 2 }]);
    });

    it("refuses a transaction inside a transaction", async () => {
      await bench().write(async (session) => {
        await expect(session.transaction(() => session.transaction(async () => undefined))).rejects.toThrow(/nest/);
      });
    });

    it("refuses an answer of another shape without showing it", async () => {
      const wrong = bench().read((session) =>
        session.query(sql`select 'ann@example.com' as n`, z.object({ n: z.number() })),
      );
      await expect(wrong).rejects.toThrow(/n: invalid_type/);
      await expect(wrong).rejects.not.toThrow(/ann@/);
    });

    it("makes temporary tables for one session", async () => {
      const temporary = bench().dialect.temporary("staged");
      await bench().write(async (session) => {
        await session.execute([
          sql`create temporary table ${bench().dialect.ident("staged")} (n ${bench().dialect.typeName("int")})`,
        ]);
        expect(await session.load(temporary, [N], [[{ n: 1 }, { n: 2 }]])).toBe(2);
        const rows = await session.query(sql`select count(*) as n from ${bench().dialect.ident("staged")}`, cells);
        expect(rows).toEqual([{ n: 2 }]);
      });
      await expect(
        bench().read((session) => session.query(sql`select * from ${bench().dialect.ident("staged")}`, cells)),
      ).rejects.toBeInstanceOf(RelationMissing);
    });
  });

  describe("errors", () => {
    const failure = async (statement: Sql): Promise<unknown> => {
      try {
        await bench().write((session) => session.execute([statement]));
      } catch (error) {
        return error;
      }
      throw new Error("did not fail");
    };

    it("names a missing relation", async () => {
      const error = await failure(sql`select * from ${bench().dialect.relation(bench().fresh("not_there"))}`);
      expect(error).toBeInstanceOf(RelationMissing);
      expect((error as Error).message).toContain("not_there");
    });

    it("names a missing column", async () => {
      const table = bench().dialect.relation(await bench().tableOf([N], []));
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
        const error = await failure(sql`select cast(${value} as ${bench().dialect.typeName(type)})`);
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
}
