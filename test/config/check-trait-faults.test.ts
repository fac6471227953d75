import { describe, expect, it } from "vitest";
import { sqlTextFault } from "../../src/config/sql-text.ts";
import { checkLines, type FaultCase } from "./faulty.ts";
import { type Files, soundProject } from "./temp-project.ts";

const T = "traits/orders.yml";
const traits = `traits:
  from: orders
  profile: { user_id: customer_id }
  at: ordered_at
  bought: { count: "*" }
  spent: { sum: revenue }
  city: { last: city, as: text }
  first_on: { min: ordered_at, as: date }
  regular: { expression: "bought > 3", as: boolean }
`;
const sound: Files = { ...soundProject, "sql/models/orders.sql": "select 1 as order_id\n", [T]: traits };
/** Lines 10 and so on of the file. */
const traited = (...lines: string[]): Files => ({
  ...sound,
  [T]: `${traits}${lines.map((line) => `  ${line}\n`).join("")}`,
});
const library = (text: string): Files => traited(`library: { value: revenue, ${text} }`);

const cases: readonly FaultCase[] = [
  [
    "a trait that needs itself",
    traited("each: { ratio: [each, bought] }"),
    [`${T}:10: the traits need each other: each → each — compute one of them from other traits`],
  ],
  [
    "traits that need each other, in an expression by other letters",
    traited('a: { expression: "B + 1" }', "b: { score: { of: c } }", "c: { ratio: [a, bought] }"),
    [`${T}:12: the traits need each other: a → b → c → a — compute one of them from other traits`],
  ],
  [
    "a quotient of text",
    traited("x: { ratio: [city, bought] }"),
    [`${T}:10: ratio divides numbers, and city is text — name a trait that is a number`],
  ],
  [
    "a quotient of days and of truth values",
    traited("x: { ratio: [first_on, regular] }"),
    [
      `${T}:10: ratio divides numbers, and first_on is a date — name a trait that is a number`,
      `${T}:10: ratio divides numbers, and regular is true or false — name a trait that is a number`,
    ],
  ],
  [
    "a score of text",
    traited("x: { score: { of: city } }"),
    [`${T}:10: score ranks numbers and days, and city is text — name a trait that is a number or a day`],
  ],
  [
    "a number that is to be something else",
    traited(
      'x: { count: "*", as: text }',
      "y: { median_gap: ordered_at, as: boolean }",
      "z: { sum: revenue, as: date }",
    ),
    [
      `${T}:10: count is a number, and cannot be text — leave \`as\` out`,
      `${T}:11: median_gap is a number, and cannot be true or false — leave \`as\` out`,
      `${T}:12: a sum is a number, and cannot be a date — leave \`as\` out`,
    ],
  ],
  [
    "a default of another type",
    traited(
      "v: { sum: revenue, default: none }",
      "w: { last: city, as: text, default: 5 }",
      "x: { min: ordered_at, as: date, default: 2026-02-31 }",
      'y: { expression: "bought > 1", as: boolean, default: "no" }',
      "z: { min: ordered_at, as: timestamp, default: long ago }",
    ),
    [
      `${T}:10: v is a number, and its default "none" is none — write a number, such as 0`,
      `${T}:11: w is text, and its default 5 is none — write it in quotes: "5"`,
      `${T}:12: x is a date, and its default "2026-02-31" is none — write a day, such as 2026-03-01`,
      `${T}:13: y is true or false, and its default "no" is none — write true or false, without quotes`,
      `${T}:14: z is a timestamp, and its default "long ago" is none — write a day or an instant, such as 2026-03-01 12:00:00`,
    ],
  ],
  [
    "a name that is SQL's",
    traited('order: { count: "*" }'),
    [`${T}:10: "order" is a word of SQL — give the trait another name`],
  ],
  [
    "SQL that would change the query around it",
    traited('x: { sql: "sum(records.revenue)) as y, (1" }', 'z: { expression: "spent -- in euros" }'),
    [
      `${T}:10: the SQL of x cannot stand in a query: it closes a bracket that it did not open — leave it out, or open it`,
      `${T}:11: the SQL of z cannot stand in a query: it ends in a comment, which what follows would belong to — write it as /* … */, or leave it out`,
    ],
  ],
  [
    "a trait of the library without those it is computed from",
    library("only: [order_count, frequency_score, rfm_score]"),
    [`${T}:10: rfm_score is computed from recency_score, monetary_score — add what is missing to \`only\``],
  ],
  [
    "a preference of the library without its column",
    library("only: [preferred_product]"),
    [`${T}:10: preferred_product needs the column of the product — add \`product: COLUMN\` to the library`],
  ],
  [
    "files whose models would have one name",
    {
      ...sound,
      "traits/big-orders.yml": traits.replace(/bought|spent|city|first_on|regular/g, "a_$&"),
      "traits/big_orders.yml": traits.replace(/bought|spent|city|first_on|regular/g, "b_$&"),
    },
    [
      "traits/big_orders.yml:1: traits/big-orders.yml has this file's name, and their models would share one — rename one of the files",
    ],
  ],
  [
    "a file whose model's name is too long",
    { ...soundProject, "sql/models/orders.sql": "select 1 as order_id\n", [`traits/${"x".repeat(56)}.yml`]: traits },
    [
      `traits/${"x".repeat(56)}.yml:1: the model of this file would be named traits__${"x".repeat(56)}, and an engine ends at 63 characters — give the file a shorter name`,
    ],
  ],
];

describe("check of traits", () => {
  it.each(cases)("names place, fault and mend of %s", (_name, files, lines) => {
    expect(checkLines(files)).toEqual(lines);
  });

  it("finds nothing wrong with sound ones", () => {
    const lines = [
      "ranked: { score: { of: first_on } }",
      "since: { min: ordered_at, as: timestamp, default: 2026-03-01 12:00:00 }",
      "began_on: { min: ordered_at, as: date, default: 2026-03-01 }",
      "town: { last: city, as: text, default: unknown }",
      'paid: { sum: revenue, as: text, default: "0" }',
      // Own names in an expression may be functions and words of SQL.
      'year: { expression: "extract(year from first_on)", as: number }',
      'floor: { expression: "floor(year / 2)", as: number }',
      'ceiling: { expression: "floor(spent)", as: number }',
      "library: { value: revenue, only: [order_count, lifetime_value, average_order_value] }",
    ];
    expect(checkLines(traited(...lines))).toEqual([]);
  });
});

describe("sqlTextFault", () => {
  it.each([
    "sum(case when records.kind = 'a (b' then 1 end)",
    "spent -- in euros\n + 1",
    "'it''s; fine'",
    "'it\\'s a backslash of BigQuery'",
    "name = '\\'",
    '"a column (of, mine" + 1',
    "{{ my_macro('(') }} + 1",
    "spent /* ; ) */",
  ])("lets %j stand", (text) => {
    expect(sqlTextFault(text)).toBeUndefined();
  });

  it.each([
    ["   ", "it is empty"],
    ["spent + (1", "a bracket is open"],
    ["spent) + (1", "it closes a bracket that it did not open"],
    ["spent || 'x", "a quote is open"],
    ["1; drop table x", "it is more than one expression"],
    ["{{ spent", "a brace of dbt's is open"],
    ["spent -- why", "it ends in a comment, which what follows would belong to"],
  ])("refuses %j", (text, message) => {
    expect(sqlTextFault(text)?.message).toBe(message);
  });
});
