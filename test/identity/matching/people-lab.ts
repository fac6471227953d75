import { join } from "node:path";
import { compiledText } from "../../../src/core/compiled.ts";
import type { Matching } from "../../../src/core/identity.ts";
import { type ComparisonKind, defaultWeights, type MatchWeights } from "../../../src/core/match-weights.ts";
import { compileMatching } from "../../../src/identity/matching/compile.ts";
import type { IdentityLab } from "../../support/identity-lab.ts";

export const compared: readonly { readonly trait: string; readonly kind: ComparisonKind }[] = [
  { trait: "first_name", kind: "name" },
  { trait: "last_name", kind: "name" },
  { trait: "date_of_birth", kind: "date" },
  { trait: "street", kind: "text" },
  { trait: "postcode", kind: "code" },
];

export type Person = readonly [
  key: string,
  first: string | null,
  last: string | null,
  born: string | null,
  street: string | null,
  postcode: string | null,
];

const home = ["12 Mill Lane", "LS1 4AB"] as const;
const long = "x".repeat(300);

/** crm and web records of one number are one person (1, 2, 3 and 10); all others are not. */
export const samePeople: readonly Person[] = [
  // The same, written otherwise.
  ["crm1", "Łukasz", "Wójcik", "1980-05-03", "7 High Street", "SW1A 1AA"],
  ["web1", "LUKASZ", "wojcik", "03/05/1980", "7, high street", "sw1a1aa"],
  // Names exchanged, a day and a month exchanged.
  ["crm2", "Greta", "Holm", "1975-02-11", "3 Park Road", "M1 1AE"],
  ["web2", "Holm", "Greta", "1975-11-02", "3 Park Road", "M1 1AE"],
  // Typos in a name and a postcode, a street missing.
  ["crm3", "Benedict", "Achterberg", "1961-09-19", "44 Station Road", "EC1A 1BB"],
  ["web3", "Benedit", "Achterberg", "1961-09-19", null, "EC1A 1BV"],
  // A household: a couple, a child, twins.
  ["crm4", "Anna", "Quist", "1970-01-30", ...home],
  ["crm5", "Erik", "Quist", "1968-06-12", ...home],
  ["crm6", "Ida", "Quist", "2001-03-14", ...home],
  ["crm7", "Nils", "Quist", "2001-03-14", ...home],
  // A name as common as any, and nothing else.
  ["crm8", "James", "Smith", null, null, null],
  ["web8", "James", "Smith", null, null, null],
  // Nothing at all, twice.
  ["crm9", null, null, null, null, null],
  ["web9", null, " ", null, null, ""],
  // Longer than some engines can compare.
  ["crm10", "Ola", "Berg", "1999-09-09", `${long} road`, "AB1 2CD"],
  ["web10", "Ola", "Berg", "1999-09-09", `${long} raod`, "AB1 2CD"],
];

/** Puts a project's matching models into a lab, over `people` as identity_record. */
export async function writeMatching(
  lab: IdentityLab,
  people: readonly Person[],
  options: { readonly weights?: MatchWeights; readonly blockOn?: readonly (readonly string[])[] } = {},
): Promise<void> {
  const weighing = options.weights ?? defaultWeights(compared);
  const matching: Matching = {
    compare: compared,
    blockOn: options.blockOn ?? [],
    weights: null,
    weighing,
    threshold: 0.95,
    recutAbove: 20,
  };
  const cell = (value: string | null) => (value === null ? "null" : `'${value.replaceAll("'", "''")}'`);
  const rows = people.map(
    ([key, ...values]) => `(${[/^[a-z]+/.exec(key)?.[0] ?? "", key, ...values].map(cell).join(", ")})`,
  );
  const columns = ["source", "record_key", ...compared.map(({ trait }) => `trait_${trait}`)];
  await lab.sql(
    "drop table if exists records",
    `create table records (${columns.map((column) => `${column} text`).join(", ")})`,
    `insert into records values ${rows.join(", ")}`,
  );
  await lab.write(
    "models/identity_record.sql",
    "{{ config(materialized='table') }} select * from {{ target.schema }}.records",
  );
  for (const file of compileMatching(matching, "identity.yml"))
    await lab.write(join("models", "millrace", file.path), compiledText(file));
}

/** Two thousand other people, so that names and rates are as common as they are in data. */
export function crowd(count: number): Person[] {
  const first = ["james", "mary", "robert", "linda", "peter", "susan", "omar", "ines", "paul", "gita", "ivan"];
  const last = [
    "smith",
    "jones",
    "brown",
    "patel",
    "evans",
    "walker",
    "hall",
    "green",
    "wood",
    "clarke",
    "lewis",
    "young",
    "king",
  ];
  return Array.from({ length: count }, (_, i): Person => {
    const born = `${1930 + (i % 71)}-${String(1 + (i % 12)).padStart(2, "0")}-${String(1 + (i % 28)).padStart(2, "0")}`;
    const word = (n: number) => String.fromCharCode(97 + (n % 26), 97 + ((n * 7) % 26), 97 + ((n * 11) % 26));
    return [
      `crowd${i}`,
      first[i % first.length] ?? "",
      `${last[i % last.length] ?? ""}${word(i)}`,
      born,
      `${1 + (i % 150)} ${word(i * 3)}${word(i * 5)} road`,
      `zz${i % 997} ${i % 10}${word(i)}`,
    ];
  });
}
