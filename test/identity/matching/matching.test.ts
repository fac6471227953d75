import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { crowd, type Person, samePeople as people, writeMatching } from "./people-lab.ts";

const matches = (rows: readonly Readonly<Record<string, unknown>>[]): string[] =>
  rows.map((row) => [String(row.a_value), String(row.b_value)].sort().join(" ")).sort();
const expected = ["crm1 web1", "crm10 web10", "crm2 web2", "crm3 web3"];

const edges = "select * from identity_match_edge where a_value not like 'crowd%' or b_value not like 'crowd%'";
const confidences = new Map<string, Map<string, number>>();

for (const engine of identityEngines()) {
  describe(`matching on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab({ "models/empty.sql": "select 1 as one" }, database?.url);
      await writeMatching(lab, [...people, ...crowd(1_000)]);
      await lab.dbt(["build", "--quiet"]);
    }, 240_000);
    afterAll(async () => {
      await lab?.close();
      await database?.remove();
    });

    it("finds who is one person, and neither a household nor a common name", async () => {
      const found = await lab.sql(edges);
      expect(matches(found)).toEqual(expected);
      expect(found.find((row) => String(row.b_value) === "web3")).toMatchObject({
        a_namespace: "record:crm",
        a_value: "crm3",
        b_namespace: "record:web",
        rule: "match: first_name close last_name exact date_of_birth exact postcode typo",
        source: "crm + web",
      });
      expect(found.every((row) => Number(row.confidence) >= 0.95 && Number(row.confidence) <= 1)).toBe(true);
      confidences.set(engine, new Map(found.map((row) => [String(row.a_value), Number(row.confidence)])));
    });

    it("knows a record without values as nobody", async () => {
      expect(await lab.sql("select * from identity_match_record where record_key in ('crm9', 'web9')")).toEqual([]);
    });

    it("compares again only pairs with a new or a changed record, and forgets what is gone", async () => {
      const level =
        "(select last_name from identity_match_pair where a_record like 'record:crm/crm2' and b_record like 'record:web/web2')";
      // Marks what an earlier build found: it shows what is kept.
      await lab.sql(
        "update identity_match_pair set last_name = 'near' where a_record = 'record:crm/crm2' or a_record = 'record:crm/crm3'",
      );
      const changed = people
        .filter(([key]) => key !== "web1")
        .map(
          (person): Person =>
            person[0] === "web3" ? ["web3", "Benedict", "Achterberg", "1961-09-19", null, "EC1A 1BB"] : person,
        );
      const added: Person = ["shop1", "Lukas", "Wojcik", "1980-05-03", "7 High Street", null];
      await writeMatching(lab, [...changed, added, ...crowd(1_000)]);
      await lab.dbt(["run", "--quiet"]);
      expect(await lab.sql(`select ${level} as level`)).toEqual([{ level: "near" }]);
      const third = await lab.sql(
        "select last_name, first_name from identity_match_pair where a_record = 'record:crm/crm3' and b_record = 'record:web/web3'",
      );
      expect(third).toEqual([{ last_name: "exact", first_name: "exact" }]);
      expect(await lab.sql("select * from identity_match_pair where b_record = 'record:web/web1'")).toEqual([]);
      expect(matches(await lab.sql(edges))).toContain("crm1 shop1");
    });

    it("equals a full rebuild after changes", async () => {
      const rows =
        "select a_record, b_record, first_name, last_name, date_of_birth, street, postcode from identity_match_pair order by 1, 2";
      // The marks of the test before are the only difference.
      await lab.sql(
        "update identity_match_pair set last_name = 'swapped' where a_record = 'record:crm/crm2' and b_record = 'record:web/web2'",
      );
      const incremental = await lab.sql(rows);
      await lab.dbt(["run", "--quiet", "--full-refresh"]);
      expect(incremental).toEqual(await lab.sql(rows));
    });
  });
}

describe("engines", () => {
  it("agree on every confidence", (context) => {
    if (identityEngines().length < 2)
      context.skip("one engine by itself: likeness-on-clouds.test.ts holds it against DuckDB");
    const [one, other] = [confidences.get("duckdb"), confidences.get("postgres")];
    expect(one?.size).toBe(expected.length);
    for (const [key, confidence] of one ?? []) expect(other?.get(key)).toBeCloseTo(confidence, 6);
  });
});
