import { describe, expect, it } from "vitest";
import { A, checkLines, type FaultCase, hook, P, variable } from "./faulty.ts";
import { changed, soundProject } from "./temp-project.ts";

const cases: readonly FaultCase[] = [
  // millrace.yml
  [
    "an unknown key of the project",
    changed(P, "accounts:", "acounts:"),
    [
      `${P}:7: unknown key "acounts" — did you mean "accounts"?`,
      `${A}:6: there is no account "sales" — there are no accounts`,
    ],
  ],
  [
    "an unknown key that is near nothing",
    changed(P, "project: shop", "project: shop\nzzz: 1"),
    [`${P}:2: unknown key "zzz" — known here: store, environments, retention, settings`],
  ],
  [
    "an unknown warehouse",
    changed(P, "type: duckdb", "type: duckbd"),
    [`${P}:3: "type" cannot be "duckbd" — did you mean "duckdb"?`],
  ],
  [
    "a key of another warehouse",
    changed(P, "path: ./warehouse", "url: ./warehouse"),
    [
      `${P}:2: the key "path" is missing — add \`path: …\`: the database file`,
      `${P}:4: unknown key "url" — known here: path, schema, memory_limit, threads, temp_directory`,
    ],
  ],
  [
    "a warehouse in memory",
    changed(P, "path: ./warehouse.duckdb", 'path: ":memory:"'),
    [`${P}:4: "path": a database in memory is gone between two stages — name a file: ./warehouse.duckdb`],
  ],
  [
    "a schema no warehouse can hold",
    changed(P, "  type: duckdb", "  schema: my-schema\n  type: duckdb"),
    [`${P}:3: "schema": "my-schema" is no name of the warehouse — use letters, digits and _, at most 63 characters`],
  ],
  [
    "both ways to dbt",
    changed(P, "project: ./sql", "project: ./sql\n  artifacts: ./target"),
    [`${P}:7: unknown key "artifacts" — known here: target, profiles`],
  ],
  [
    "a dbt folder that is not there",
    changed(P, "project: ./sql", "project: ./sqll"),
    [`${P}:6: there is no dbt_project.yml in this folder — name the folder of the dbt project`],
  ],
  [
    "an account of no connector",
    changed(P, "    connector: klaviyo\n", ""),
    [
      `${P}:13: the key "connector" is missing — add \`connector: …\`: the platform, as \`millrace connectors\` names it`,
    ],
  ],
  [
    "an unknown connector",
    changed(P, "connector: klaviyo", "connector: klavio"),
    [`${P}:14: there is no connector "klavio" — did you mean "klaviyo"?`],
  ],
  [
    "an unknown key of an account",
    changed(P, "api_key: top", "apikey: top"),
    [`${P}:15: unknown key "apikey" — did you mean "api_key"?`],
  ],
  [
    "a key of an account that is missing",
    changed(P, "    base_url: https://login.salesforce.com\n", ""),
    [`${P}:8: the key "base_url" is missing — add \`base_url: …\`: the login host`],
  ],
  [
    "a secret that is a number, without showing it",
    changed(P, "top-secret-2", "123456"),
    [`${P}:15: "api_key" must be text, not a number — quote it`],
  ],
  ["an address that is none", changed(P, "https://example.com", "example"), [`${P}:18: "base_url" is not a valid url`]],
  [
    "an account nobody can name",
    changed(P, "  hook:", "  Hook:"),
    [
      `${P}:16: "Hook" cannot be a name — a name begins with a letter a–z; then a–z, 0–9, - and _, at most 80 characters`,
    ],
  ],
  [
    "a share that is a number",
    changed(P, "max_removed: 20%", "max_removed: 0.2"),
    [`${P}:23: "max_removed": 0.2 is no share — write it in percent: 20%`],
  ],
  [
    "a guard of a wrong shape",
    changed(P, "guard: { max_removed: 20% }", "guard: hold"),
    [`${P}:23: "guard" must be a mapping (key: value), not text`],
  ],
  [
    "a guard's misspelt key",
    changed(P, "max_removed: 20%", "max_remove: 20%"),
    [`${P}:23: unknown key "max_remove" — did you mean "max_removed"?`],
  ],
  [
    "an unknown key of an environment",
    changed(P, "project: shop", "project: shop\nenvironments:\n  staging:\n    warehous: {}"),
    [`${P}:4: unknown key "warehous" — did you mean "warehouse"?`],
  ],
  [
    "a fault that only an environment makes",
    changed(P, "project: shop", "project: shop\nenvironments:\n  staging:\n    warehouse: { shema: s }"),
    [`${P}:4: unknown key "shema" — did you mean "schema"?`],
  ],
  [
    "retention that is no time",
    changed(P, "project: shop", "project: shop\nretention: { runs: soon }"),
    [`${P}:2: "runs": "soon" is no number of days — write 90 days`],
  ],
  [
    "a setting that is no time",
    changed(P, "project: shop", "project: shop\nsettings: { plan_expiry: 24 }"),
    [`${P}:2: "plan_expiry" must be text, not the number 24 — quote it: "24"`],
  ],
  // YAML itself
  [
    "a key given twice",
    changed(A, "key: customer_id", "key: a\nkey: b"),
    [`${A}:4: the key "key" is given twice — keep one of them`],
  ],
  ["a tab", changed(A, "  Email", "\tEmail"), [`${A}:11: a tab indents this line — YAML indents with spaces`]],
  [
    "an unclosed bracket",
    changed(A, "{ column: last_name }", "{ column: last_name"),
    [
      `${A}:13: this is not YAML: Flow map in block collection must be sufficiently indented and end with a } — check the indentation, the quotes and the brackets around it`,
    ],
  ],
  [
    "two documents",
    changed(A, "mode: upsert", "---\nmode: upsert"),
    [`${A}:9: a second YAML document begins here — write one document per file`],
  ],
  [
    "a tag",
    changed(A, "email", "!env EMAIL"),
    [`${A}:11: YAML tags (!…) are not used here — quote the text if it begins with !`],
  ],
  [
    "an empty file",
    { ...soundProject, "syncs/b.yml": "" },
    [`syncs/b.yml:1: the file is empty — write something, or delete it`],
  ],
  [
    "a list for a file",
    { ...soundProject, "syncs/b.yml": "- a\n" },
    [`syncs/b.yml:1: the file must hold keys and values — write \`key: value\` lines`],
  ],
  [
    "an alias that holds itself",
    changed(A, "  Email: email", "  Email: &a { value: [*a] }"),
    [`${A}:11: this alias cannot be followed — write the value out`],
  ],
  [
    "a number that loses its digits",
    changed(A, "Email: email", "Email: { value: 12345678901234567890 }"),
    [`${A}:11: the number 12345678901234567890 is too large to keep its digits — quote it: "12345678901234567890"`],
  ],
  [
    "a broken file of segments",
    { ...soundProject, "segments/s.yml": "a: [\n" },
    [
      `segments/s.yml:2: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] — check the indentation, the quotes and the brackets around it`,
    ],
  ],
  // variables
  [
    "an unset variable",
    changed(P, "top-secret-2", variable("KLAVIYO_API_KEY")),
    [
      `${P}:15: warning: the environment variable KLAVIYO_API_KEY is not set — set it in the environment or in .env before it is used`,
    ],
  ],
  [
    "an unset variable that would be an address",
    changed(P, "https://example.com", variable("HOOK_URL")),
    [
      `${P}:18: warning: the environment variable HOOK_URL is not set — set it in the environment or in .env before it is used`,
    ],
  ],
];

