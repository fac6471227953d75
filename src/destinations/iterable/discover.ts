import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { question } from "../question.ts";
import { type Ctx, call } from "./api.ts";
import { identifiers } from "./identity.ts";

const fieldsReply = z.object({ fields: z.record(z.string(), z.unknown()) });

/** https://support.iterable.com/hc/en-us/articles/206430145 */
const types: Readonly<Record<string, FieldType>> = {
  string: "text",
  boolean: "boolean",
  double: "number",
  long: "integer",
  date: "datetime",
  object: "json",
  array: "json",
};

const computed = new Set(["profileUpdatedAt", "signupDate", "signupSource", "emailListIds", "itblInternal"]);

/** The project's profile fields. Members of nested fields (a.b) are written with the whole, and left out. https://api.iterable.com/api/docs#users_getFields */
export async function discover(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const { body } = await question(() =>
    call(ctx, { method: "GET", scope: "fields", path: "/api/users/getFields", expect: fieldsReply }),
  );
  const named = Object.entries(body.fields).filter(([name]) => !name.includes(".") && !isIdentifier(name));
  return [
    ...identifiers.map((name) => ({ name, type: "text" as const, required: false, writable: true })),
    ...named.map(([name, type]) => ({
      name,
      type: types[String(type).toLowerCase()] ?? null,
      required: false,
      writable: !computed.has(name),
    })),
  ];
}

const isIdentifier = (name: string): boolean => identifiers.some((identifier) => identifier === name);
