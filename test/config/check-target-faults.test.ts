import { describe, expect, it } from "vitest";
import { A, checkLines, type FaultCase, hook, newsletter, P, profile } from "./faulty.ts";
import { changed, type Files, soundProject } from "./temp-project.ts";

/** A second sync, as the sound one but for some of its text. */
const second = (from: string, to: string): Files => {
  const text = changed(A, from, to)[A] ?? "";
  return { ...soundProject, "syncs/b.yml": text };
};

const cases: readonly FaultCase[] = [
  // a sync and its target
  [
    "an unknown account",
    changed(A, "account: sales", "account: sale"),
    [`${A}:6: there is no account "sale" — did you mean "sales"?`],
  ],
  [
    "an unknown target",
    changed(A, "target: record", "target: contact"),
    [`${A}:7: salesforce has no target "contact" — targets: record`],
  ],
  [
    "an unknown option of a target",
    changed(A, "object: Contact", "objekt: Contact"),
    [`${A}:8: unknown key "objekt" — did you mean "object"?`],
  ],
  [
    "an option that is missing",
    changed(A, "  object: Contact\n", ""),
    [`${A}:5: the key "object" is missing — add \`object: …\``],
  ],
  [
    "a mode the target lacks",
    changed(A, "mode: upsert", "mode: append"),
    [`${A}:9: the target record cannot append — it can: mirror, upsert, insert, update, remove`],
  ],
  [
    "mirror on records that does not say",
    changed(A, "mode: upsert", "mode: mirror"),
    [
      `${A}:9: mirror must say what becomes of a record whose row left the model: leaving a segment must not delete it by accident — add \`when_removed: { set: { Field: null } }\`, or \`when_removed: delete\` if deleting is meant`,
    ],
  ],
  [
    "no match where one is needed",
    changed(A, "match: { Customer_No__c: customer_id }\n", ""),
    [`${A}:4: the target record needs \`match:\` to know whom a row is about — add \`match: { Field: column }\``],
  ],
  [
    "an identifier the target does not know",
    { ...soundProject, "syncs/n.yml": `${newsletter}match: { mail: email }\n` },
    [`syncs/n.yml:6: the target list knows nobody by "mail" — did you mean "email"?`],
  ],
  [
    "when_removed on a list",
    { ...soundProject, "syncs/n.yml": `${newsletter}match: { email: email }\nwhen_removed: delete\n` },
    [
      `syncs/n.yml:7: leaving a list ends the membership and nothing else, so when_removed has no meaning here — leave it out`,
    ],
  ],
  [
    "deleting leavers where the target deletes nothing",
    { ...soundProject, "syncs/p.yml": `${profile.replace("mode: upsert", "mode: mirror")}when_removed: delete\n` },
    [
      `syncs/p.yml:8: the target profile deletes no record — write \`when_removed: { set: { Field: null } }\`, or \`mode: upsert\` to leave the leavers alone`,
    ],
  ],
  [
    "a field the destination does not have",
    { ...soundProject, "syncs/p.yml": profile.replace("first_name:", "firstname:") },
    [`syncs/p.yml:7: the destination has no field "firstname" — did you mean "first_name"?`],
  ],
  [
    "only_if_empty where it cannot be",
    { ...soundProject, "syncs/p.yml": profile.replace(": f }", ": { column: f, only_if_empty: true } }") },
    [`syncs/p.yml:7: the target profile cannot tell whether a field is empty — leave only_if_empty out`],
  ],
  [
    "no fields",
    changed(A, "fields:\n  Email: email\n  LastName: { column: last_name }\n", ""),
    [`${A}:1: the sync sends no field — add \`fields:\`, the destination's field: column of the model`],
  ],
  [
    "what the target says of options and mode together",
    { ...soundProject, "syncs/h.yml": hook.replace("mode: append", "mode: remove") },
    [`syncs/h.yml:4: this path tells nobody who was removed — choose another path`],
  ],
  // syncs together
  [
    "two syncs of one name",
    second("object: Contact", "object: Lead"),
    [`syncs/b.yml:1: the sync "vips" is there already, in ${A}:1 — give one of them another name`],
  ],
  [
    "names that share their tables",
    {
      ...changed(A, "sync: vips", "sync: v-1"),
      "syncs/b.yml": changed(A, "sync: vips", "sync: v_1")[A]?.replace("Contact", "Lead") ?? "",
    },
    [`syncs/b.yml:1: "v_1" and "v-1" in ${A}:1 would share their tables ledger__v_1 — give one of them another name`],
  ],
  [
    "two writers of one field",
    {
      ...soundProject,
      "syncs/b.yml": (soundProject[A] ?? "")
        .replace("sync: vips", "sync: other")
        .replace("Email: email", "Phone: phone"),
    },
    [`syncs/b.yml:12: "LastName" of Contact is written by the sync "vips" too, in ${A}:12 — let one sync write it`],
  ],
  [
    "a ledger taken from a living sync",
    { ...soundProject, "syncs/h.yml": `${hook}renamed_from: vips\n` },
    [
      `syncs/h.yml:7: "vips" still exists in ${A}:1, so its ledger cannot be taken over — leave renamed_from out, or remove the old sync`,
    ],
  ],
  // dbt
  [
    "an unknown model",
    changed(A, "model: vip_customers", "model: vip_customer"),
    [`${A}:2: there is no dbt model "vip_customer" — did you mean "vip_customers"?`],
  ],
  [
    "a segment that is nowhere",
    changed(A, "model: vip_customers", "segment: staf", {
      "segments/staff.yml": "segment: staff\nmodel: vip_customers\n",
    }),
    [`${A}:2: there is no dbt model "staf" for this segment — did you mean "staff"?`],
  ],
  [
    "a model that a package may have",
    changed(A, "model: vip_customers", "model: fivetran_orders", { "sql/packages.yml": "packages: []\n" }),
    [
      `${A}:2: warning: there is no dbt model "fivetran_orders" in sight; a package may have it — run \`millrace build\` once, and dbt knows`,
    ],
  ],
  [
    "after: build without dbt",
    { ...changed(P, "dbt:\n  project: ./sql\n", ""), "syncs/h.yml": `${hook}schedule: { after: build }\n` },
    [
      `syncs/h.yml:7: nothing is ever built here: the project has no dbt — add \`dbt:\` to millrace.yml, or schedule by \`cron:\` or \`every:\``,
    ],
  ],
  [
    "the machine's clock in a model",
    changed("sql/models/vip_customers.sql", "select 1", "select -- now()\n  current_date, 'now()', Now( ),\n 1"),
    [
      "sql/models/vip_customers.sql:2: warning: current_date is another instant in every statement, and again when a run is resumed — write {{ millrace.as_of() }}",
      "sql/models/vip_customers.sql:2: warning: now() is another instant in every statement, and again when a run is resumed — write {{ millrace.as_of() }}",
    ],
  ],
];

describe("check of a sync beside the rest of the project", () => {
  it.each(cases)("names place, fault and mend of %s", (_name, files, lines) => {
    expect(checkLines(files)).toEqual(lines);
  });
});
