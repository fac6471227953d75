import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../../support/identity-lab.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { build, declare } from "../stitching.ts";

/** Nobody here has traits: a profile is its identifiers. */
const identity = `identity:
  namespaces:
    user_id: { priority: 1, unique: true }
    email: { priority: 2, normalise: email }
    phone: { priority: 3 }
  sources:
    crm: { table: crm, key: id, at: seen, trust: 1, ttl: 365 days, identifiers: { user_id: user_id, email: email, phone: phone } }
    web: { table: web, key: id, at: seen, trust: 2, identifiers: { user_id: user_id, email: [email, other_email], phone: phone } }
  guards: { brake: off }
  survivorship:
    default: [trust, most_recent]
    phone: [most_frequent, longest]
`;

type Seen = readonly [
  id: number,
  on: string,
  user: string,
  email: string | null,
  other: string | null,
  phone: string | null,
];
const crm: readonly Seen[] = [
  [1, "2024-06-01", "u1", "past@x.org", null, null],
  [2, "2025-06-01", "u2", "b@x.org", null, "2222"],
];
const web: readonly Seen[] = [
  [1, "2025-10-01", "u1", "a1@x.org", null, "1111"],
  [2, "2025-11-11", "u1", "A2@x.org", null, "1111"],
  [3, "2025-12-01", "u1", null, null, "11119"],
  [4, "2025-12-01", "u2", "c@x.org", null, null],
  [5, "2025-12-01", "u3", "z@x.org", "d@x.org", "3333"],
  [6, "2025-12-02", "u3", null, null, "33333"],
];

for (const engine of identityEngines()) {
  describe(`identifiers of the golden record on ${engine}`, () => {
    let lab: IdentityLab;
    let database: Database | null = null;
    beforeAll(async () => {
      if (engine === "postgres") database = await freshDatabase();
      lab = await openIdentityLab({}, database?.url);
      const cell = (value: string | number | null) => (value === null ? "null" : `'${value}'`);
      for (const [table, rows] of [
        [`${lab.prefix}crm`, crm],
        [`${lab.prefix}web`, web],
      ] as const) {
        const values = rows.map(
          ([id, on, ...cells]) => `(${id}, timestamp '${on} 00:00:00', ${cells.map(cell).join(", ")})`,
        );
        await lab.sql(
          `create table ${table} (id integer, seen timestamp, user_id text, email text, other_email text, phone text)`,
          `insert into ${table} values ${values.join(", ")}`,
        );
      }
      await declare(lab, identity);
      await build(lab);
    }, 240_000);
    afterAll(async () => {
      await lab?.close();
      await database?.remove();
    });

    const golden = () => lab.sql("select user_id, email, phone from profile_golden order by user_id");
    const said = async (trait: string) =>
      (
        await lab.sql(
          `select g.user_id, p.value, p.rule, p.source, p.record_key, p.losing_values
          from profile_golden_provenance as p inner join profile_golden as g on g.profile_id = p.profile_id
          where p.trait = '${trait}' order by g.user_id`,
        )
      ).map((row) => Object.values(row).join(" | "));

    it("are chosen by the rules of their namespace, or those of the default", async () => {
      expect(await golden()).toEqual([
        { user_id: "u1", email: "a2@x.org", phone: "1111" },
        { user_id: "u2", email: "b@x.org", phone: "2222" },
        { user_id: "u3", email: "z@x.org", phone: "33333" },
      ]);
    });

    it("say which rule, source and record they come from and what lost, without what is past its ttl", async () => {
      expect(await said("email")).toEqual([
        "u1 | a2@x.org | most_recent | web | 2 | a1@x.org (web)",
        "u2 | b@x.org | trust | crm | 2 | c@x.org (web)",
        "u3 | z@x.org | tie_break | web | 5 | d@x.org (web)",
      ]);
      expect(await said("phone")).toEqual([
        "u1 | 1111 | most_frequent | web | 2 | 11119 (web)",
        "u2 | 2222 | only_value | crm | 2 | ",
        "u3 | 33333 | longest | web | 6 | 3333 (web)",
      ]);
      expect(await said("user_id")).toEqual([
        "u1 | u1 | only_value | web | 3 | ",
        "u2 | u2 | only_value | crm | 2 | ",
        "u3 | u3 | only_value | web | 6 | ",
      ]);
      const seen = await lab.sql("select seen_at from profile_golden_provenance where value = 'a2@x.org'");
      expect(seen.map((row) => new Date(String(row.seen_at)).getMonth())).toEqual([10]);
    });

    it("are pinned among the profile's own from the next build on, until the pin is withdrawn", async () => {
      const before = await golden();
      const pin = (n: number, email: string, day: number) =>
        lab.sql(
          `insert into ${lab.prefix}identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('d${n}', 'pin', 'user_id', 'u2', 'trait:email', '${email}', 'eve', 'he said so', timestamp '2025-12-0${day} 00:00:00')`,
        );
      await pin(1, "c@x.org", 1);
      // Another profile's: it is not for him to have.
      await pin(2, "a1@x.org", 2);
      expect(await golden()).toEqual(before);
      await build(lab);
      expect((await golden())[1]).toEqual({ user_id: "u2", email: "c@x.org", phone: "2222" });
      expect((await said("email"))[1]).toBe("u2 | c@x.org | pinned | decision |  | b@x.org (crm)");
      await lab.sql(`update ${lab.prefix}identity_decision set withdrawn_at = timestamp '2025-12-03 00:00:00'`);
      expect((await golden())[1]).toMatchObject({ email: "c@x.org" });
      await build(lab);
      expect(await golden()).toEqual(before);
    }, 120_000);
  });
}