describe("check", () => {
  it("finds nothing in a sound project", () => {
    expect(checkLines(soundProject)).toEqual([]);
  });

  it.each(cases)("names place, fault and mend of %s", (_name, files, lines) => {
    expect(checkLines(files)).toEqual(lines);
  });

  it("reports the faults of all files together", () => {
    const more = {
      "syncs/h.yml": hook.replace("key: id\n", ""),
      [A]: changed(A, "mode: upsert", "mode: upser")[A] ?? "",
    };
    expect(checkLines(changed(P, "connector: klaviyo", "connector: klavio", more))).toHaveLength(3);
  });

  it("takes a variable's digits as a number where a number is wanted, and as text where text is", () => {
    const files = changed(
      P,
      "base_url: https://example.com",
      `base_url: ${variable("URL")}\n    timeout: ${variable("TIMEOUT")}\n    verify: ${variable("VERIFY")}`,
    );
    const good = { URL: "https://example.com", TIMEOUT: "30", VERIFY: "true" };
    expect(checkLines(files, good)).toEqual([]);
    expect(checkLines(files, { ...good, TIMEOUT: "soon" })).toEqual([`${P}:19: "timeout" must be a number, not text`]);
    expect(checkLines(changed(P, "top-secret-2", variable("KEY")), { KEY: "123456" })).toEqual([]);
  });

  it("never shows what an account holds", () => {
    const files = changed(P, "base_url: https://example.com", "base_url: hunter2\n    auth: { type: hunter2 }");
    expect(checkLines(files).join("\n")).not.toContain("hunter2");
    expect(checkLines(files)).toHaveLength(2);
  });
});
