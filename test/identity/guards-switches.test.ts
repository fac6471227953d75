import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { assignment, build, declare } from "./stitching.ts";

interface Switches {
  readonly unique: boolean;
  readonly limit: string;
  readonly blocked: string;
  readonly guards: string;
}

const on: Switches = {
  unique: true,
  limit: ", limit: { email: 2, within: 30 days }",
  blocked: `{ email: { values: [test@x.org], patterns: ["^(noreply|info)@"] }, any: { values: [unknown] } }`,
  guards: "learn_blocked_above: 3, max_cluster: 6, strong_from: 0.95, brake: { largest: 6, merges: 10% }",
};
const off: Switches = {
  unique: false,
  limit: "",
  blocked: "{}",
  guards: "learn_blocked_above: off, max_cluster: off, strong_from: off, brake: off",
};

const yaml = ({ unique, limit, blocked, guards }: Switches): string => `identity:
  namespaces:
    user_id: { priority: 1, verified: true, unique: ${unique} }
    member: { priority: 2, verified: true }
    email: { priority: 3, normalise: email }
    phone: { priority: 4 }
    device_id: { priority: 9${limit} }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, member: member, email: email, phone: phone, device_id: device_id } }
    guess: { table: guess, key: id, at: seen, confidence: 0.9, identifiers: { member: member, phone: phone } }
  blocked: ${blocked}
  guards: { ${guards} }
`;

interface Seen {
  readonly user_id?: string;
  readonly member?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly device_id?: string;
  /** Of January 2025, in `web`. */
  readonly day?: number;
}

