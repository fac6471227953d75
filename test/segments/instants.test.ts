import { expect, test } from "vitest";
import { withInstantsInWords } from "../../src/segments/instants.ts";
import { makeSegmentProject } from "../support/segment-project.ts";

const zone = "Europe/London";
const spans = [
  [1, "minute"],
  [26, "hour"],
  [1, "day"],
  [3, "week"],
  [13, "month"],
  [2, "year"],
] as const;

/** As compiled queries name them; a value that dbt renders stands between them. */
function query(instants: number, value = "[a-z]"): string {
  const lines = Array.from({ length: instants }, (_, i) => {
    const [count, unit] = spans[i % spans.length] ?? [1, "day"];
    return `-- number ${i}: it's late\nselect {{ millrace.ago(${count}, '${unit}', '${zone}') }} as at\nwhere {{ millrace.as_of() }} > at and {{ millrace.text_literal("${value} \\u007b\\u007b") }} = ''`;
  });
  return `${lines.join("\nunion all\n")}\n`;
}

test("a query of many instants has them in words, one of few keeps its calls", () => {
  expect(withInstantsInWords(query(24), zone)).toBe(query(24));
  const words = withInstantsInWords(query(25), zone);
  expect(words).toContain("select [26 hours ago] as at\nwhere [now] > at");
  expect(words).not.toMatch(/millrace\.(ago|as_of)\(/);
});

test("a value that reads like an instant in words stays what it is", () => {
  expect(withInstantsInWords(query(25, "[18 days ago]"), zone)).toBe(query(25, "[18 days ago]"));
  expect(withInstantsInWords(query(25, "[now]"), zone)).toBe(query(25, "[now]"));
});

test("a model named as often is looked up once, and stands in words too", () => {
  const reads = (times: number) => "from {{ ref('purchases') }}\njoin {{ ref('people') }}\n".repeat(times);
  const words = withInstantsInWords(`${query(25)}${reads(50)}from {{ ref('rare') }}\n`, zone);
  expect(words.match(/ref\('\w+'\)/g)).toEqual(["ref('purchases')", "ref('people')", "ref('rare')"]);
  expect(words.match(/from \[purchases\]\njoin \[people\]/g)).toHaveLength(50);
  expect(withInstantsInWords(`${query(25)}${reads(49)}`, zone)).not.toContain("[p");
  const alike = withInstantsInWords(`${query(25, "[people]")}${reads(50)}`, zone);
  expect(alike.match(/from \[purchases\]\njoin \{\{ ref\('people'\) \}\}/g)).toHaveLength(50);
});

test("dbt renders instants in words as it renders the calls", async () => {
  const project = await makeSegmentProject({ "sql/models/purchases.sql": "select 1 as id\n" }, zone);
  try {
    const dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 1 }, "duckdb");
    const asOf = new Date("2026-03-30T00:30:00.000Z");
    const often = query(60).replaceAll("select ", "select (select id from {{ ref('purchases') }}), ");
    const inWords = withInstantsInWords(often, zone);
    expect(inWords).toContain("from [purchases]");
    const both = `${often}${inWords}`;
    const rendered = await dbt.render(both, { asOf });
    const lines = rendered.split("\n").filter((line) => line.trim() !== "");
    const [calls, words] = [lines.slice(0, lines.length / 2), lines.slice(lines.length / 2)];
    expect(calls.join()).not.toContain("ref(");
    expect(words).toEqual(calls);
    // A day before half past one there was none, for the clocks had just changed: it is read as standard time.
    expect(calls.filter((line) => line.includes("2026-03-29 01:30:00"))).toHaveLength(10);
    expect(rendered).not.toMatch(/ago\]|\[now\]/);
  } finally {
    await project.remove();
  }
}, 120_000);
