import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { DiscoveredField } from "../connector.ts";
import { rejected } from "../fates.ts";
import { ask, type Ctx } from "./api.ts";

/** What a contact has besides attributes; imports do not take them. */
export const contactFields: Readonly<Record<string, FieldType>> = {
  ext_id: "text",
  emailBlacklisted: "boolean",
  smsBlacklisted: "boolean",
};

const reply = z.object({
  attributes: z.array(
    z.object({
      name: z.string(),
      category: z.string(),
      type: z.string().nullish(),
      enumeration: z.array(z.object({ label: z.string() })).nullish(),
    }),
  ),
});
type Attribute = z.output<typeof reply>["attributes"][number];

const readAttributes = async (ctx: Ctx): Promise<readonly Attribute[]> =>
  (await ask(ctx, { path: "/contacts/attributes", expect: reply })).body.attributes;

const isWritable = ({ category }: Attribute): boolean => category !== "calculated" && category !== "global";

/** Types of the attributes that may be written, by name. */
export async function attributeTypes(ctx: Ctx): Promise<Readonly<Record<string, string>>> {
  const own = (await readAttributes(ctx)).filter(isWritable);
  return Object.fromEntries(
    own.map((one) => [one.name, one.category === "category" ? "category" : (one.type ?? "text")]),
  );
}

const state = z.object({ attributes: z.record(z.string(), z.string()) });

/**
 * Types of the sync's attributes, as `prepare` found them, else as they are now: Brevo ignores attributes that are not there, and
 * values that do not fit, without a word.
 */
export async function typesOf(
  ctx: Ctx,
  prepared: Value,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = names.filter((name) => !(name in contactFields));
  const known = state.safeParse(prepared).data?.attributes ?? {};
  const all = wanted.every((name) => Object.hasOwn(known, name)) ? known : await attributeTypes(ctx);
  const missing = wanted.find((name) => !Object.hasOwn(all, name));
  if (missing === undefined) return new Map(wanted.map((name) => [name, all[name] ?? "text"]));
  throw new TargetInvalid(`Brevo has no contact attribute "${missing}" that may be written`, {
    hint: "Make it under Contacts > Settings > Contact attributes, or correct the name: they are written in capitals.",
  });
}

/** The row's attributes; empty text clears. */
export function toAttributes(fields: Row, types: ReadonlyMap<string, string>): Row | RowFate {
  const attributes: Record<string, Value> = {};
  for (const [name, type] of types) {
    const value = fields[name];
    if (value === undefined) continue;
    const fitted = fit(value, type);
    if (fitted === undefined) return rejected("TYPE_MISMATCH", `${name} is a ${type}, and the value is none`);
    attributes[name] = fitted;
  }
  return attributes;
}

/** undefined: Brevo would ignore it. https://developers.brevo.com/reference/create-contact */
function fit(value: Value, type: string): Value | undefined {
  if (value === null || value === "") return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (type === "float") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (type === "date") return /^\d{4}-\d{2}-\d{2}/.test(text) ? text.slice(0, 10) : undefined;
  if (type === "boolean") return booleans.get(text.toLowerCase());
  return type === "category" && typeof value === "number" ? value : text;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

const types: Readonly<Record<string, FieldType>> = { text: "text", date: "date", float: "number", boolean: "boolean" };

export async function discoverFields(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const own = (await readAttributes(ctx)).map((one): DiscoveredField => {
    const values = (one.enumeration ?? []).map(({ label }) => label);
    return {
      name: one.name,
      type: types[one.type ?? ""] ?? null,
      required: false,
      writable: isWritable(one),
      ...(values.length === 0 ? {} : { values }),
    };
  });
  const email: DiscoveredField = { name: "email", type: "text", required: true, writable: true };
  return [email, ...own];
}
