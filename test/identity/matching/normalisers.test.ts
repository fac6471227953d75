import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { normaliserCases as cases, normalisedModel } from "./normaliser-cases.ts";

for (const engine of identityEngines()) {
  describe(`normalisers on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    let rows: readonly Readonly<Record<string, unknown>>[] = [];
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab({ "models/normalised.sql": normalisedModel }, database?.url);
      await lab.dbt(["run", "--quiet"]);
      rows = await lab.sql("select macro, number, comes from normalised");
    }, 240_000);
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
