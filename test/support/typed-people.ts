import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Dialect } from "../../src/warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../../src/warehouse/sql.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";

/** A JSON document in the spellings that one value may have. */
interface Doc {
  readonly spellings: readonly [plain: string, ...others: string[]];
}

/** A person with a value of every type; texts of numbers and times, so that nothing is bent on its way to an engine. */
export interface TypedPerson {
  readonly id: string | null;
  readonly email: string;
  readonly name: string | null;
  readonly big: string | null;
  readonly amount: string | null;
  /** Of a float, NaN and infinities among them. */
  readonly score: string | null;
  readonly vip: boolean | null;
  readonly day: string | null;
  /** No zone. */
  readonly local: string | null;
  /** With an offset. */
  readonly instant: string | null;
  readonly doc: Doc | null;
  /** Which of the spellings. */
  readonly spelling: number;
  readonly tags: readonly string[];
  readonly ids: readonly string[];
  /** Hexadecimal. */
  readonly raw: string | null;
}

type Typed = Exclude<keyof TypedPerson, "id" | "email" | "spelling">;

export const typedColumns = [
  "name",
  "big",
  "amount",
  "score",
  "vip",
  "day",
  "local",
  "instant",
  "doc",
  "tags",
  "ids",
  "raw",
] as const satisfies readonly Typed[];

/** Stands for a text of a megabyte, which an engine makes itself. */
const megabyte = "1 MB";
const repeated = "é😀 lorem";

const doc = (...spellings: readonly [string, ...string[]]): Doc => ({ spellings });
/** What people hold as long as nothing else is drawn: each may be spelled anew in every step, and is the same. */
const respelled = [
  doc('{"a":[1,2.5,null,"x"],"b":{"c":true}}', '{ "b": {"c": true},\n "a": [1, 2.50, null, "x"] }'),
  doc('{"a":10,"bb":1,"é":"😀"}', '{"é": "\\ud83d\\ude00", "bb": 1.0, "a": 1e1}'),
  doc('{"id":12345678901234567}', '{ "id" : 12345678901234567 }'),
] as const;
const of = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Few of each, so that many rows stay as they were from one step to the next. */
const values = {
  name: of<string | null>("Ann", "O'Brien 😀", "", "12.50", 'a"b\\c', "👩‍👩‍👧‍👦 é vs e\u0301\n\ttab", megabyte, null),
  big: of<string | null>(
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740993",
    "9007199254740991",
    "0",
    null,
  ),
  amount: of<string | null>(
    "12345678901234567890123456789.123456789",
    "-0.000000001",
    "0.1",
    "100.000000000",
    "9007199254740993",
    null,
  ),
  score: of<string | null>("NaN", "Infinity", "-Infinity", "0.30000000000000004", "1e22", "-1.5", "100", "1e-7", null),
  vip: of<boolean | null>(true, false, null),
  day: of<string | null>("0001-01-01", "9999-12-31", "1969-12-31", "2024-02-29", null),
  local: of<string | null>(
    "0001-01-01 00:00:00.000001",
    "9999-12-31 23:59:59.999999",
    "2024-03-31 02:30:00.120000",
    "1969-12-31 23:59:59",
    null,
  ),
  instant: of<string | null>(
    "0001-01-02 00:00:00.000001+00:00",
    "9999-12-30 23:59:59.999999-01:00",
    "2024-03-31 02:30:00.123456+05:30",
    "2024-10-27 02:30:00+02:00",
    null,
  ),
  doc: of<Doc | null>(...respelled, doc("9007199254740993"), doc('""'), doc("[]", " [ ] "), doc("{}"), null),
  tags: of<readonly string[]>([], ["a"], ["a", "b,c", 'd"e', "é😀", ""], ["b,c", "a"]),
  ids: of<readonly string[]>([], ["1"], ["9223372036854775807", "-1"]),
  raw: of<string | null>("", "00", "000102ff", null),
};

