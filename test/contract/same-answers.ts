import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Column } from "../../src/core/relation.ts";
import type { RowFate } from "../../src/core/result.ts";
import type { FieldRule, FieldType, Mode, SyncConfig } from "../../src/core/sync.ts";
import type { Row } from "../../src/core/value.ts";
import { syncTables } from "../../src/state/names.ts";
import { join, sql } from "../../src/warehouse/sql.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import { changeSet, refusalSet } from "../support/change-set.ts";
import { LedgerLab, listTarget } from "../support/ledger-lab.ts";
import { aSync, column } from "../support/sync.ts";

export interface SameAnswers {
  /** The engine that is held against DuckDB. */
  readonly name: string;
  /** Puts the labs that this test file opens from now on onto it: see lab-engine.ts. */
  readonly labs: () => void;
  /** How many histories, and sets of rows, are drawn; stand-ins that are slow take fewer. Default 12. */
  readonly runs?: number;
  /** Why histories are played by hand only (MILLRACE_HISTORIES=n). */
  readonly historiesByHand?: string;
}

const cells = z.record(z.string(), z.unknown());

/** Without -0 and the far ends, which no payload can tell apart or hold. */
const float = fc.oneof(
  fc.constantFrom(0, 1, -1.5, 1e15, 123456789.125, 4503599627370495.5, 1e16, 1e22, 1e-5, 0.1 + 0.2, 1 / 3),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e18, max: 1e18 }).map((n) => (Math.abs(n) < 1e-9 ? 0 : n)),
);
/** Without what only DuckDB's lenient reader takes for JSON, such as `[1,]` and `nan`. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "a",
    "12.50",
    "1e3",
    " 7 ",
    "yes",
    "0",
    "2024-02-29",
    "2023-02-29",
    "2024-01-02T03:04:05.5+02:00",
  ),
  fc.constantFrom(
    "2024-01-02 03:04:05,1234567",
    "{}",
    '{"a": [1, null]}',
    "1_000",
    "O'Brien",
    "é 😀",
    'a"b\\c\n',
    "1e30",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }).map((made) => made.replaceAll("\u0000", "")),
);
const digits = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
const row = fc.record({
  t: fc.option(text, { freq: 8 }),
  i: fc.option(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -9n, max: 9n })).map(String),
    { freq: 8 },
  ),
  d: fc.option(
    fc.tuple(digits, fc.nat(999_999_999)).map(([whole, part]) => `${whole}.${String(part).padStart(9, "0")}`),
    { freq: 8 },
  ),
  f: fc.option(float, { freq: 8 }),
  b: fc.option(fc.boolean(), { freq: 8 }),
  day: fc.option(
    fc
      .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
      .map((at) => at.toISOString().slice(0, 10)),
    { freq: 8 },
  ),
  at: fc.option(
    fc
      .tuple(fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), fc.nat(999))
      .map(([at, micros]) => at.toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`)),
    { freq: 8 },
  ),
});
const columns: readonly Column[] = [
  { name: "t", type: "text" },
  { name: "i", type: "int" },
  { name: "d", type: "decimal" },
  { name: "f", type: "float" },
  { name: "b", type: "bool" },
  { name: "day", type: "date" },
  { name: "at", type: "timestamp" },
];
const fieldTypes: readonly FieldType[] = ["text", "number", "integer", "boolean", "date", "datetime", "json"];

/**
 * The same rows and the same random histories of changes, plans and fates on DuckDB and on another engine: every text, cast,
 * payload, count, refusal and ledger row must be equal. Each engine's folder calls it in a line.
 */
