import { describe, expect, it } from "vitest";
import { checkLines, type FaultCase } from "./faulty.ts";
import { type Files, soundProject } from "./temp-project.ts";

const events = `events:
  order_placed:
    model: orders
    key: order_id
    at: ordered_at
    profile: { user_id: customer_id }
    properties: { revenue: { column: revenue, type: number }, channel: channel }
  page_viewed: { model: orders, key: order_id, at: ordered_at, profile: { user_id: customer_id } }
`;
const traits = `traits:
  from: orders
  profile: { user_id: customer_id }
  at: ordered_at
  order_count: { count: "*" }
  first_order_on: { min: ordered_at, as: date }
  country: { last: country, as: text }
  favourite: { most_frequent: product_id }
`;

const identity = `identity:
  namespaces: { user_id: { priority: 1 }, email: { priority: 2 } }
  sources: { shop: { model: orders, key: order_id, identifiers: { user_id: customer_id, email: email } } }
`;

const sound: Files = {
  ...soundProject,
  "sql/models/orders.sql": "select 1 as order_id\n",
  "events/shop.yml": events,
  "traits/orders.yml": traits,
};
const S = "segments/s.yml";
const E = "events/shop.yml";
const T = "traits/orders.yml";
const rules = (where: string): Files => ({ ...sound, [S]: `segment: s\nwhere:\n  all:\n    - ${where}\n` });
const traited = (line: string): Files => ({ ...sound, [T]: `${traits}  ${line}\n` });
const shaped = (text: string): Files => ({ ...sound, [S]: text });

