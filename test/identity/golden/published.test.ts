import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { build, declare } from "../stitching.ts";

const identity = `identity:
  namespaces: { email: { normalise: email, priority: 1 } }
  sources:
    crm:
      model: stg_crm
      key: id
      at: updated_at
      trust: 1
      identifiers: { email: email }
      traits: { first_name: first_name, last_name: last_name, date_of_birth: born, city: city, postcode: postcode }
    web:
      model: stg_web
      key: id
      at: updated_at
      trust: 2
      identifiers: { email: email }
      traits: { first_name: first_name, last_name: last_name, date_of_birth: born, city: city, postcode: postcode }
  guards: { brake: { merges: 60%, largest: 50 } }
  survivorship:
    default: [trust, most_recent]
    address: { bundle: [city, postcode], order: [most_recent] }
  matching:
    compare: { first_name: name, last_name: name, date_of_birth: date, postcode: code }
    threshold: 0.95
`;

const columns = ["id", "updated_at", "email", "first_name", "last_name", "born", "city", "postcode"];
type Row = readonly (string | null)[];
const crm: Row[] = [
  ["1", "2025-01-01", "ann@example.com", "Ann", "Quistgaard", "1970-01-30", "Leeds", "LS1 4AB"],
  ["2", "2025-01-01", "bob@example.com", "Bob", "Ostrowski", "1981-07-02", "York", "YO1 7HH"],
];
const web: Row[] = [
  // Ann by her email; Bob without one, by his name, birthday and postcode.
  ["1", "2025-06-01", "ANN@example.com", "Annie", null, null, "Hull", "HU1 1AA"],
  ["2", "2025-06-01", null, "Bob", "Ostrowsky", "1981-07-02", null, "YO1 7HH"],
];

const model = (rows: readonly Row[]): string =>
  rows
    .map(
      (row) =>
        `select ${columns.map((column, i) => `cast(${row[i] === null ? "null" : `'${row[i] ?? ""}'`} as ${column === "updated_at" ? "{{ dbt.type_timestamp() }}" : "{{ dbt.type_string() }}"}) as ${column}`).join(", ")}`,
    )
    .join("\nunion all\n");

for (const engine of identityEngines()) {
  describe(`golden records of a whole project on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab(
        { "models/stg_crm.sql": model(crm), "models/stg_web.sql": model(web) },
        database?.url,
      );
      await declare(lab, identity);
      await build(lab, { tests: "with-tests" });
    }, 240_000);
    afterAll(async () => {
      await lab?.close();
      await database?.remove();
    });

    const golden = () =>
      lab.sql("select first_name, last_name, date_of_birth, city, postcode from profile_golden order by first_name");

    it("joins by email and by likeness, and chooses one value per trait", async () => {
      expect(await golden()).toEqual([
        { first_name: "Ann", last_name: "Quistgaard", date_of_birth: "1970-01-30", city: "Hull", postcode: "HU1 1AA" },
        { first_name: "Bob", last_name: "Ostrowski", date_of_birth: "1981-07-02", city: null, postcode: "YO1 7HH" },
      ]);
    });

    it("says where each value comes from", async () => {
      const rows = await lab.sql(
        "select trait, rule, source, losing_values from profile_golden_provenance where value in ('Ann', 'Ostrowski', 'Hull') order by trait",
      );
      expect(rows).toEqual([
        { trait: "city", rule: "most_recent", source: "web", losing_values: "Leeds (crm)" },
        { trait: "first_name", rule: "trust", source: "crm", losing_values: "Annie (web)" },
        { trait: "last_name", rule: "trust", source: "crm", losing_values: "Ostrowsky (web)" },
      ]);
    });

    it("holds a pinned value until the pin is withdrawn", async () => {
      await lab.sql(
        "insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('d1', 'pin', 'email', 'ann@example.com', 'trait:first_name', 'Annabel', 'eve', 'she said so', timestamp '2025-12-01 00:00:00')",
      );
      await build(lab);
      expect((await golden())[0]).toMatchObject({ first_name: "Annabel", last_name: "Quistgaard" });
      await lab.sql("update identity_decision set withdrawn_at = timestamp '2025-12-02 00:00:00'");
      await build(lab);
      expect((await golden())[0]).toMatchObject({ first_name: "Ann" });
    }, 120_000);

    it("shows what is published while a run is held by the brake", async () => {
      const before = await golden();
      await lab.write(
        "models/stg_crm.sql",
        model([
          ...crm,
          ["3", "2025-12-01", "ann@example.com", "Bea", "Bridge", null, "Bath", "BA1 1AA"],
          ["4", "2025-12-01", "bob@example.com", "Bea", "Bridge", null, "Bath", "BA1 1AA"],
        ]),
      );
      await declare(lab, identity.replace("merges: 60%, largest: 50", "merges: 10%, largest: 50"));
      await expect(build(lab)).rejects.toThrow(/IDENTITY_BRAKE: .*1 of 2 profiles would be merged/);
      expect(await golden()).toEqual(before);
      expect(await lab.sql("select email from profile_golden order by email")).toEqual([
        { email: "ann@example.com" },
        { email: "bob@example.com" },
      ]);
    }, 120_000);
  });
}
