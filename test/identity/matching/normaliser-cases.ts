import { jinja } from "../../../src/identity/jinja.ts";

type Case = readonly [given: string | null, comes: string | null];

/** What comes of what is given, by macro and its options. One table for all engines. */
export const normaliserCases: Readonly<Record<string, readonly Case[]>> = {
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
    // as many digits as a number of some country, and fewer or more than one of this
    ["123456", null],
    ["01234 567", null],
    ["0800 1111", null],
    ["+44 1234 5678", null],
    ["07700 9001234", null],
    ["+44 7700 900 123 4", null],
    ["01204 62123", "+44120462123"],
    ["+65 6123 456", null],
    ["+65 6123 4567", "+6561234567"],
    ["+61 2 9374 4000", "+61293744000"],
    ["+34 91 123 45 67", "+34911234567"],
    ["+34 91 123 45 6", null],
    ["+52 1 55 1234 5678", "+5215512345678"],
    // of countries whose lengths are not known here: 8 to 15 digits
    ["+376 31234", "+37631234"],
    ["+376 3123", null],
    ["+350 200 45678", "+35020045678"],
    ["+2 345 678 901 234 567", null],
    ["+99 1234567890123", "+991234567890123"],
    ["+99 12345678901234", null],
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
    ["112 555 0123", null],
    ["212 155 0123", null],
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
  value === null ? "cast(null as {{ dbt.type_string() }})" : `{{ millrace.text_literal(${jinja(value)}) }}`;

/** `normalise_phone('GB')` as a call on the column `given`. */
function call(macro: string): string {
  const [, name = "", options] = /^(\w+)(?:\((.*)\))?$/.exec(macro) ?? [];
  return `millrace.${name}(${["'given'", options].filter((each) => each !== undefined).join(", ")})`;
}

/** All cases in one statement (macro, number, comes): a macro is expanded once for all its values. */
export const normalisedModel = Object.entries(normaliserCases)
  .map(([macro, all]) => {
    const given = all.map(([value], i) => `select ${i} as number, ${literal(value)} as given`).join(" union all ");
    return `select ${literal(macro)} as macro, number, {{ ${call(macro)} }} as comes from (${given}) as given_values`;
  })
  .join("\nunion all\n");
