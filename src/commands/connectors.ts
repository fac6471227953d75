import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Connector, Target } from "../destinations/connector.ts";
import { allConnectors } from "../destinations/registry.ts";
import { bold, dim } from "../report/paint.ts";
import type { VerbAction } from "./run-verb.ts";

/** `connectors [NAME]`: what can be written in `accounts:` and `to:`. Needs no project. */
export const connectors =
  (name: string | undefined): VerbAction =>
  async ({ out }) => {
    const all = await allConnectors();
    const known = Object.keys(all).sort();
    if (name !== undefined && !known.includes(name)) {
      throw new ConfigError(`there is no connector ${name}`, { hint: `There are: ${known.join(", ")}.` });
    }
    const described = known
      .filter((id) => name === undefined || id === name)
      .flatMap((id) => (all[id] ? [describe(all[id])] : []));
    const paint = { color: out.color };
    for (const connector of described) {
      out.print(
        `${bold(paint, connector.id)}  ${dim(paint, `${connector.category}${connector.api_version === "" ? "" : `, API ${connector.api_version}`}`)}`,
      );
      if (name === undefined) {
        out.print(`  targets: ${connector.targets.map((target) => target.name).join(", ")}`);
        continue;
      }
      out.print(`  account: ${keysText(connector.account)}`);
      for (const target of connector.targets) {
        out.print(`  ${bold(paint, target.name)}  ${target.description}`);
        out.print(`    options: ${keysText(target.options) || "none"}`);
        out.print(`    operations: ${target.operations.join(", ")}; modes: ${target.modes.join(", ")}`);
        out.print(
          `    identifiers: ${target.identifiers.join(", ") || "any"}${target.needs_match ? " (match: is required)" : ""}`,
        );
        const fields = Object.entries(target.fields).map(([field, type]) => `${field} (${type})`);
        out.print(`    fields: ${[...fields, ...(target.other_fields ? ["any other"] : [])].join(", ")}`);
      }
    }
    out.emit(name === undefined ? { connectors: described } : described[0]);
    return 0;
  };

interface KeyInfo {
  readonly name: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly description: string | null;
}

const describe = (connector: Connector) => ({
  id: connector.id,
  category: connector.category,
  api_version: connector.apiVersion,
  account: keysOf(connector.account),
  targets: Object.entries(connector.targets).map(([name, target]) => describeTarget(name, target)),
});

const describeTarget = (name: string, target: Target) => ({
  name,
  description: target.description,
  kind: target.kind,
  options: keysOf(target.options),
  operations: target.ops,
  modes: target.modes,
  identifiers: target.identifiers,
  needs_match: target.needsMatch,
  only_if_empty: target.onlyIfEmpty,
  fields: target.fields.known,
  other_fields: target.fields.others === "allowed",
});

const jsonSchema = z.object({
  properties: z
    .record(z.string(), z.object({ secret: z.boolean().optional(), description: z.string().optional() }).loose())
    .optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
});

/** The keys a schema accepts, read from the schema itself; of alternatives, all of them. */
function keysOf(schema: z.ZodType): KeyInfo[] {
  return keysIn(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

function keysIn(schema: unknown): KeyInfo[] {
  const { properties = {}, required = [], anyOf = [], allOf = [] } = jsonSchema.parse(schema);
  const own = Object.entries(properties).map(([name, { secret, description }]) => ({
    name,
    required: required.includes(name),
    secret: secret === true,
    description: description ?? null,
  }));
  const nested = [...anyOf, ...allOf].flatMap(keysIn);
  return [...own, ...nested.filter((key, i) => nested.findIndex((other) => other.name === key.name) === i)];
}

const keysText = (keys: readonly KeyInfo[]): string =>
  keys.map(({ name, required, secret }) => `${name}${required ? "" : "?"}${secret ? " (secret)" : ""}`).join(", ");
