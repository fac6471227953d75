import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { envFrom } from "../../src/config/env.ts";
import { loadIdentity } from "../../src/config/load-identity.ts";
import { published } from "../../src/identity/published-models.ts";
import { dbtPackageDir } from "../../src/models/package-root.ts";
import { tempProject } from "./temp-project.ts";

const faultsOf = (namespace: string, trait: string) => {
  const text = `identity:
  namespaces:
    ${namespace}: { priority: 1 }
  sources:
    crm: { model: stg_crm, key: id, identifiers: { ${namespace}: a }, traits: { ${trait}: b } }
`;
  return loadIdentity(tempProject({ "identity.yml": text }), envFrom({})).faults;
};
const lines = (namespace: string, trait: string): string[] =>
  faultsOf(namespace, trait).map(({ file, line, message }) => `${file}:${line}: ${message}`);
const mends = (namespace: string): string[] => faultsOf(namespace, "city").map(({ mend }) => mend);

/** Columns that the macros put beside a namespace's, as they stand in their text. */
function besideNamespaces(): string[] {
  const macro = readFileSync(join(dbtPackageDir(), "macros", "identity", "identity_read_records.sql"), "utf8");
  const columns = macro.slice(macro.indexOf("macro identity_reading_columns"), macro.indexOf("macro identity_refuse"));
  const names = new Set([...columns.matchAll(/\['(\w+)'|'(\w+_run)'/g)].map(([, column, run]) => column ?? run ?? ""));
  expect(names.size).toBeGreaterThanOrEqual(8);
  return [...names, "reading_known"];
}

/** `file:line: fault — mend` of an identity.yml, as `check` says it; `lines` from its third on. */
function said(...lines: readonly string[]): string[] {
  const text = ["identity:", "  namespaces: { user_id: { priority: 1 }, email: { priority: 2 } }", ...lines].join("\n");
  const { faults, config } = loadIdentity(tempProject({ "identity.yml": `${text}\n` }), envFrom({}));
  expect(config === undefined).toBe(faults.length > 0);
  return faults.map(({ file, line, message, mend }) => `${file}:${line}: ${message} — ${mend}`);
}
const crm = (more: string) => `  sources: { crm: { model: stg_crm, key: id, ${more} } }`;
const sound = crm("identifiers: { user_id: a, email: b }");

describe("faults of identity.yml", () => {
  it("are none in a sound one", () => {
    expect(said(sound)).toEqual([]);
  });

  it("are a namespace typed wrong, wherever it is named, with the one that was meant", () => {
    const meant = 'there is no namespace "emial" — did you mean "email"?';
    expect(said(crm("identifiers: { user_id: a, emial: b }"))).toEqual([`identity.yml:3: ${meant}`]);
    expect(said(sound, "  blocked:", '    emial: { values: ["x"] }')).toEqual([`identity.yml:5: ${meant}`]);
    expect(said(crm("identifiers: { loyalty: b }"))).toEqual([
      'identity.yml:3: there is no namespace "loyalty" — namespaces: user_id, email',
    ]);
  });

  it("are a limit by a namespace that is none", () => {
    const text = `identity:
  namespaces:
    device_id: { priority: 3, limit: { emial: 3 } }
    email: { priority: 2 }
${sound.replace("user_id", "device_id")}
`;
    const { faults } = loadIdentity(tempProject({ "identity.yml": text }), envFrom({}));
    expect(faults.map(({ line, message, mend }) => `${line}: ${message} — ${mend}`)).toEqual([
      '3: there is no namespace "emial" — did you mean "email"?',
    ]);
  });

  it.each(published.map(({ name }) => name).concat("identity_record", "identity_resolution", "identity_published"))(
    "are a source made from %s: a circle",
    (model) => {
      expect(said(sound.replace("stg_crm", model))).toEqual([
        `identity.yml:3: "${model}" is made from this source: a circle — name a model that knows nothing of identity`,
      ]);
    },
  );

  it.each([
    "key: reading_key, identifiers: { email: b }",
    "key: id, at: Reading_FP, identifiers: { email: b }",
    "key: id, identifiers: { email: [b, reading_kept] }",
    "key: id, identifiers: { email: b }, traits: { first_name: reading_key }",
  ])("are a column that reading puts beside a source's: %s", (source) => {
    expect(said(`  sources: { crm: { model: stg_crm, ${source} } }`)).toEqual([
      expect.stringMatching(
        /^identity.yml:3: the column (reading_key|Reading_FP|reading_kept) would be taken for one of Millrace's own — give it another name in a dbt model before it$/,
      ),
    ]);
  });

  it("are a thousand columns of one namespace", () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `c${i}`).join(", ");
    expect(said(crm(`identifiers: { email: [${many}] }`))).toEqual([
      'identity.yml:3: "email" may name nine columns at most; a record with more has a row for each in a dbt model — ',
    ]);
  });
});

describe("names in identity.yml", () => {
  it("may be one for a namespace and a trait, and none that the golden record has a column of", () => {
    expect(lines("email", "city")).toEqual([]);
    expect(lines("email", "email")).toEqual([]);
    expect(lines("email", "profile_id")).toEqual(["identity.yml:5: profile_id is the profile itself"]);
  });

  it.each(["profile_id", ...besideNamespaces()])("are not %s for a namespace, with a mend that is taken", (name) => {
    expect(lines(name, "city")).toEqual([`identity.yml:3: "${name}" has a meaning of its own`]);
    const mend = /say (\w+)$/.exec(mends(name)[0] ?? "")?.[1] ?? "";
    expect(lines(mend, "city")).toEqual([]);
  });
});