const cases: readonly FaultCase[] = [
  // what does not exist
  [
    "an unknown trait",
    rules("{ trait: order_cuont, gte: 1 }"),
    [`${S}:4: there is no trait "order_cuont" — did you mean "order_count"?`],
  ],
  [
    "an unknown trait on the other side",
    rules("{ trait: order_count, gt: { trait: x } }"),
    [`${S}:4: there is no trait "x" — traits: order_count, first_order_on, country, favourite`],
  ],
  [
    "an unknown event",
    rules("{ did: order_place }"),
    [`${S}:4: there is no event "order_place" — did you mean "order_placed"?`],
  ],
  [
    "an unknown event in a sequence",
    rules("{ sequence: [{ did: order_placed }, { did: page_view }] }"),
    [`${S}:4: there is no event "page_view" — did you mean "page_viewed"?`],
  ],
  [
    "an unknown property",
    rules("{ did: order_placed, where: { revnue: 5 } }"),
    [`${S}:4: the event order_placed has no property "revnue" — did you mean "revenue"?`],
  ],
  ["an unknown segment", rules("{ segment: staf }"), [`${S}:4: there is no segment "staf" — segments: s`]],
  ["an unknown key", rules("{ trait: order_count, gtee: 1 }"), [`${S}:4: unknown key "gtee" — did you mean "gte"?`]],
  [
    "a trait of an unknown trait",
    traited("r: { ratio: [order_count, lifetime] }"),
    [`${T}:9: there is no trait "lifetime" — traits: order_count, first_order_on, country, favourite, r`],
  ],
  // types
  [
    "a number held against text",
    rules('{ trait: order_count, gt: "abc" }'),
    [`${S}:4: order_count is a number, and "abc" is text — write a number, such as 5`],
  ],
  [
    "a number in quotes",
    rules('{ trait: order_count, gt: "5" }'),
    [`${S}:4: order_count is a number, and "5" is text — write 5 without quotes`],
  ],
  [
    "text held against a number",
    rules("{ trait: country, in: [France, 5] }"),
    [`${S}:4: country is text, and 5 is a number — quote it: "5", or give the trait a type if it is none`],
  ],
  [
    "a date held against a word",
    rules("{ trait: first_order_on, before: soon }"),
    [
      `${S}:4: "soon" is no day and no time ago — write a day (2026-03-01), or a time ago: today, yesterday, 30 days ago, 6 months ago`,
    ],
  ],
  [
    "a day that does not exist",
    rules("{ trait: first_order_on, gte: 2026-02-30 }"),
    [`${S}:4: first_order_on is a date, and "2026-02-30" is no day — write 2026-03-01, or use before, after or within`],
  ],
  [
    "a number as a time",
    rules("{ trait: order_count, within: 30 days }"),
    [`${S}:4: within is about a day or time, and order_count is a number — use eq, ne, gt, gte, lt, lte or in`],
  ],
  [
    "a pattern for a number",
    rules('{ trait: order_count, matches: "^1" }'),
    [`${S}:4: matches looks into text, and order_count is a number — use eq, ne, gt, gte, lt, lte or in`],
  ],
  [
    "an order of truth values",
    rules("{ trait: favourite, gt: true }"),
    [`${S}:4: true has no order: gt needs a number, text or day — write eq`],
  ],
  [
    "traits of two types",
    rules("{ trait: order_count, gt: { trait: country } }"),
    [`${S}:4: order_count is a number, and country is text — hold it against a value`],
  ],
  [
    "traits of two types where there is one of the same",
    { ...rules("{ trait: order_count, gt: { trait: first_order_on } }"), [T]: `${traits}  spent: { sum: revenue }\n` },
    [`${S}:4: order_count is a number, and first_order_on is a date — name one that is a number too: spent`],
  ],
  [
    "a day that is multiplied",
    {
      ...rules("{ trait: first_order_on, gt: { trait: last_order_on, times: 2 } }"),
      [T]: `${traits}  last_order_on: { max: ordered_at, as: date }\n`,
    },
    [`${S}:4: last_order_on is a date: times and plus need a number — leave them out`],
  ],
  [
    "text order of a number",
    rules("{ trait: country, gt: 5 }"),
    [`${S}:4: country is text, and 5 is a number — quote it: "5", or give the trait a type if it is none`],
  ],
  [
    "a truth value in a number's place",
    rules("{ trait: order_count, eq: true }"),
    [`${S}:4: order_count is a number, and true is true or false — write a number, such as 5`],
  ],
  [
    "a day looked into as text",
    rules('{ trait: first_order_on, starts_with: "2026" }'),
    [`${S}:4: starts_with looks into text, and first_order_on is a date — use before, after or within`],
  ],
  [
    "a property held against a trait",
    rules("{ did: order_placed, where: { revenue: { gt: { trait: order_count } } } }"),
    [`${S}:4: a property is held against constants, not against a trait — write a value`],
  ],
  [
    "a property of another type",
    rules("{ did: order_placed, where: { revenue: { gte: much } } }"),
    [`${S}:4: order_placed.revenue is a number, and "much" is text — write a number, such as 5`],
  ],
  [
    "a trait that is text here and a number there",
    { ...rules("{ trait: favourite, eq: Mug }"), "segments/t.yml": "segment: t\nwhere: { trait: favourite, gt: 5 }\n" },
    [
      `segments/t.yml:2: favourite is held against a number here and against text in ${S}:4 — mend one of them, or give the trait a type`,
    ],
  ],
  [
    "a calendar that is nobody's",
    { ...sound, "millrace.yml": `${sound["millrace.yml"]}settings: { timezone: Europe/Londn }\n` },
    [
      expect.stringMatching(
        /^millrace\.yml:\d+: "timezone": there is no time zone "Europe\/Londn" — did you mean "Europe\/London"\?$/,
      ),
    ],
  ],
  // namespaces
  [
    "an event that leads to no namespace of identity.yml",
    { ...sound, "identity.yml": identity.replaceAll("user_id", "userid"), [T]: traits.replace("user_id:", "userid:") },
    [
      `${E}:6: identity.yml has no namespace "user_id" — did you mean "userid"?`,
      `${E}:8: identity.yml has no namespace "user_id" — did you mean "userid"?`,
    ],
  ],
  [
    "traits that lead to no namespace of identity.yml",
    { ...sound, "identity.yml": identity, [T]: traits.replace("user_id:", "loyalty_card:") },
    [`${T}:3: identity.yml has no namespace "loyalty_card" — namespaces: user_id, email`],
  ],
  // shapes
  [
    "an empty any",
    shaped("segment: s\nwhere: { any: [] }\n"),
    [`${S}:2: "any" is empty: nobody would be in it — write a condition`],
  ],
  [
    "an empty all",
    shaped("segment: s\nwhere: { not: { all: [] } }\n"),
    [`${S}:2: "all" is empty: everybody would be in it — write a condition`],
  ],
  [
    "an empty list",
    rules("{ trait: country, in: [] }"),
    [`${S}:4: "in": the list is empty, so nothing would ever fit — write at least one value`],
  ],
  [
    "a condition about nothing",
    rules("{ gte: 5 }"),
    [
      `${S}:4: the condition does not say what it is about — add one of: all, any, not, trait, did, did_not, sequence, segment`,
    ],
  ],
  [
    "a condition about two things",
    rules("{ trait: order_count, gte: 1, did: order_placed }"),
    [`${S}:4: one condition names trait, did — write two conditions, joined by all or any`],
  ],
  [
    "a key that says nothing there",
    rules("{ did: order_placed, gte: 2 }"),
    [`${S}:4: gte has no meaning beside did — beside did may stand: times, within, where`],
  ],
  [
    "a trait and no comparison",
    rules("{ trait: country }"),
    [
      `${S}:4: nothing says what country must be — add one of: eq, ne, gt, gte, lt, lte, in, not_in, matches, contains, starts_with, ends_with, exists, before, after, within`,
    ],
  ],
  [
    "fewer than none",
    rules("{ did: order_placed, times: { lt: 0 } }"),
    [`${S}:4: nothing happens less than 0 times — write { eq: 0 }`],
  ],
  ["a sequence of one", rules("{ sequence: [{ did: order_placed }] }"), [`${S}:4: "sequence" must be at least 2 long`]],
  [
    "a span that is none",
    rules("{ did: order_placed, within: 1 fortnight }"),
    [
      `${S}:4: "within": "1 fortnight" is no span of time — write a whole number and a unit: 6 hours, 90 days, 4 weeks, 12 months or 1 year`,
    ],
  ],
  [
    "an expression that is none",
    rules('{ trait: country, matches: "(" }'),
    [expect.stringMatching(/^segments\/s\.yml:4: "matches": not a regular expression/)],
  ],
  [
    "an expression some engines lack",
    rules('{ trait: country, matches: "(?=x)y" }'),
    [
      `${S}:4: "matches": groups that begin with (? are not known everywhere — use what every warehouse knows: classes, groups, * + ? {n}, ^ $ and |`,
    ],
  ],
  [
    "a zero byte",
    rules('{ trait: country, eq: "a\\0b" }'),
    [`${S}:4: "eq": the text holds a zero byte, which no database keeps — leave it out`],
  ],
  [
    "a segment without rules",
    shaped("segment: s\n"),
    [
      `${S}:1: nothing says who is in the segment — give it \`where:\` with rules, or \`model:\`, a dbt model that returns profile_id`,
    ],
  ],
  [
    "a segment without a name",
    shaped("where: { did: order_placed }\n"),
    [`${S}:1: the segment has no name — add \`segment: name\``],
  ],
  [
    "a name that is SQL's",
    shaped("segment: order\nwhere: { did: order_placed }\n"),
    [`${S}:1: "segment": "order" is a word of SQL — give it another name`],
  ],
  [
    "a name of ours",
    shaped("segment: segment_sizes\nwhere: { did: order_placed }\n"),
    [
      `${S}:1: "segment_sizes" begins like the models that Millrace compiles beside the segments — give it another name`,
    ],
  ],
  [
    "a life-cycle of one stage",
    shaped("lifecycle: l\nstages: { a: { did: order_placed } }\n"),
    [`${S}:2: a life-cycle has two stages or more — add \`stages: { new: …, active: … }\``],
  ],
  // circles and doubles
  [
    "segments that need each other",
    { ...rules("{ segment: t }"), "segments/t.yml": "segment: t\nwhere: { not: { segment: s } }\n" },
    ["segments/t.yml:2: the segments need each other: s → t → s — leave one of these conditions out"],
  ],
  [
    "a segment that needs itself",
    rules("{ segment: s }"),
    [`${S}:4: the segments need each other: s → s — leave one of these conditions out`],
  ],
  [
    "two segments of one name",
    { ...rules("{ did: order_placed }"), "segments/t.yml": "segment: s\nwhere: { did: order_placed }\n" },
    [`segments/t.yml:1: the segment "s" is there already, in ${S}:1 — give one of them another name`],
  ],
  [
    "two traits of one name",
    {
      ...sound,
      "traits/more.yml": traits.replace("first_order_on", "x").replace("country:", "y:").replace("favourite", "z"),
    },
    [`${T}:5: the trait "order_count" is there already, in traits/more.yml:5 — give one of them another name`],
  ],
  // traits and events
  [
    "a trait that bears the name of a column of its table's own",
    traited("has_rows: { sum: revenue }"),
    [`${T}:9: has_rows is a column that the table of the traits has for itself — give one of them another name`],
  ],
  [
    "a history of no trait",
    traited("history: [order_cuont]"),
    [`${T}:9: the file has no trait "order_cuont" whose history could be kept — did you mean "order_count"?`],
  ],
  [
    "a history of what changes daily",
    traited("silent: { days_since: { max: ordered_at }, history: true }"),
    [
      `${T}:9: warning: silent changes every day for everybody: its history has a row per profile and day — keep the history of the day itself, e.g. { max: column, as: date }`,
    ],
  ],
  [
    "a trait computed in two ways",
    traited("x: { sum: revenue, count: order_id }"),
    [`${T}:9: the trait x is computed in 2 ways: count, sum — keep one`],
  ],
  [
    "a trait computed in no way",
    traited("x: { within: 5 days }"),
    [expect.stringMatching(/^traits\/orders\.yml:9: the trait x does not say how it is computed/)],
  ],
  [
    "a window without a time",
    {
      ...sound,
      [T]:
        traits.replace("  at: ordered_at\n", "").replace(/ {2}country.*\n/, "") +
        "  x: { sum: revenue, within: 5 days }\n",
    },
    [`${T}:7: within needs the time of a row — add \`at: column\` to the file`],
  ],
  [
    "SQL as a column",
    traited('x: { sum: "revenue); drop table orders; --" }'),
    [
      `${T}:9: "sum": "revenue); drop table orders; --" is no column's name — a column's name here is letters, digits and _; give it such a name in a dbt model`,
    ],
  ],
  [
    "SQL as a name",
    { ...sound, [E]: events.replace("page_viewed:", '"x from y":') },
    [expect.stringMatching(/^events\/shop\.yml:8: "x from y" cannot be a name/)],
  ],
  [
    "two identifiers of one event",
    { ...sound, [E]: events.replace("{ user_id: customer_id }", "{ user_id: customer_id, email: email }") },
    [
      `${E}:6: "profile": one identifier leads to the profile — write { namespace: column }, e.g. { user_id: customer_id }`,
    ],
  ],
  [
    "a model's misspelt name",
    { ...sound, [E]: events.replace("model: orders", "model: ordres") },
    [`${E}:3: there is no dbt model "ordres" — did you mean "orders"?`],
  ],
  [
    "several faults at once",
    rules('{ any: [{ trait: x, gt: 1 }, { did: y }, { trait: order_count, gt: "a" }] }'),
    [
      `${S}:4: there is no trait "x" — traits: order_count, first_order_on, country, favourite`,
      `${S}:4: there is no event "y" — events: order_placed, page_viewed`,
      `${S}:4: order_count is a number, and "a" is text — write a number, such as 5`,
    ],
  ],
];

