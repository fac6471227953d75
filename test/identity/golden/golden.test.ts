import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Survivorship } from "../../../src/core/identity.ts";
import { goldenQuery } from "../../../src/identity/golden/golden-query.ts";
import { valueQuery } from "../../../src/identity/golden/value-query.ts";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { type GoldenRecord, goldenConfig, goldenModels } from "./records.ts";

const inputs = { component: "{{ ref('who') }}", record: "{{ ref('identity_record') }}", pin: "{{ ref('pin') }}" };
const noPins =
  "select 'record:crm' as namespace, 'x' as value, 'first_name' as trait, 'x' as pinned_value, {{ millrace.as_of() }} as decided_at from {{ ref('who') }} where 1 = 0";

const record = (
  source: string,
  key: string,
  daysAgo: number | null,
  first_name: string | null,
  city: string | null = null,
  postcode: string | null = null,
): GoldenRecord => ({ of: "ann", source, key, daysAgo, traits: { first_name, city, postcode } });

const rule = (name: string, order: Survivorship["order"], bundle: readonly string[] = []): Survivorship => ({
  name,
  bundle,
  order,
});

for (const engine of identityEngines()) {
  describe(`the golden record on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab({ "models/empty.sql": "select 1 as one" }, database?.url);
    }, 120_000);
    afterAll(async () => {
      await lab?.close();
      await database?.remove();
    });

    const decide = async (records: readonly GoldenRecord[], survivorship: readonly Survivorship[], pins = noPins) => {
      const config = goldenConfig(survivorship);
      const files = {
        ...goldenModels(records),
        "models/pin.sql": pins,
        "models/said.sql": valueQuery(config, inputs),
        "models/golden.sql": goldenQuery(
          config,
          "(select distinct profile_id from {{ ref('who') }})",
          "{{ ref('said') }}",
        ),
      };
      for (const [path, text] of Object.entries(files)) await lab.write(path, text);
      await lab.dbt(["run", "--quiet", "--threads", "1"], { MILLRACE_AS_OF: "2026-01-01 00:00:00" });
      const said = await lab.sql("select * from said order by profile_id, trait");
      const golden = await lab.sql("select * from golden order by profile_id");
      return { said, golden, first: golden[0] ?? {}, of: (trait: string) => said.find((row) => row.trait === trait) };
    };

    it("takes the most trusted source, and says what lost", async () => {
      const { golden, of } = await decide(
        [record("web", "1", 1, "Anna"), record("crm", "7", 300, "Ann"), record("shop", "2", 2, "Ann")],
        [rule("default", ["trust", "most_recent"])],
      );
      expect(golden).toEqual([{ profile_id: "ann", first_name: "Ann", city: null, postcode: null }]);
      expect(of("first_name")).toMatchObject({
        value: "Ann",
        rule: "trust",
        source: "crm",
        record_key: "7",
        losing_values: "Anna (web)",
      });
    });

    it("forgets what a source said longer ago than its ttl, and not what it never dated", async () => {
      const expired = await decide(
        [record("crm", "7", 731, "Ann"), record("web", "1", 800, "Anna")],
        [rule("default", ["trust"])],
      );
      expect(expired.first).toMatchObject({ first_name: "Anna" });
      expect(expired.of("first_name")).toMatchObject({ rule: "only_value", losing_values: null });
      const undated = await decide(
        [record("crm", "7", null, "Ann"), record("web", "1", 800, "Anna")],
        [rule("default", ["trust"])],
      );
      expect(undated.first).toMatchObject({ first_name: "Ann" });
      const gone = await decide([record("crm", "7", 731, "Ann")], []);
      expect(gone.golden).toEqual([{ profile_id: "ann", first_name: null, city: null, postcode: null }]);
    });

    it("takes the most recent, the undated last", async () => {
      const { first, of } = await decide(
        [record("web", "1", 3, "Old"), record("shop", "2", 2, "New"), record("web", "3", null, "Undated")],
        [rule("first_name", ["most_recent"])],
      );
      expect(first).toMatchObject({ first_name: "New" });
      expect(of("first_name")).toMatchObject({ rule: "most_recent", losing_values: "Old (web); Undated (web)" });
    });

    it("takes the most frequent, then the longest", async () => {
      const frequent = await decide(
        [record("web", "1", 1, "Elizabeth"), record("shop", "2", 2, "Liz"), record("web", "3", 3, "Liz")],
        [rule("default", ["most_frequent", "longest"])],
      );
      expect(frequent.of("first_name")).toMatchObject({ value: "Liz", rule: "most_frequent" });
      const even = await decide(
        [record("web", "1", 1, "Liz"), record("shop", "2", 2, "Elizabeth")],
        [rule("default", ["most_frequent", "longest"])],
      );
      expect(even.of("first_name")).toMatchObject({ value: "Elizabeth", rule: "longest", losing_values: "Liz (web)" });
    });

    it("skips NULLs and blanks", async () => {
      const { of } = await decide(
        [record("crm", "7", 1, "  "), record("crm", "8", 1, null), record("web", "1", 90, "Ann")],
        [rule("default", ["trust", "most_recent"])],
      );
      expect(of("first_name")).toMatchObject({ value: "Ann", source: "web", rule: "only_value" });
      expect(of("city")).toBeUndefined();
    });

    it("breaks ties alike however records are ordered, one key twice among them", async () => {
      const tied = [
        record("web", "2", 5, "B"),
        record("web", "1", 5, "C"),
        record("web", "1", 5, "A"),
        record("shop", "9", 5, "D"),
      ];
      const there = await decide(tied, [rule("default", ["trust", "most_recent"])]);
      const back = await decide([...tied].reverse(), [rule("default", ["trust", "most_recent"])]);
      expect(there.of("first_name")).toMatchObject({ value: "D", rule: "tie_break", source: "shop" });
      expect(back.said).toEqual(there.said);
    });

    it("takes a bundle from one record, its gaps among them", async () => {
      const { first, of } = await decide(
        [
          record("crm", "7", 9, "Ann", "Leeds", "LS1"),
          record("web", "1", 1, "Anna", "York", null),
          record("shop", "2", 2, null, null, "YO1"),
        ],
        [rule("default", ["trust"]), rule("address", ["most_recent"], ["city", "postcode"])],
      );
      expect(first).toEqual({ profile_id: "ann", first_name: "Ann", city: "York", postcode: null });
      expect(of("postcode")).toMatchObject({ value: null, source: "web", losing_values: "YO1 (shop); LS1 (crm)" });
    });

    it("lets a pin stand above all sources, the last one of a trait", async () => {
      const pins = [
        "select 'record:web' as namespace, '1' as value, 'first_name' as trait, 'Annabel' as pinned_value, {{ millrace.instant_plus(-2, 'day', millrace.as_of()) }} as decided_at",
        "select 'record:web', '1', 'first_name', 'Annie', {{ millrace.instant_plus(-1, 'day', millrace.as_of()) }}",
        "select 'record:web', 'unknown', 'first_name', 'Nobody', {{ millrace.as_of() }}",
      ].join("\nunion all\n");
      const { golden, of } = await decide(
        [record("crm", "7", 1, "Ann", "Leeds"), record("web", "1", 1, "Anna")],
        [],
        pins,
      );
      expect(golden).toMatchObject([{ first_name: "Annie", city: "Leeds" }]);
      expect(of("first_name")).toMatchObject({ rule: "pinned", losing_values: "Ann (crm); Anna (web)" });
    });

    it("keeps profiles apart", async () => {
      const { golden } = await decide(
        [record("crm", "7", 1, "Ann"), { ...record("crm", "8", 1, "Bob"), of: "bob" }],
        [],
      );
      expect(golden).toMatchObject([
        { profile_id: "ann", first_name: "Ann" },
        { profile_id: "bob", first_name: "Bob" },
      ]);
    });
  });
}
