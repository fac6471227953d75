import { z } from "zod";
import type { Row } from "../../core/value.ts";

const regex = z.string().refine(
  (source) => {
    try {
      return new RegExp(source) instanceof RegExp;
    } catch {
      return false;
    }
  },
  { error: "not a regular expression" },
);

const common = {
  /** salesforce, klaviyo, hook; absent: any. */
  platform: z.string().optional(),
  /** `path` is a regular expression on the path within the platform, query excluded. */
  match: z.strictObject({ method: z.string().toUpperCase().optional(), path: regex.optional() }).default({}),
  /** How often; default once, `reject_rows` always. For `reject_rows` it counts rows. */
  times: z.union([z.int().positive(), z.literal("always")]).optional(),
  /** Lets so many matching requests pass first. */
  skip: z.int().nonnegative().default(0),
};
const how = z.enum(["hang", "reset"]).default("hang");
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What the sandbox can be told to do wrong; the JSON of POST /_sandbox/misbehave. */
export const misbehaviourSchema = z.discriminatedUnion("kind", [
  /** 429, not applied. `retry_after` in seconds; `form`: as seconds, as an HTTP date, or not at all. */
  z.strictObject({
    ...common,
    kind: z.literal("rate_limit"),
    retry_after: z.number().nonnegative().default(1),
    form: z.enum(["seconds", "date", "none"]).default("seconds"),
  }),
  /** A 5xx without applying. */
  z.strictObject({
    ...common,
    kind: z.literal("error"),
    status: z.int().min(400).max(599).default(503),
    retry_after: z.number().nonnegative().optional(),
  }),
  /** Applied, then a 5xx. */
  z.strictObject({ ...common, kind: z.literal("error_after"), status: z.int().min(500).max(599).default(500) }),
  /** No answer: the connection is held open (hang) or destroyed (reset). Not applied. */
  z.strictObject({ ...common, kind: z.literal("timeout_before"), how }),
  /** Applied, but no answer. */
  z.strictObject({ ...common, kind: z.literal("timeout_after"), how }),
  /** Rows whose `field` has one of `values` fail with `code`. */
  z.strictObject({
    ...common,
    kind: z.literal("reject_rows"),
    field: z.string(),
    values: z.array(scalar).nonempty(),
    code: z.string().optional(),
    message: z.string().default("refused by the sandbox as told"),
  }),
  /** Every credential handed out so far is invalid from this request on. */
  z.strictObject({ ...common, kind: z.literal("expire_token") }),
  /** The next job needs `polls` polls before it is finished. */
  z.strictObject({ ...common, kind: z.literal("slow_job"), polls: z.int().positive() }),
  /** The next job is taken, never runs and is unknown afterwards. */
  z.strictObject({ ...common, kind: z.literal("lost_job") }),
  /** The next job fails after `processed` rows. */
  z.strictObject({
    ...common,
    kind: z.literal("fail_job"),
    processed: z.int().nonnegative().default(0),
    message: z.string().default("InternalServerError : the sandbox was told to fail this job"),
  }),
  /** Applied at once, answered after `ms` milliseconds. */
  z.strictObject({ ...common, kind: z.literal("slow"), ms: z.number().nonnegative() }),
]);

export type MisbehaviourRule = z.infer<typeof misbehaviourSchema>;
export type MisbehaviourInput = z.input<typeof misbehaviourSchema>;
type Kind = MisbehaviourRule["kind"];
type RuleOf<K extends Kind> = Extract<MisbehaviourRule, { kind: K }>;

const JOB_KINDS = ["slow_job", "lost_job", "fail_job"] as const satisfies readonly Kind[];
type JobKind = (typeof JOB_KINDS)[number];
export type RequestRule = Exclude<MisbehaviourRule, { kind: JobKind | "reject_rows" }>;

export interface Asked {
  readonly platform: string;
  readonly method: string;
  readonly path: string;
  readonly signIn: boolean;
}

export interface JobFate {
  readonly polls?: number;
  readonly lost: boolean;
  readonly fail?: { readonly processed: number; readonly message: string };
}

interface Live {
  readonly id: number;
  readonly rule: MisbehaviourRule;
  left: number;
  skip: number;
}

export interface Misbehaviour {
  add(rule: MisbehaviourRule): number;
  list(): readonly { readonly id: number; readonly left: number | "always"; readonly rule: MisbehaviourRule }[];
  clear(): void;
  /** The first rule that concerns this request as a whole, used up by one. */
  forRequest(asked: Asked): RequestRule | undefined;
  /** The fate of a job this request makes. */
  forJob(platform: string, call: { readonly method: string; readonly path: string }): JobFate;
  /** Might a row fail at all? */
  rejectsRows(): boolean;
  /** Why this row must fail; undefined: it may pass. */
  forRow(platform: string, row: Row): { readonly code: string | undefined; readonly message: string } | undefined;
}

export function createMisbehaviour(): Misbehaviour {
  let rules: Live[] = [];
  let ids = 0;

  const matches = (rule: MisbehaviourRule, asked: Asked) =>
    (rule.platform === undefined || rule.platform === asked.platform) &&
    (rule.match.method === undefined || rule.match.method === asked.method) &&
    (rule.match.path === undefined ? !asked.signIn : new RegExp(rule.match.path).test(asked.path));

  const use = (live: Live) => {
    if (live.skip > 0) {
      live.skip -= 1;
      return false;
    }
    live.left -= 1;
    if (live.left <= 0) rules = rules.filter((other) => other !== live);
    return true;
  };

  const takeJob = <K extends JobKind>(kind: K, asked: Asked): RuleOf<K> | undefined => {
    for (const live of rules) {
      if (live.rule.kind === kind && matches(live.rule, asked) && use(live)) return live.rule as RuleOf<K>;
    }
    return undefined;
  };

  return {
    add(rule) {
      ids += 1;
      const times = rule.times ?? (rule.kind === "reject_rows" ? "always" : 1);
      rules.push({ id: ids, rule, left: times === "always" ? Number.POSITIVE_INFINITY : times, skip: rule.skip });
      return ids;
    },
    list: () =>
      rules.map(({ id, rule, left }) => ({ id, left: Number.isFinite(left) ? left : ("always" as const), rule })),
    clear() {
      rules = [];
    },
    forRequest(asked) {
      for (const live of rules) {
        const { rule } = live;
        if (rule.kind === "reject_rows" || rule.kind === "slow_job" || rule.kind === "lost_job") continue;
        if (rule.kind === "fail_job" || !matches(rule, asked)) continue;
        if (use(live)) return rule;
      }
      return undefined;
    },
    forJob(platform, call) {
      if (rules.length === 0) return { lost: false };
      const asked = { platform, method: call.method, path: call.path, signIn: false };
      const slow = takeJob("slow_job", asked);
      const fail = takeJob("fail_job", asked);
      return {
        lost: takeJob("lost_job", asked) !== undefined,
        ...(slow ? { polls: slow.polls } : {}),
        ...(fail ? { fail: { processed: fail.processed, message: fail.message } } : {}),
      };
    },
    rejectsRows: () => rules.some(({ rule }) => rule.kind === "reject_rows"),
    forRow(platform, row) {
      for (const live of rules) {
        const { rule } = live;
        if (rule.kind !== "reject_rows" || (rule.platform !== undefined && rule.platform !== platform)) continue;
        const value = row[rule.field];
        if (value === undefined || !rule.values.some((unwanted) => unwanted === value)) continue;
        if (use(live)) return { code: rule.code, message: rule.message };
      }
      return undefined;
    },
  };
}
