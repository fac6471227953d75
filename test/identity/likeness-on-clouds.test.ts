import { describe, expect, it } from "vitest";
import { goldenQuery } from "../../src/identity/golden/golden-query.ts";
import { valueQuery } from "../../src/identity/golden/value-query.ts";
import { traitFileSql } from "../../src/traits/trait-file.ts";
import { startCloud, whyNot } from "../support/cloud/engines.ts";
import { type IdentityLab, type LabRow, openIdentityLab } from "../support/identity-lab.ts";
import { type GoldenRecord, goldenConfig, goldenModels } from "./golden/records.ts";
import { normalisedModel, normaliserCases } from "./matching/normaliser-cases.ts";
import { crowd, samePeople, writeMatching } from "./matching/people-lab.ts";

/** Who wins by each rule, by none and by a pin; gaps in a bundle, words past their ttl, undated ones, one key twice. */
const records: readonly GoldenRecord[] = [
  { of: "ann", source: "crm", key: "7", daysAgo: 300, traits: { first_name: "Ann", city: "Leeds", postcode: "LS1" } },
  { of: "ann", source: "web", key: "1", daysAgo: 1, traits: { first_name: "Anna", city: "York", postcode: null } },
  { of: "ann", source: "web", key: "3", daysAgo: 9, traits: { first_name: "Ann ", city: null, postcode: "YO1" } },
  { of: "bob", source: "crm", key: "8", daysAgo: 731, traits: { first_name: "Bobby", city: "Bath", postcode: null } },
  { of: "bob", source: "shop", key: "2", daysAgo: null, traits: { first_name: "Bob", city: "  ", postcode: "BA1" } },
  { of: "bob", source: "web", key: "4", daysAgo: 5, traits: { first_name: "Rob", city: null, postcode: null } },
  { of: "cat", source: "web", key: "2", daysAgo: 5, traits: { first_name: "B", city: null, postcode: null } },
  { of: "cat", source: "web", key: "6", daysAgo: 5, traits: { first_name: "C", city: null, postcode: null } },
  { of: "cat", source: "web", key: "6", daysAgo: 5, traits: { first_name: "A", city: null, postcode: null } },
  { of: "dan", source: "crm", key: "9", daysAgo: 800, traits: { first_name: "Dan", city: null, postcode: null } },
];

const pins = `select 'record:web' as namespace, '4' as value, 'city' as trait, 'Brighton' as pinned_value, {{ millrace.instant_plus(-2, 'day', millrace.as_of()) }} as decided_at
union all
select 'record:web', '4', 'city', 'Hove', {{ millrace.instant_plus(-1, 'day', millrace.as_of()) }}`;

const golden = goldenConfig([
  { name: "default", bundle: [], order: ["trust", "most_recent"] },
  { name: "first_name", bundle: [], order: ["most_frequent", "longest", "trust"] },
  { name: "address", bundle: ["city", "postcode"], order: ["most_recent"] },
]);

/** Even counts of gaps, days that another zone would move, two orders of one day, one order. */
const orders: readonly (readonly [customer: string, at: string])[] = [
  ["even", "2025-01-01 20:00:00"],
  ["even", "2025-01-29 10:00:00"],
  ["even", "2025-02-27 10:00:00"],
  ["odd", "2025-01-01 00:30:00"],
  ["odd", "2025-01-01 23:30:00"],
  ["odd", "2025-01-04 10:00:00"],
  ["once", "2025-01-01 20:00:00"],
];

/** The trait `median_gap` over `orders`, days by the calendar of a zone. */
const gapModel = (timeZone: string): string =>
  traitFileSql(
    {
      name: "orders",
      file: "traits/orders.yml",
      source: {
        model: "orders_made",
        profile: { namespace: "user_id", column: "customer" },
        at: "ordered_at",
        key: undefined,
        arrived: undefined,
        where: [],
      },
      traits: [
        {
          name: "gap",
          rule: { kind: "median_gap", column: "ordered_at" },
          where: [],
          within: undefined,
          as: undefined,
          fallback: undefined,
          type: "number",
          history: false,
          origin: { file: "traits/orders.yml", line: 1 },
        },
      ],
    },
    { identity: "none", identifier: (_namespace, column) => column, timeZone },
  );