describe("check of events, traits and segments", () => {
  it.each(cases)("names place, fault and mend of %s", (_name, files, lines) => {
    expect(checkLines(files)).toEqual(lines);
  });

  it("keeps no history of days since something where a whole file is asked for", () => {
    expect(checkLines(traited("silent: { days_since: { max: ordered_at } }\n  history: true"))).toEqual([]);
  });

  it("asks no namespace where there is no identity.yml, and finds those of one that is there", () => {
    expect(checkLines({ ...sound, [T]: traits.replace("user_id:", "loyalty_card:") })).toEqual([]);
    expect(checkLines({ ...sound, "identity.yml": identity })).toEqual([]);
  });

  it("finds nothing wrong with sound ones", () => {
    expect(
      checkLines(rules("{ any: [{ trait: favourite, exists: true }, { did_not: page_viewed, within: 2 weeks }] }")),
    ).toEqual([]);
  });

  it("refuses more traits than a row of the engine has room for", () => {
    const many = (count: number, warehouse: string): Files => ({
      ...sound,
      "millrace.yml": (soundProject["millrace.yml"] ?? "").replace(
        "type: duckdb\n  path: ./warehouse.duckdb",
        warehouse,
      ),
      [T]: `traits:\n  from: orders\n  profile: { user_id: customer_id }\n${Array.from({ length: count }, (_, i) => `  t${i}: { count: "*" }\n`).join("")}`,
    });
    const postgres = "type: postgres\n  url: postgres://localhost/shop";
    const duckdb = "type: duckdb\n  path: ./warehouse.duckdb";
    expect(checkLines(many(1595, postgres))).toEqual([]);
    const refused = [
      `${T}:1599: profile_traits has no room for "t1595" and what follows, 5 of 1600 traits: Postgres ends at 1600 columns of a table or a view (5 of Millrace's own) — leave out traits that nobody reads, or make segments of the rarest by a dbt model (\`model:\` in segments/)`,
    ];
    expect(checkLines(many(1600, postgres))).toEqual(refused);
    expect(checkLines(many(1600, duckdb))).toEqual([]);
    // What is compiled is one text for every environment, and one of them is Postgres.
    const later = `${duckdb}\nenvironments:\n  production:\n    warehouse:\n      type: postgres\n      url: postgres://localhost/shop`;
    expect(checkLines(many(1600, later))).toEqual(refused);
  });

  it("reads two hundred conditions within each other, and refuses three hundred", () => {
    const nested = (levels: number): Files => {
      const open = "{ not: ".repeat(levels);
      return { ...sound, [S]: `segment: s\nwhere: ${open}{ did: order_placed }${" }".repeat(levels)}\n` };
    };
    expect(checkLines(nested(200))).toEqual([]);
    expect(checkLines(nested(300))).toEqual([
      `${S}:2: more than 250 conditions lie within each other — make a segment of the inner ones`,
    ]);
  });
});
