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
    ["Anne-Marie\t VON\n", "anne marie von"],
    ["Anne\u00a0Marie", "anne marie"],
    ["An\u200bna\ufeff", "anna"],
    ["", null],
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
    ["29.2.2000", "2000-02-29"],
    ["1956-02-29", "1956-02-29"],
    ["1900-02-29", null],
    ["1957-02-29", null],
    ["1956-02-30", null],
    ["1956-04-31", null],
    ["1956-12-31", "1956-12-31"],
    ["1956-13-09", null],
    ["1956-00-09", null],
    ["1956-04-00", null],
    ["1956-04-32", null],
    ["9.4.56", null],
    ["", null],
    ["unknown", null],
    [null, null],
  ],
  normalise_email: [
    ["\u00a0 Ann.Lee+Shop@X.ORG\t", "ann.lee+shop@x.org"],
    ["ann\u200b@x.org", "ann@x.org"],
    ["A.n.n@Gmail.com", "a.n.n@gmail.com"],
    ["ann@xn--mnchen-3ya.de", "ann@xn--mnchen-3ya.de"],
    // letters that look like a–z, and those that engines would make such ones of: Cyrillic а, full width, Kelvin, dotted I
    ["\u0430nn@x.org", null],
    ["\uff41nn@x.org", null],
    ["fran\u212a@x.org", null],
    ["\u0130nfo@x.org", null],
    ["ann@\u0445.org", null],
    ["ann", null],
    ["ann@x", null],
    ["ann@@x.org", null],
    ["ann lee@x.org", null],
    ["<ann@x.org>", null],
    ["ann@x..org", null],
    ["ann@-x.org", null],
    ["ann@x.org.", null],
    ["@x.org", null],
    [" ", null],
    [null, null],
  ],
  "normalise_email(drop_tag=true)": [
    ["Ann+Shop@x.org", "ann@x.org"],
    ["ann+a+b@x.org", "ann@x.org"],
    ["a.n.n+shop@gmail.com", "a.n.n@gmail.com"],
    ["ann@x.org", "ann@x.org"],
    ["+shop@x.org", null],
  ],
  "normalise_email(drop_dots=true)": [
    ["A.n.n@Gmail.com", "ann@gmail.com"],
    ["a.n.n@GoogleMail.com", "ann@gmail.com"],
    ["a.n.n+shop@gmail.com", "ann+shop@gmail.com"],
    ["a.n.n@x.org", "a.n.n@x.org"],
    ["a.n.n@notgmail.com", "a.n.n@notgmail.com"],
    ["a.n.n@gma\u0130l.com", null],
    ["..@gmail.com", null],
  ],
  "normalise_email(drop_dots=true, drop_tag=true)": [
    ["A.n.n+Shop@GOOGLEMAIL.COM", "ann@gmail.com"],
    ["a.n.n+shop@x.org", "a.n.n@x.org"],
  ],
  "normalise_phone('GB')": [
    ["07700 900123", "+447700900123"],
    ["7700900123", "+447700900123"],
    ["(020) 7946-0958", "+442079460958"],
    ["+44 (0)20 7946 0958", "+442079460958"],
    ["+44 020 7946 0958", "+442079460958"],
    ["0044 020 7946 0958", "+442079460958"],
    ["00 44 20.7946.0958", "+442079460958"],
    ["+49 30 123456", "+4930123456"],
    ["+39 06 1234 5678", "+390612345678"],
    ["020 7946 0958 ext. 12", "+442079460958"],
    ["020 7946 0958x12", "+442079460958"],
    ["020 7946 0958 extension 12", "+442079460958"],
    ["+442079460958;ext=12", "+442079460958"],
    ["020 7946 0958 #3", "+442079460958"],
    ["020\u00a07946\u00a00958", "+442079460958"],
    ["0800 FLOWERS", null],
    ["none", null],
    ["12345", null],
    ["0123", null],
    ["+44 7700 9001 2345 678", null],
    ["+0044 7700 900123", null],
    ["++447700900123", null],
    ["+", null],
    ["", null],
    [null, null],
  ],
  "normalise_phone('US')": [
    ["(212) 555-0123", "+12125550123"],
    ["1-212-555-0123", "+12125550123"],
    ["+1 212 555 0123", "+12125550123"],
    ["011 44 20 7946 0958", "+442079460958"],
    // without its area a number is anybody's of that number
    ["555-0123", null],
    ["+1 555 0123", null],
    ["212 555 01234", null],
  ],
  "normalise_phone('DE')": [
    ["030/123456", "+4930123456"],
    ["0151 23456789", "+4915123456789"],
    ["00431234567", "+431234567"],
  ],
  "normalise_phone('FR')": [["06 12 34 56 78", "+33612345678"]],
  "normalise_phone('IT')": [
    ["06 1234 5678", "+390612345678"],
    ["333 123 4567", "+393331234567"],
  ],
  "normalise_phone('ES')": [["612 345 678", "+34612345678"]],
  "normalise_phone('HU')": [["06 20 123 4567", "+36201234567"]],
  "normalise_phone('RU')": [["8 (912) 345-67-89", "+79123456789"]],
  date_digits: [
    ["1956-13-09", "19561309"],
    ["1956-4-09", "1956409"],
    ["1956", null],
    [null, null],
  ],
};

const literal = (value: string | null): string =>
  value === null ? "cast(null as {{ dbt.type_string() }})" : `'${value.replaceAll("'", "''")}'`;

/** `normalise_phone('GB')` as a call on the column `given`. */
function call(macro: string): string {
  const [, name = "", options] = /^(\w+)(?:\((.*)\))?$/.exec(macro) ?? [];
  return `millrace.${name}(${["'given'", options].filter((each) => each !== undefined).join(", ")})`;
}

/** All cases in one statement: a macro is expanded once for all its values. */
const model = Object.entries(cases)
  .map(([macro, all]) => {
    const given = all.map(([value], i) => `select ${i} as number, ${literal(value)} as given`).join(" union all ");
    return `select ${literal(macro)} as macro, number, {{ ${call(macro)} }} as comes from (${given}) as given_values`;
  })
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