export function sameAnswersAsDuckDb({ name, labs: labsOn, runs: drawn = 12, historiesByHand }: SameAnswers): void {
  const runs = Number(process.env.MILLRACE_HISTORIES ?? drawn);
  describe(`DuckDB and ${name} give the same`, () => {
    const labs: LedgerLab[] = [];
    const openLab = async () => {
      labs.push(await LedgerLab.open());
    };
    // One lab before the engine changes, one after.
    beforeAll(openLab);
    labsOn();
    beforeAll(openLab);
    afterAll(async () => {
      for (const lab of labs) await lab.close();
    });

    /** Text, JSON, every cast, every rounding and the stable fingerprint of each row. */
    async function answers(warehouse: Warehouse, rows: readonly Row[]): Promise<readonly unknown[]> {
      return warehouse.session("write", async (session) => {
        const { dialect } = session;
        const all: readonly Column[] = [{ name: "n", type: "int" }, ...columns];
        const table = { schema: "same", name: "rows" };
        const definitions = join(all.map(({ name, type }) => sql`${dialect.ident(name)} ${dialect.typeName(type)}`));
        await session.execute([
          dialect.createSchema("same"),
          sql`drop table if exists ${dialect.relation(table)}`,
          sql`create table ${dialect.relation(table)} (${definitions})`,
        ]);
        await session.load(table, all, [rows.map((values, n) => ({ n, ...values }))]);
        const described = (await session.describe(table)) ?? [];
        const outputs = described.slice(1).flatMap((found) => {
          const x = dialect.ident(found.name);
          const number = dialect.tryCast(x, found, "number");
          return [
            sql`${dialect.text(x, found)} as ${dialect.ident(`${found.name} text`)}`,
            sql`${dialect.json(x, found)} as ${dialect.ident(`${found.name} json`)}`,
            ...fieldTypes.map(
              (type) =>
                sql`${dialect.json(dialect.tryCast(x, found, type), { type })} as ${dialect.ident(`${found.name} as ${type}`)}`,
            ),
            ...[0, 2].map(
              (digits) =>
                sql`${dialect.json(dialect.round(number, found, digits), { type: "number" })} as ${dialect.ident(`${found.name} rounded ${digits}`)}`,
            ),
          ];
        });
        const texts = described.slice(1).map((found) => dialect.text(dialect.ident(found.name), found));
        const answer = await session.query(
          sql`select ${join(outputs)}, ${dialect.stableFingerprint(texts, "s")} as stable from ${dialect.relation(table)} order by n`,
          cells,
        );
        // A text is JSON-escaped by each engine in its own way; what it says is the same.
        return answer.map((found) =>
          Object.fromEntries(
            Object.entries(found).map(([name, value]) => [
              name,
              name.includes("json") || name.endsWith("as text") ? said(value) : value,
            ]),
          ),
        );
      });
    }

    const said = (value: unknown): unknown => (typeof value === "string" ? (JSON.parse(value) as unknown) : value);

    test("texts, JSON, casts, rounding and stable fingerprints of any row", { timeout: 300_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 80 }), async (rows) => {
          const [duckDb, other] = await Promise.all(labs.map((lab) => answers(lab.warehouse, rows)));
          expect(other).toEqual(duckDb);
        }),
        { numRuns: runs },
      );
    });

    const rule = (from: string, type?: FieldType, round?: number): FieldRule => ({
      source: { from: "column", column: from, ...(type && { type }), ...(round !== undefined && { round }) },
      nulls: "write",
      onlyIfEmpty: false,
    });
    const person = fc.record({
      id: fc.constantFrom("k1", "k2", "k3", "k4", "k5", "K1", "ä", null),
      email: fc.constantFrom("a@x", "b@x", "c@x", "B@x", "", null),
      values: row,
    });
    const fates: readonly RowFate[] = [
      { status: "delivered" },
      { status: "delivered", externalId: "x1" },
      { status: "accepted" },
      { status: "rejected", code: "NO", message: "no" },
      { status: "retry", code: "LATER", message: "later" },
    ];
    const history = fc.record({
      mode: fc.constantFrom<Mode>("mirror", "mirror", "upsert", "insert", "update", "append", "remove"),
      moves: fc.boolean(),
      steps: fc.array(
        fc.record({
          people: fc.array(person, { maxLength: 7 }),
          fates: fc.array(fc.nat(fates.length - 1), { minLength: 3, maxLength: 3 }),
        }),
        { minLength: 2, maxLength: 5 },
      ),
    });

    type Drawn = typeof history extends fc.Arbitrary<infer T> ? T : never;

    async function model(lab: LedgerLab, people: readonly { id: string | null; email: string | null; values: Row }[]) {
      await lab.warehouse.session("write", async (session) => {
        const { dialect } = session;
        const all: readonly Column[] = [{ name: "id", type: "text" }, { name: "email", type: "text" }, ...columns];
        const table = { schema: "analytics", name: "typed" };
        await session.execute([
          sql`drop table if exists ${dialect.relation(table)}`,
          sql`create table ${dialect.relation(table)} (${join(all.map(({ name, type }) => sql`${dialect.ident(name)} ${dialect.typeName(type)}`))})`,
        ]);
        await session.load(table, all, [people.map(({ id, email, values }) => ({ id, email, ...values }))]);
      });
    }

    let made = 0;
    async function play(lab: LedgerLab, sync: SyncConfig, { moves, steps }: Drawn) {
      const seen: unknown[] = [];
      const own = syncTables("millrace", sync.name, lab.warehouse.dialect.traits.maxIdentifier);
      for (const { people, fates: drawn } of steps) {
        await model(lab, people);
        const planned = await lab.plan(sync, { target: { ...listTarget, movesMatch: moves } });
        seen.push(changeSet(planned.changes), planned.plan.counts, refusalSet(planned.refusals));
        // By key, because the numbers of the changes are not the same.
        await lab.settle(
          sync,
          planned,
          ({ key, op }) =>
            fates[drawn[(key.length + op.length + (key.codePointAt(0) ?? 0)) % 3] ?? 0] ?? { status: "delivered" },
        );
        const ledger = await lab.warehouse.session("read", (session) =>
          session.query(
            sql`select key, identifiers, state, external_id, stable_fp from ${session.dialect.relation(own.ledger)}`,
            cells,
          ),
        );
        seen.push(ledger.map((held) => JSON.stringify(held)).toSorted());
      }
      return seen;
    }

    test("plans, payloads, counts, refusals and ledgers", { timeout: 600_000 }, async (context) => {
      if (historiesByHand !== undefined && process.env.MILLRACE_HISTORIES === undefined) context.skip(historiesByHand);
      await fc.assert(
        fc.asyncProperty(history, async (drawn) => {
          made += 1;
          const sync = aSync({
            name: `typed${made}`,
            source: { kind: "table", name: "analytics.typed" },
            mode: drawn.mode,
            fields: {
              text: column("t"),
              big: column("i"),
              decimal: column("d"),
              float: column("f"),
              flag: column("b"),
              day: column("day"),
              at: column("at"),
              number: rule("t", "number"),
              rounded: rule("f", "number", 2),
              when: rule("at", "date"),
            },
          });
          const [duckDb, other] = await Promise.all(labs.map((lab) => play(lab, sync, drawn)));
          expect(other).toEqual(duckDb);
        }),
        { numRuns: runs },
      );
    });
  });
}