/** Few e-mails, so that they meet; a place of the model mostly keeps its own key, so that people have a past. */
const drawn = fc.record({
  id: fc.constantFrom("own", "own", "own", "own", "own", "own", "1", null),
  email: fc.constantFrom("own", "own", "own", "own", "a@x", "b@x", "B@x", ""),
  spelling: fc.nat(1),
  /** Most people stay what their place makes them, or differ from it in one or two values. */
  changed: fc.oneof(
    fc.constant<Typed[]>([]),
    fc.uniqueArray(fc.constantFrom(...typedColumns), { minLength: 1, maxLength: 2 }),
  ),
  values: fc.record(values),
});

/** People at `places` of a model, and what stands there as long as nothing else is drawn. */
export const typedPeople = (places: number): fc.Arbitrary<readonly TypedPerson[]> => {
  const base = fc
    .sample(fc.record(values), { numRuns: places, seed: places })
    .map((values, at) => ({ ...values, doc: respelled[at % respelled.length] ?? null }));
  return fc
    .array(fc.option(drawn, { freq: 6 }), { minLength: places, maxLength: places })
    .map((found) => found.flatMap((person, at) => (person === null ? [] : [personAt(person, at, base[at])])));
};

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function personAt({ id, email, spelling, changed, values }: Drawn, at: number, base = values): TypedPerson {
  const now = Object.fromEntries(changed.map((name) => [name, values[name]])) as Partial<typeof values>;
  return {
    ...base,
    ...now,
    spelling,
    id: id === "own" ? `${at}ä` : id,
    email: email === "own" ? `${at}@x` : email,
  };
}

type Writers = { readonly [column in Typed]: string } & {
  readonly text: string;
  /** A value of the column, as the engine's SQL writes it; what is left out is a cast of its text. */
  readonly write: { readonly [column in Typed]?: (person: TypedPerson, text: (value: string) => Sql) => Sql };
};

const listed = (items: readonly Sql[]): Sql => join(items);
const spelled = ({ doc: found, spelling }: TypedPerson): string =>
  found?.spellings[spelling] ?? found?.spellings[0] ?? "";

/** Each engine's natural column type for each. */
const writers: { readonly [engine: string]: Writers } = {
  duckdb: {
    text: "varchar",
    name: "varchar",
    big: "bigint",
    amount: "decimal(38,9)",
    score: "double",
    vip: "boolean",
    day: "date",
    local: "timestamp",
    instant: "timestamptz",
    doc: "json",
    tags: "varchar[]",
    ids: "bigint[]",
    raw: "blob",
    write: {
      tags: ({ tags }, text) => sql`cast([${listed(tags.map(text))}] as varchar[])`,
      ids: ({ ids }) => sql`cast([${listed(ids.map((id) => raw(id)))}] as bigint[])`,
      raw: (person, text) => sql`unhex(${text(person.raw ?? "")})`,
    },
  },
  postgres: {
    text: "text",
    name: "text",
    big: "bigint",
    amount: "numeric(38,9)",
    score: "double precision",
    vip: "boolean",
    day: "date",
    local: "timestamp",
    instant: "timestamptz",
    doc: "json",
    tags: "text[]",
    ids: "bigint[]",
    raw: "bytea",
    write: {
      tags: ({ tags }, text) => sql`cast(array[${listed(tags.map(text))}] as text[])`,
      ids: ({ ids }) => sql`cast(array[${listed(ids.map((id) => raw(id)))}] as bigint[])`,
      raw: (person, text) => sql`decode(${text(person.raw ?? "")}, 'hex')`,
    },
  },
  snowflake: {
    text: "varchar",
    name: "varchar",
    big: "number(38,0)",
    amount: "number(38,9)",
    score: "double",
    vip: "boolean",
    day: "date",
    local: "timestamp_ntz",
    instant: "timestamp_tz",
    doc: "variant",
    tags: "array",
    ids: "array",
    raw: "binary",
    write: {
      // The stand-in keeps a VARIANT as the text that was parsed, Snowflake the value: it has no other spellings to try.
      doc: ({ doc: found }, text) => sql`parse_json(${text(found?.spellings[0] ?? "")})`,
      tags: ({ tags }, text) => sql`cast(parse_json(${text(JSON.stringify(tags))}) as array)`,
      ids: ({ ids }, text) => sql`cast(parse_json(${text(`[${ids.join(",")}]`)}) as array)`,
      raw: (person, text) => sql`to_binary(${text(person.raw ?? "")}, 'hex')`,
    },
  },
  bigquery: {
    text: "string",
    name: "string",
    big: "int64",
    amount: "numeric",
    score: "float64",
    vip: "bool",
    day: "date",
    local: "datetime",
    instant: "timestamp",
    doc: "json",
    tags: "array<string>",
    ids: "array<int64>",
    raw: "bytes",
    write: {
      // As Snowflake's.
      doc: ({ doc: found }, text) => sql`parse_json(${text(found?.spellings[0] ?? "")})`,
      tags: ({ tags }, text) => sql`array<string>[${listed(tags.map(text))}]`,
      ids: ({ ids }) => sql`array<int64>[${listed(ids.map((id) => raw(id)))}]`,
      raw: (person, text) => sql`from_hex(${text(person.raw ?? "")})`,
    },
  },
};

