import type { IdentityLab } from "../support/identity-lab.ts";
import { assignment } from "./stitching.ts";
import { World } from "./world.ts";

/** What is declared beside the records. */
interface Rules {
  readonly unique: string;
  /** Confidence of the edges of `web`. */
  readonly guessed: number;
  readonly cap: string;
  readonly limit: string;
  readonly limited: string;
  readonly learn: string;
  readonly blocked: string;
  readonly normalise: string;
  readonly web: "declared" | "gone";
  readonly survivorship: string;
}

const everyGuard: Rules = {
  unique: ", unique: true",
  guessed: 0.9,
  cap: "3",
  limit: ", limit: { email: 2, within: 20 days }",
  limited: "attach",
  learn: "6",
  blocked: "e1@example.com, e2@example.com",
  normalise: "text",
  web: "declared",
  survivorship: "most_frequent, most_recent",
};

type Move = Partial<Rules> & { readonly decide?: "cannot_link" | "must_link" | "pin" | "withdraw" };

/** The first moves; with an empty one nothing but records changes, so that only what they touch is worked out again. */
const script: readonly Move[] = [
  { decide: "pin" },
  { decide: "cannot_link" },
  { web: "gone" },
  { web: "declared", decide: "must_link" },
  { normalise: "lower", blocked: "", survivorship: "longest" },
  { decide: "withdraw", limited: "merge" },
  { cap: "off", learn: "off" },
];

/** What a longer form picks from, after the script. */
const further: readonly Move[] = [
  ...script,
  {},
  {},
  { decide: "pin" },
  everyGuard,
  everyGuard,
  { unique: "" },
  { guessed: 1 },
  { cap: "3" },
  { limit: "" },
  { learn: "2" },
  { limited: "attach" },
];

/** Some hundred identifiers in clusters of a few, with a kiosk and an address that is nobody's, and every guard at work. */
export class GuardedWorld extends World {
  #rules = everyGuard;

  constructor(seed: number) {
    super(seed);
    for (let key = 0; key < 140; key++) this.put(key % 3 === 0 ? "crm" : "web", key);
  }

  override put(source: "crm" | "web", key: number): void {
    const user_id = this.one("u", 60, source === "crm" ? 0.6 : 0.2);
    const email = this.#often("e", 90, 0.8);
    const identifiers =
      source === "crm"
        ? {
            user_id,
            email: this.#address(email),
            email_2: this.next() < 0.2 ? this.#address(this.#often("e", 90, 1)) : null,
          }
        : { user_id, email: this.#address(email), device_id: this.#typed(this.#often("d", 80, 0.9)) };
    this.records.set(`${source} ${key}`, { source, key, day: this.below(40), identifiers });
  }

  /** One of many, or sometimes one that everybody bears. */
  #often(prefix: string, of: number, chance: number): string | null {
    const shared = this.below(24);
    return shared < 3 ? `${prefix}${shared < 2 ? 0 : 3}` : this.one(prefix, of, chance);
  }

  #address = (name: string | null): string | null => (name === null ? null : `${name}@example.com`);

  /** In two letter cases: two identifiers, until `normalise: lower`. */
  #typed = (name: string | null): string | null => (name !== null && this.below(4) === 0 ? name.toUpperCase() : name);

  /** Records come, change and go; then the next move, on `identity.yml` or by a decision. Says whether the former changed. */
  async move(lab: IdentityLab, step: number): Promise<"records" | "rules"> {
    const { decide, ...rules } = script[step] ?? further[this.below(further.length)] ?? {};
    this.#rules = { ...this.#rules, ...rules };
    for (let i = 0; i < 6; i++) this.put(this.next() < 0.4 ? "crm" : "web", this.below(160));
    const keys = [...this.records.keys()];
    for (let i = 0; i < 4; i++) this.records.delete(keys[this.below(keys.length)] ?? "");
    await this.load(lab);
    if (decide === "cannot_link") {
      const together = await twoOfOne(lab);
      if (together !== null) await this.decide(lab, decide, ...together);
    }
    if (decide === "must_link") await this.decide(lab, decide, ...(await oneOfTwo(lab)));
    if (decide === "pin") {
      const [record] = [...(await assignment(lab)).keys()].filter((name) => name.startsWith("record:crm")).sort();
      await this.decide(lab, decide, record ?? "", "trait:first_name Eve");
    }
    if (decide === "withdraw")
      await lab.sql("update identity_decision set withdrawn_at = timestamp '2025-06-01 00:00:00'");
    return Object.keys(rules).length === 0 ? "records" : "rules";
  }

  /** When a run is: at first within the age that crm's word counts for, days apart, and at one step back. */
  asOf(step: number): string {
    return new Date(Date.UTC(2025, 10, 20 + 5 * (step === 3 ? 0 : step))).toISOString().slice(0, 19).replace("T", " ");
  }

  override yaml(): string {
    const { unique, guessed, cap, limit, limited, learn, blocked, normalise, web, survivorship } = this.#rules;
    const identifiers = "user_id: user_id, email: email, device_id: device_id";
    return `identity:
  namespaces:
    user_id: { priority: 1, verified: true${unique} }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3, normalise: ${normalise}${limit} }
  sources:
    crm: { table: crm, key: id, at: seen, identifiers: { user_id: user_id, email: [email, email_2] }, traits: { first_name: first_name }, ttl: 310 days }
${web === "gone" ? "" : `    web: { table: web, key: id, at: seen, confidence: ${guessed}, identifiers: { ${identifiers} } }\n`}  blocked:
    email: { values: [${blocked}] }
  guards: { learn_blocked_above: ${learn}, max_cluster: ${cap}, limited: ${limited}, brake: off }
  survivorship: { default: [${survivorship}] }
`;
  }
}

/** Profiles by id with the names of their addresses, in an order that random ids do not decide. */
async function addresses(lab: IdentityLab): Promise<readonly string[][]> {
  const names = [...(await assignment(lab))].filter(([name]) => name.startsWith("email")).sort();
  return [...Map.groupBy(names, ([, profile]) => profile).values()].map((members) => members.map(([name]) => name));
}

/** Two addresses of one profile; null: no profile has two. */
async function twoOfOne(lab: IdentityLab): Promise<readonly [string, string] | null> {
  for (const [a, b] of await addresses(lab)) if (a !== undefined && b !== undefined) return [a, b];
  return null;
}

/** An address of each of two profiles. */
async function oneOfTwo(lab: IdentityLab): Promise<readonly [string, string]> {
  const [[a = ""] = [], , [b = ""] = []] = await addresses(lab);
  return [a, b];
}
