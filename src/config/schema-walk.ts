import type { z } from "zod";
import { pick } from "./materialise.ts";
import type { SourcePath } from "./source.ts";

type Schema = z.core.$ZodType;

/** The kinds a value may be at this schema, wrappers taken off: `optional(union(a, b))` gives a and b. `data` narrows unions that have a discriminator. */
export function kinds(schema: Schema, data?: unknown): Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
    case "nullable":
    case "nonoptional":
    case "readonly":
    case "catch":
      return kinds(def.innerType, data);
    case "lazy":
      return kinds(def.getter(), data);
    case "pipe":
      return [...kinds(def.in, data), ...kinds(def.out, data)];
    case "intersection":
      return [...kinds(def.left, data), ...kinds(def.right, data)];
    case "union":
      return narrowed(def, data).flatMap((option) => kinds(option, data));
    default:
      return [schema];
  }
}

function narrowed(def: z.core.$ZodUnionDef, data: unknown): readonly Schema[] {
  if (!("discriminator" in def) || typeof def.discriminator !== "string") return def.options;
  const { discriminator } = def;
  const is = pick(data, [discriminator]);
  const fitting = def.options.filter((option) =>
    below(option, discriminator).some((literal) => literals(literal).includes(is)),
  );
  return fitting.length > 0 ? fitting : def.options;
}

/** The schemas of one key or item. */
export function below(schema: Schema, step: PropertyKey, data?: unknown): Schema[] {
  return kinds(schema, data).flatMap((kind) => {
    const { def } = (kind as z.core.$ZodTypes)._zod;
    if (def.type === "object") return def.shape[String(step)] ?? def.catchall ?? [];
    if (def.type === "record") return def.valueType;
    if (def.type === "array") return def.element;
    if (def.type === "tuple") return def.items[Number(step)] ?? def.rest ?? [];
    return [];
  });
}

/** The schemas at a path. */
export function at(schema: Schema, path: SourcePath, data?: unknown): Schema[] {
  let schemas: Schema[] = [schema];
  for (const [i, step] of path.entries()) {
    const here = pick(data, path.slice(0, i));
    schemas = schemas.flatMap((each) => below(each, step, here));
  }
  return schemas;
}

/** The keys a mapping may have at a path, in the order the schema declares them. */
export function knownKeys(schema: Schema, path: SourcePath, data?: unknown): string[] {
  const here = pick(data, path);
  const keys = at(schema, path, data).flatMap((each) =>
    kinds(each, here).flatMap((kind) => {
      const { def } = (kind as z.core.$ZodTypes)._zod;
      return def.type === "object" ? Object.keys(def.shape) : [];
    }),
  );
  return [...new Set(keys)];
}

/** The values a schema allows by name. */
export function literals(schema: Schema): unknown[] {
  return kinds(schema).flatMap((kind) => {
    const { def } = (kind as z.core.$ZodTypes)._zod;
    if (def.type === "literal") return def.values as unknown[];
    return def.type === "enum" ? Object.values(def.entries) : [];
  });
}

/** Every object's keys that the schema has, with the schema of each: for walking a value beside its schema. */
export function isMarked(schema: Schema, mark: string): boolean {
  const meta = registryMeta(schema);
  if (meta?.[mark] === true) return true;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ("innerType" in def) return isMarked(def.innerType as Schema, mark);
  if (def.type === "pipe") return isMarked(def.in, mark) || isMarked(def.out, mark);
  if (def.type === "union") return def.options.some((option) => isMarked(option, mark));
  return def.type === "lazy" ? isMarked(def.getter(), mark) : false;
}

function registryMeta(schema: Schema): Record<string, unknown> | undefined {
  return "meta" in schema && typeof schema.meta === "function" ? (schema.meta() as Record<string, unknown>) : undefined;
}