/** All that is built of it, read back with numbers and instants written alike. */
async function answers(lab: IdentityLab): Promise<Readonly<Record<string, readonly LabRow[]>>> {
  const { "models/identity_record.sql": record = "", ...others } = goldenModels(records);
  const models = {
    ...others,
    "models/golden_record.sql": record,
    "models/pin.sql": pins,
    "models/said.sql": valueQuery(golden, {
      component: "{{ ref('who') }}",
      record: "{{ ref('golden_record') }}",
      pin: "{{ ref('pin') }}",
    }),
    "models/golden.sql": goldenQuery(golden, "(select distinct profile_id from {{ ref('who') }})", "{{ ref('said') }}"),
    "models/normalised.sql": normalisedModel,
    "models/orders_made.sql": orders
      .map(
        ([customer, at]) => `select '${customer}' as customer, {{ millrace.instant_literal('${at}') }} as ordered_at`,
      )
      .join("\nunion all\n"),
    "models/gap_utc.sql": gapModel("UTC"),
    "models/gap_tokyo.sql": gapModel("Asia/Tokyo"),
  };
  for (const [path, text] of Object.entries(models)) await lab.write(path, text);
  await writeMatching(lab, [...samePeople, ...crowd(20)]);
  // A view is worked out wherever it is read: the stand-ins do it slowly.
  await lab.dbt(["run", "--quiet", "--exclude", "identity_match_random"], { MILLRACE_AS_OF: "2026-01-01 00:00:00" });
  const rows = async (query: string) => (await lab.sql(query)).map(alike);
  return {
    normalised: await rows("select macro, number, comes from normalised order by macro, number"),
    // The connector of the stand-in gives a NULL instant as 1970: what is NULL is asked of the warehouse.
    said: (
      await rows(
        "select said.*, case when seen_at is null then 1 else 0 end as undated from said order by profile_id, trait",
      )
    ).map((row) => (Number(row.undated) === 1 ? { ...row, seen_at: null } : row)),
    gaps: [
      ...(await rows("select profile_id, gap from gap_utc order by profile_id")),
      ...(await rows("select profile_id, gap from gap_tokyo order by profile_id")),
    ],
    golden: await rows("select * from golden order by profile_id"),
    record: await rows("select * from identity_match_record order by record_id"),
    pair: await rows("select * from identity_match_pair order by a_record, b_record"),
    score: await rows("select * from identity_match_score order by a_record, b_record"),
    rate: await rows("select * from identity_match_rate"),
    edge: await rows("select * from identity_match_edge order by a_value, b_value"),
  };
}

const alike = (row: LabRow): LabRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, name === "losing_values" ? list(value) : cell(value)]),
  );

/** The stand-in of BigQuery has a delimiter of its own: what is listed, and in which order, is compared. */
const list = (value: unknown): unknown =>
  typeof value === "string" ? value.split(/[,;]/).flatMap((each) => each.trim() || []) : value;

function cell(value: unknown): unknown {
  const text =
    typeof value === "string"
      ? value.replace(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.0+)?([Z+].*)?$/, "$1 $2")
      : value;
  const number = typeof text === "string" && /^-?\d+\.\d+(e-?\d+)?$/i.test(text) ? Number(text) : text;
  return typeof number === "number" ? Number(number.toPrecision(9)) : number;
}

describe.each(["snowflake", "bigquery"] as const)("likeness and golden records on %s", async (engine) => {
  const long = process.env.MILLRACE_LONG_TESTS !== undefined;
  const reason = long ? await whyNot(engine) : "minutes long on the stand-ins: set MILLRACE_LONG_TESTS";
  if (reason !== null) return it("are what they are on DuckDB", (context) => context.skip(reason));
  it("are what they are on DuckDB, row for row", async () => {
    const cloud = await startCloud(engine);
    const labs: IdentityLab[] = [];
    try {
      labs.push(await openIdentityLab({}), await openIdentityLab({}, cloud.on));
      const [here, there] = [await answers(labs[0] as IdentityLab), await answers(labs[1] as IdentityLab)];
      for (const [table, rows] of Object.entries(here)) expect({ table, rows: there[table] }).toEqual({ table, rows });
      expect(here.normalised).toHaveLength(Object.values(normaliserCases).flat().length);
      expect(here.gaps?.map(({ gap }) => (gap === null ? null : Number(gap)))).toEqual([28.5, 3, null, 28, 1.5, null]);
      expect(here.edge?.length).toBeGreaterThan(2);
      expect(new Set(here.said?.map(({ rule }) => rule))).toEqual(
        new Set(["most_frequent", "most_recent", "tie_break", "pinned", "only_value"]),
      );
    } finally {
      for (const lab of labs) await lab.close();
      await cloud.stop();
    }
  }, 600_000);
});