/** Records that show one guard at work: who is together while it is on; all of them are one while it is off. */
interface Case {
  readonly records: readonly Seen[];
  readonly guesses?: readonly Seen[];
  readonly on: readonly (readonly string[])[];
  /** In place of all of them in one. */
  readonly off?: readonly (readonly string[])[];
  /** Guard and subject. */
  readonly told: readonly string[];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

const cases: Readonly<Record<string, Case>> = {
  "a value that is listed": {
    records: [
      { email: "test@x.org", phone: "b1" },
      { email: "test@x.org", phone: "b2" },
    ],
    on: [["phone b1"], ["phone b2"]],
    told: ["blocked_value test@x.org"],
  },
  "a pattern": {
    records: [
      { email: "NoReply@x.org", phone: "n1" },
      { email: "noreply@x.org", phone: "n2" },
      { email: "not.noreply@x.org", phone: "n3" },
      { email: "not.noreply@x.org", phone: "n2" },
    ],
    on: [["phone n1"], ["email not.noreply@x.org", "phone n2", "phone n3"]],
    told: ["blocked_value noreply@x.org"],
  },
  "a value that is listed for any namespace": {
    records: [
      { phone: "unknown", email: "k1@x.org" },
      { phone: "unknown", email: "k2@x.org" },
    ],
    on: [["email k1@x.org"], ["email k2@x.org"]],
    told: ["blocked_value unknown"],
  },
  "a value found to link too many, and not one that links as many as may be": {
    records: [
      ...range(4).map((i) => ({ phone: "often", email: `o${i}@x.org` })),
      ...range(3).map((i) => ({ phone: "enough", email: `e${i}@x.org` })),
    ],
    on: [
      ...range(4).map((i) => [`email o${i}@x.org`]),
      ["email e1@x.org", "email e2@x.org", "email e3@x.org", "phone enough"],
    ],
    off: [
      [...range(4).map((i) => `email o${i}@x.org`), "phone often"],
      ["email e1@x.org", "email e2@x.org", "email e3@x.org", "phone enough"],
    ],
    told: ["learned_value often"],
  },
  "a device seen with too many addresses within its days": {
    records: range(3).map((i) => ({ device_id: "kiosk", email: `f${i}@x.org`, day: i })),
    on: range(3).map((i) => [`email f${i}@x.org`]),
    told: ["fan_out kiosk"],
  },
  "a device seen with as many as may be, and with one long ago: it goes with one of them": {
    records: [
      { device_id: "tablet", email: "g1@x.org", day: -60 },
      { device_id: "tablet", email: "g2@x.org", day: 20 },
      { device_id: "tablet", email: "g3@x.org", day: 21 },
    ],
    on: [["email g1@x.org"], ["email g2@x.org"], ["device_id tablet", "email g3@x.org"]],
    told: ["limited tablet"],
  },
  "a blocked address, which counts towards no limit": {
    records: [
      { device_id: "shared", email: "h1@x.org", day: 1 },
      { device_id: "shared", email: "h2@x.org", day: 2 },
      { device_id: "shared", email: "info@h.org", day: 3 },
    ],
    on: [["email h1@x.org"], ["device_id shared", "email h2@x.org"]],
    told: ["blocked_value info@h.org", "limited shared"],
  },
  "a unique namespace": {
    records: [
      { user_id: "u1", phone: "both", day: 1 },
      { user_id: "u2", phone: "both", day: 2 },
    ],
    on: [["user_id u1"], ["phone both", "user_id u2"]],
    told: ["unique_user_id u1", "unique_user_id u2"],
  },
  "a weak edge between anchored profiles, which would be over the cap together": {
    records: ["m1", "m2"].flatMap((member) => range(3).map((i) => ({ member, phone: `${member}-${i}` }))),
    guesses: [{ member: "m1", phone: "m2-1" }],
    on: ["m1", "m2"].map((member) => [`member ${member}`, ...range(3).map((i) => `phone ${member}-${i}`)]),
    told: ["weak_edge"],
  },
  "a cluster over the cap, and not one at it: nobody in it has a profile yet": {
    records: [
      ...range(6).map((i) => ({ member: "crowd", phone: `c${i}` })),
      ...range(5).map((i) => ({ member: "family", phone: `y${i}` })),
    ],
    on: [["member family", ...range(5).map((i) => `phone y${i}`)]],
    off: [
      ["member crowd", ...range(6).map((i) => `phone c${i}`)],
      ["member family", ...range(5).map((i) => `phone y${i}`)],
    ],
    told: ["max_cluster"],
  },
};

describe("guards, each on and off", { timeout: 120_000 }, () => {
  let lab: IdentityLab;
  const states: { name: "on" | "off"; profiles: Map<string, string>; told: string[] }[] = [];
  const all = Object.values(cases);

  const state = async (name: "on" | "off") => {
    const told = await lab.sql("select guard, value from identity_violation order by guard, value");
    states.push({
      name,
      profiles: await assignment(lab),
      told: told.map(({ guard, value }) => `${String(guard)} ${String(value)}`),
    });
  };
  const of = (name: "on" | "off") => states.find((each) => each.name === name) ?? { profiles: new Map(), told: [] };

  beforeAll(async () => {
    lab = await openIdentityLab({});
    const columns = ["user_id", "member", "email", "phone", "device_id"] as const;
    const rows = (seen: readonly Seen[]) =>
      seen.map(
        (each, i) =>
          `(${i}, timestamp '2025-01-01' + to_days(${each.day ?? 1}), ${columns.map((column) => (each[column] === undefined ? "null" : `'${each[column]}'`)).join(", ")})`,
      );
    for (const [table, seen] of [
      ["web", all.flatMap(({ records }) => records)],
      ["guess", all.flatMap(({ guesses = [] }) => guesses)],
    ] as const)
      await lab.sql(
        `create table ${table} (id integer, seen timestamp, ${columns.map((column) => `${column} text`).join(", ")})`,
        `insert into ${table} values ${rows(seen).join(", ")}`,
      );
    await declare(lab, yaml(on));
    await build(lab);
    await state("on");
  }, 240_000);
  afterAll(() => lab?.close());

  it("holds a run by the brake for what is larger than it allows, not for what is quarantined", async () => {
    // the largest profile has six identifiers, and the quarantined cluster seven
    await declare(lab, yaml({ ...on, guards: on.guards.replace("largest: 6", "largest: 5") }));
    await expect(build(lab)).rejects.toThrow(
      /IDENTITY_BRAKE: identity run 2 is held: a profile would have 6 identifiers \(brake.largest: 5\). Nothing was published/,
    );
    expect(await assignment(lab)).toEqual(of("on").profiles);
  });

  it("counts values that a decision joins as one of a unique namespace", async () => {
    await lab.sql(
      "insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('1', 'must_link', 'user_id', 'u1', 'user_id', 'u2', 'ann', 'two accounts', timestamp '2025-01-05')",
    );
    await declare(lab, yaml({ ...on, guards: on.guards.replace("merges: 10%", "merges: 3%") }));
    await expect(build(lab)).rejects.toThrow(
      /run 2 is held: 1 of \d+ profiles would be merged \(brake.merges: 3.0%\)\. Nothing was published/,
    );
    expect(await assignment(lab)).toEqual(of("on").profiles);
    await declare(lab, yaml(on));
    await build(lab);
    const profiles = await assignment(lab);
    expect(new Set(["user_id u1", "user_id u2", "phone both"].map((name) => profiles.get(name))).size).toBe(1);
    await lab.sql("update identity_decision set withdrawn_at = timestamp '2025-01-06'");
  });

  it("builds with all of them off", async () => {
    await declare(lab, yaml(off));
    await build(lab);
    await state("off");
    expect(of("off").told).toEqual([]);
  });

  describe.each(Object.entries(cases))("%s", (_what, each) => {
    const names = [...new Set([...each.records, ...(each.guesses ?? [])].flatMap((seen) => namesOf(seen)))];
    it("is told and keeps people apart while its guard is on", () => {
      expect(partition(of("on").profiles, names)).toEqual(sorted(each.on));
      for (const told of each.told) expect(of("on").told).toContainEqual(expect.stringContaining(told));
    });

    it("joins them while it is off", () => {
      expect(partition(of("off").profiles, names)).toEqual(sorted(each.off ?? [names]));
    });
  });
});

function namesOf({ day: _day, ...seen }: Seen): string[] {
  return Object.entries(seen).map(
    ([namespace, value]) => `${namespace} ${namespace === "email" ? value.toLowerCase() : value}`,
  );
}

/** Who of `names` is together; those without a profile are left out. */
function partition(profiles: ReadonlyMap<string, string>, names: readonly string[]): string[][] {
  const held = names.filter((name) => profiles.has(name));
  return sorted([...Map.groupBy(held, (name) => profiles.get(name)).values()]);
}

const sorted = (groups: readonly (readonly string[])[]): string[][] =>
  groups.map((group) => [...group].sort()).sort((a, b) => (String(a) < String(b) ? -1 : 1));
