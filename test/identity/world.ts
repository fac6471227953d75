import type { IdentityLab } from "../support/identity-lab.ts";
import type { PlainRecord, PlainRules } from "./reference.ts";

/** A reproducible stream of numbers in [0, 1). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What identity.yml says of reading records. */
interface Reading {
  /** `ann+shop@…` is `ann@…`. */
  readonly tags: "kept" | "dropped";
  /** crm's second address: without it, the records have a column less. */
  readonly second: "declared" | "gone";
  readonly web: "declared" | "gone";
}

/** A changed record has another one, or only another instant. */
const firstNames = ["Ann", "Bea", "Cyd", "Dee", null] as const;

const otherwise: Reading = { tags: "dropped", second: "gone", web: "gone" };
const atFirst: Reading = { tags: "kept", second: "declared", web: "declared" };

/** Records of two sources that come, go and change: few values, so that they meet. */
export class World {
  readonly records = new Map<string, PlainRecord>();
  reading = atFirst;
  rules: PlainRules = { blocked: [], learnAbove: null, fanOut: null, withinDays: 10, mustLink: [] };
  readonly next: () => number;

  constructor(seed: number) {
    this.next = numbers(seed);
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  one(prefix: string, of: number, chance: number): string | null {
    return this.next() < chance ? `${prefix}${this.below(of)}` : null;
  }

  put(source: "crm" | "web", key: number): void {
    const email = () => {
      const name = this.one("e", 25, 0.7);
      if (name === null) return null;
      return this.below(3) === 0 ? `${name}+${this.below(2)}@example.com` : `${name}@example.com`;
    };
    const identifiers =
      source === "crm"
        ? { user_id: this.one("u", 20, 0.6), email: email(), email_2: this.next() < 0.3 ? email() : null }
        : { user_id: this.one("u", 20, 0.2), email: email(), device_id: this.one("d", 15, 0.8) };
    this.records.set(`${source} ${key}`, { source, key, day: this.below(40), identifiers });
  }

  /** The records as identity.yml has them read. */
  read(): PlainRecord[] {
    const { tags, second, web } = this.reading;
    const address = (value: string | null | undefined) =>
      value === null || value === undefined || tags === "kept" ? (value ?? null) : value.replace(/[+][^@]*@/, "@");
    return [...this.records.values()]
      .filter(({ source }) => source === "crm" || web === "declared")
      .map(({ identifiers, ...record }) => {
        const { email, email_2 } = identifiers;
        const other = second === "declared" ? address(email_2) : null;
        return { ...record, identifiers: { ...identifiers, email: address(email), email_2: other } };
      });
  }

  /** One rule of reading becomes what it was not. */
  turn(rule: keyof Reading): "rules" {
    this.reading = { ...this.reading, [rule]: this.reading[rule] === atFirst[rule] ? otherwise[rule] : atFirst[rule] };
    return "rules";
  }

  /** One random move: a few records come, change and go, or a rule changes. Says whether identity.yml changed. */
  step(): "records" | "rules" {
    const chance = this.next();
    if (chance < 0.25) {
      const pick = this.below(7);
      const turned = (["tags", "second", "web"] as const)[pick - 4];
      if (turned !== undefined) return this.turn(turned);
      if (pick === 0)
        this.rules = {
          ...this.rules,
          blocked: [`email e${this.below(25)}@example.com`, `device_id d${this.below(15)}`],
        };
      if (pick === 1) this.rules = { ...this.rules, blocked: [] };
      if (pick === 2) this.rules = { ...this.rules, fanOut: this.rules.fanOut === null ? 1 + this.below(2) : null };
      if (pick === 3)
        this.rules = { ...this.rules, learnAbove: this.rules.learnAbove === null ? 2 + this.below(2) : null };
      return "rules";
    }
    for (let i = 0; i < 4; i++) this.put(this.next() < 0.5 ? "crm" : "web", this.below(20));
    const keys = [...this.records.keys()];
    for (let i = 0; i < 3 && keys.length > 8; i++) this.records.delete(keys[this.below(keys.length)] ?? "");
    return "records";
  }

  yaml(more: { readonly unique?: boolean } = {}): string {
    const { blocked, learnAbove, fanOut, withinDays } = this.rules;
    const { tags, second, web } = this.reading;
    const values = (namespace: string) =>
      blocked.filter((name) => name.startsWith(`${namespace} `)).map((name) => JSON.stringify(name.split(" ")[1]));
    const limit = fanOut === null ? "" : `, limit: { email: ${fanOut}, within: ${withinDays} days }`;
    return `identity:
  namespaces:
    user_id: { priority: 1, verified: true${more.unique === true ? ", unique: true" : ""} }
    email: { priority: 2, normalise: ${tags === "kept" ? "email" : "{ email: [drop_tag] }"} }
    device_id: { priority: 3${limit} }
  sources:
    crm: { table: crm, key: id, at: seen, identifiers: { user_id: user_id, email: ${second === "declared" ? "[email, email_2]" : "email"} }, traits: { first_name: first_name } }
${web === "gone" ? "" : "    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }\n"}  blocked:
    email: { values: [${values("email").join(", ")}] }
    device_id: { values: [${values("device_id").join(", ")}] }
  guards: { learn_blocked_above: ${learnAbove ?? "off"}, max_cluster: off, brake: off, limited: merge }
`;
  }

  async load(lab: IdentityLab): Promise<void> {
    const rows = (source: string) =>
      [...this.records.values()]
        .filter((record) => record.source === source)
        .map(({ key, day, identifiers: { user_id, email, email_2, device_id } }) => {
          // as people type it: letter case and blanks say nothing
          const typed = email === null || email === undefined ? null : ` ${email.toUpperCase()} `;
          const seen = new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 19).replace("T", " ");
          const cells =
            source === "crm"
              ? [user_id, typed, email_2, firstNames[(key + day) % firstNames.length]]
              : [user_id, typed, device_id, null];
          return `(${key}, timestamp '${seen}', ${cells.map((cell) => (cell === null || cell === undefined ? "null" : `'${cell}'`)).join(", ")})`;
        });
    for (const [source, last] of [
      ["crm", "email_2 text, first_name text"],
      ["web", "device_id text, unused text"],
    ] as const) {
      const all = rows(source);
      await lab.sql(
        `create table if not exists ${source} (id integer, seen timestamp, user_id text, email text, ${last})`,
        `delete from ${source}`,
        ...(all.length > 0 ? [`insert into ${source} values ${all.join(", ")}`] : []),
      );
    }
  }

  async decide(lab: IdentityLab, kind: "must_link" | "cannot_link" | "pin", a: string, b: string): Promise<void> {
    const [an = "", av = ""] = a.split(" ");
    const [bn = "", bv = ""] = b.split(" ");
    await lab.sql(
      `insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('${kind} ${a} ${b}', '${kind}', '${an}', '${av}', '${bn}', '${bv}', 'test', 'test', timestamp '2025-01-01 00:00:00')`,
    );
    if (kind === "must_link") this.rules = { ...this.rules, mustLink: [...this.rules.mustLink, [a, b]] };
  }
}
