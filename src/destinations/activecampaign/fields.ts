import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { DiscoveredField } from "../connector.ts";
import { rejected } from "../fates.ts";
import { askAll, type Ctx, idText } from "./api.ts";

/** What a contact has besides custom fields, and what contact/sync calls it. */
export const standardFields = { first_name: "firstName", last_name: "lastName", phone: "phone" } as const;
type Standard = keyof typeof standardFields;
const isStandard = (name: string): name is Standard => Object.hasOwn(standardFields, name);

export const knownFields: Readonly<Record<Standard, FieldType>> = {
  first_name: "text",
  last_name: "text",
  phone: "text",
};

const definition = z.object({
  id: idText,
  title: z.string(),
  perstag: z.string(),
  type: z.string().nullish(),
});

/** https://developers.activecampaign.com/reference/retrieve-fields */
const readFields = (ctx: Ctx) => askAll(ctx, { path: "/fields" }, "fields", definition);

const known = z.record(z.string(), z.object({ id: z.int(), type: z.string() }));
export type Definitions = z.output<typeof known>;
const state = z.object({ fields: known });

/** Ids and types of custom fields by their personalization tag, which is the name that a sync gives them. */
export const fieldDefinitions = async (ctx: Ctx): Promise<Definitions> =>
  Object.fromEntries((await readFields(ctx)).map((one) => [one.perstag, { id: Number(one.id), type: one.type ?? "" }]));

/** The custom fields of these names, as `prepare` found them, else as they are now. */
export async function definitionsOf(ctx: Ctx, prepared: Value, names: readonly string[]): Promise<Definitions> {
  const wanted = names.filter((name) => !isStandard(name));
  const before = state.safeParse(prepared).data?.fields ?? {};
  const all = wanted.every((name) => Object.hasOwn(before, name)) ? before : await fieldDefinitions(ctx);
  const missing = wanted.find((name) => !Object.hasOwn(all, name));
  if (missing === undefined) return all;
  throw new TargetInvalid(`ActiveCampaign has no contact field "${missing}"`, {
    hint: "Use first_name, last_name, phone, or a custom field's personalization tag without the % signs (`millrace fields` lists them).",
  });
}

/** A row's values in the form of both writes. */
export interface Written {
  readonly standard: Readonly<Partial<Record<Standard, string>>>;
  readonly custom: readonly { readonly id: number; readonly value: string }[];
}

export function toWritten(fields: Row, definitions: Definitions): Written | RowFate {
  const standard: Partial<Record<Standard, string>> = {};
  const custom: { id: number; value: string }[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (isStandard(name)) {
      standard[name] = textOf(value);
      continue;
    }
    const { id, type } = definitions[name] ?? { id: 0, type: "" };
    const fitted = fit(value, type);
    if (fitted === undefined) return rejected("TYPE_MISMATCH", `${name} is a ${type}, and the value is none`);
    custom.push({ id, value: fitted });
  }
  return { standard, custom };
}

/** Several choices are written between double pipes. NULL is the empty text. */
function textOf(value: Value): string {
  if (value === null) return "";
  if (Array.isArray(value)) return value.length === 0 ? "" : `||${value.map(textOf).join("||")}||`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function fit(value: Value, type: string): string | undefined {
  const text = textOf(value);
  if (text === "" || (type !== "date" && type !== "datetime")) return text;
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}\S*)?$/.test(text)) return undefined;
  return type === "date" ? text.slice(0, 10) : text;
}

const types: Readonly<Record<string, FieldType>> = {
  date: "date",
  datetime: "datetime",
  text: "text",
  textarea: "text",
};

export async function discoverFields(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const own = (await readFields(ctx)).map(
    (one): DiscoveredField => ({
      name: one.perstag,
      type: types[one.type ?? ""] ?? null,
      // Forms ask for it; the API takes contacts without.
      required: false,
      writable: true,
      label: one.title,
    }),
  );
  const fixed = Object.keys(standardFields).map(
    (name): DiscoveredField => ({ name, type: "text", required: false, writable: true }),
  );
  return [{ name: "email", type: "text", required: true, writable: true }, ...fixed, ...own];
}