/** Is `now` the same person as before, with a document that is only spelled differently? */
export const onlyRespelled = (before: TypedPerson, now: TypedPerson): boolean =>
  spelled(before) !== spelled(now) && isDeepStrictEqual({ ...before, spelling: now.spelling }, now);

/** For the BigQuery emulator, in whose expressions NaN is NULL and which casts no infinity. */
export const withFiniteScore = (person: TypedPerson): TypedPerson =>
  ["NaN", "Infinity", "-Infinity"].includes(person.score ?? "") ? { ...person, score: "7.25" } : person;

/** Replaces `analytics.people` by these, each column in the engine's natural type. */
export async function writePeople(warehouse: Warehouse, people: readonly TypedPerson[]): Promise<void> {
  const { dialect } = warehouse;
  const engine = writers[dialect.name];
  if (engine === undefined) throw new Error(`no column types for ${dialect.name}`);
  const definitions = typedColumns.map((name) => sql`${dialect.ident(name)} ${raw(engine[name])}`);
  const text = raw(engine.text);
  const rows = people.map((person) => sql`select ${join(cellsOf(dialect, engine, person))}`);
  await warehouse.session("write", (session) =>
    session.execute([
      raw("drop table if exists analytics.people"),
      sql`create table analytics.people (id ${text}, email ${text}, ${join(definitions)})`,
      ...(rows.length === 0 ? [] : [sql`insert into analytics.people ${join(rows, " union all ")}`]),
    ]),
  );
}

function cellsOf(dialect: Dialect, engine: Writers, person: TypedPerson): Sql[] {
  const literal = (value: string): Sql =>
    value === megabyte
      ? sql`repeat(${dialect.textLiteral(repeated)}, ${raw(String(Math.ceil(2 ** 20 / Buffer.byteLength(repeated))))})`
      : dialect.textLiteral(value);
  const cast = (value: Sql, type: string): Sql => sql`cast(${value} as ${raw(type)})`;
  const cell = (name: Typed): Sql => {
    const value = person[name];
    const write = engine.write[name];
    if (value === null) return cast(raw("null"), engine[name]);
    if (write !== undefined) return write(person, literal);
    if (name === "doc") return cast(literal(spelled(person)), engine.doc);
    return cast(typeof value === "boolean" ? raw(String(value)) : literal(String(value)), engine[name]);
  };
  const key = person.id === null ? cast(raw("null"), engine.text) : cast(literal(person.id), engine.text);
  return [key, cast(literal(person.email), engine.text), ...typedColumns.map(cell)];
}
