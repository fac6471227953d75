import type { IdentityConfig, IdentitySource, Namespace, Normaliser } from "../core/identity.ts";
import { defaultWeights } from "../core/match-weights.ts";
import { durationMs, percent } from "./duration.ts";
import type { IdentityYaml } from "./identity-schema.ts";

const dayMs = 86_400_000;

/** What a sound identity.yml says, with what it leaves out filled in. */
export function normaliseIdentity(yaml: IdentityYaml): IdentityConfig {
  const { guards = {}, matching } = yaml;
  const brake = guards.brake === "off" ? { merges: undefined, largest: undefined } : (guards.brake ?? {});
  return {
    namespaces: Object.entries(yaml.namespaces)
      .map(([name, each]) => namespaceOf(name, each))
      .sort((a, b) => a.priority - b.priority),
    sources: Object.entries(yaml.sources).map(([name, each]) => sourceOf(name, each)),
    blocked: Object.entries(yaml.blocked ?? {}).map(([name, { values = [], patterns = [] }]) => ({
      namespace: name === "any" ? null : name,
      values,
      patterns,
    })),
    guards: {
      learnBlockedAbove: numberOr(guards.learn_blocked_above, 50),
      maxCluster: numberOr(guards.max_cluster, 200),
      strongFrom: numberOr(guards.strong_from, 0.99),
      limited: guards.limited ?? "attach",
      skewSeconds: seconds(guards.future) ?? dayMs / 1000,
      brake: {
        merges: brake.merges === undefined ? null : (percent(String(brake.merges)) ?? null),
        largest: brake.largest ?? null,
      },
    },
    survivorship: Object.entries(yaml.survivorship ?? {}).map(([name, each]) =>
      Array.isArray(each) ? { name, bundle: [], order: each } : { name, bundle: each.bundle ?? [], order: each.order },
    ),
    matching:
      matching === undefined
        ? null
        : {
            compare: comparisons(matching),
            blockOn: matching.block_on ?? [],
            weights: matching.weights ?? null,
            weighing: defaultWeights(comparisons(matching)),
            threshold: matching.threshold,
            recutAbove: numberOr(matching.recut_above, 20),
          },
  };
}

const comparisons = ({ compare }: NonNullable<IdentityYaml["matching"]>) =>
  Object.entries(compare).map(([trait, kind]) => ({ trait, kind }));

function namespaceOf(name: string, yaml: IdentityYaml["namespaces"][string]): Namespace {
  const { within, ...most } = yaml.limit ?? {};
  return {
    name,
    priority: yaml.priority,
    unique: yaml.unique ?? false,
    verified: yaml.verified ?? false,
    normalise: normaliserOf(yaml.normalise ?? "text"),
    limits: Object.entries(most).map(([namespace, count]) => ({
      namespace,
      most: Number(count),
      withinSeconds: seconds(within),
    })),
  };
}

function normaliserOf(yaml: NonNullable<IdentityYaml["namespaces"][string]["normalise"]>): Normaliser {
  if (yaml === "email") return { kind: "email", dropDots: false, dropTag: false };
  if (typeof yaml === "string") return { kind: yaml };
  if ("phone" in yaml) return { kind: "phone", country: yaml.phone };
  return { kind: "email", dropDots: yaml.email.includes("drop_dots"), dropTag: yaml.email.includes("drop_tag") };
}

function sourceOf(name: string, yaml: IdentityYaml["sources"][string]): IdentitySource {
  return {
    name,
    relation:
      yaml.model === undefined ? { kind: "table", name: yaml.table ?? "" } : { kind: "model", name: yaml.model },
    key: yaml.key,
    at: yaml.at ?? null,
    trust: yaml.trust ?? 1,
    confidence: yaml.confidence ?? 1,
    identifiers: Object.fromEntries(
      Object.entries(yaml.identifiers ?? {}).map(([namespace, columns]) => [
        namespace,
        typeof columns === "string" ? [columns] : columns,
      ]),
    ),
    traits: yaml.traits ?? {},
    ttlSeconds: seconds(yaml.ttl),
  };
}

const seconds = (text: string | undefined): number | null => {
  const ms = text === undefined ? undefined : durationMs(text);
  return ms === undefined ? null : ms / 1000;
};

const numberOr = (value: number | "off" | undefined, otherwise: number): number | null =>
  value === "off" ? null : (value ?? otherwise);
