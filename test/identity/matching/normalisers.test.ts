import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";

type Case = readonly [given: string | null, comes: string | null];

const cases: Readonly<Record<string, readonly Case[]>> = {
  normalise_name: [
    [" O'Brien ", "o brien"],
    ["O’BRIEN", "o brien"],
    ["Łukasz WÓJCIK", "lukasz wojcik"],
    ["Nguyễn Thị Hương", "nguyen thi huong"],
    ["Jose\u0301", "jose"],
    ["Yılmaz", "yilmaz"],
    ["İpek", "ipek"],
    ["Großmann-Æbeltoft", "grossmann aebeltoft"],
    ["12, Rue  de l'Église", "12 rue de l eglise"],
    ["李小龙", "李小龙"],
    [" -.- ", null],
    [null, null],
  ],
  normalise_code: [
    [" sw1a 1aa", "SW1A1AA"],
    ["00-123/4", "001234"],
    ["--", null],
    [null, null],
  ],
  normalise_date: [
    ["1956-04-09", "1956-04-09"],
    ["1956-04-09 10:11:12", "1956-04-09"],
    ["1956-04-09T10:11:12Z", "1956-04-09"],
    ["19560409", "1956-04-09"],
    ["9.4.1956", "1956-04-09"],
    ["09/04/1956", "1956-04-09"],
    ["04/29/1956", "1956-04-29"],
    ["1956-13-09", null],
    ["1956-00-09", null],
    ["1956-04-32", null],
    ["unknown", null],
    [null, null],
  ],
  date_digits: [
    ["1956-13-09", "19561309"],
    ["1956-4-09", "1956409"],
    ["1956", null],
    [null, null],
  ],
};

const literal = (value: string | null): string =>
  value === null ? "cast(null as {{ dbt.type_string() }})" : `'${value.replaceAll("'", "''")}'`;

const model = Object.entries(cases)
  .flatMap(([macro, all]) =>
    all.map(
      ([given], i) =>
        `select '${macro}' as macro, ${i} as number, {{ millrace.${macro}('given') }} as comes from (select ${literal(given)} as given) as one`,
    ),
  )
  .join("\nunion all\n");

for (const engine of identityEngines()) {
  describe(`normalisers on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    let rows: readonly Readonly<Record<string, unknown>>[] = [];
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab({ "models/normalised.sql": model }, database?.url);
      await lab.dbt(["run", "--quiet"]);
      rows = await lab.sql("select macro, number, comes from normalised");
    }, 120_000);
    afterAll(async () => {
      await lab?.close();
      await database?.remove();
    });

    it.each(Object.keys(cases))("%s", (macro) => {
      const came = (cases[macro] ?? []).map(([given], i) => [
        given,
        rows.find((row) => row.macro === macro && Number(row.number) === i)?.comes ?? null,
      ]);
      expect(came).toEqual(cases[macro]);
    });
  });
}
