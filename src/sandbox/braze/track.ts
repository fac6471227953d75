import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, fatal } from "./errors.ts";
import { aliasName, createUser, findUser, nameOf, saveUser, type User, type Workspace } from "./workspace.ts";

const MAX_OBJECTS = 75;
const MAX_BYTES = 4_000_000;
const MAX_TEXT = 255;
const IDENTIFIERS = ["external_id", "user_alias", "braze_id", "email", "phone"] as const;
const RESERVED = new Set([...IDENTIFIERS, "_update_existing_only", "_merge_objects"]);

const objects = z.array(z.record(z.string(), z.json())).optional();
const body = z.strictObject({
  attributes: objects,
  events: objects,
  purchases: objects,
  partner: z.string().optional(),
});
const alias = z.strictObject({ alias_name: z.string().min(1), alias_label: z.string().min(1) });
const identity = z.object({
  external_id: z.string().min(1).max(987).optional(),
  braze_id: z.string().min(1).optional(),
  user_alias: alias.optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  _update_existing_only: z.boolean().optional(),
  _merge_objects: z.boolean().optional(),
});
const happened = {
  time: z.iso.datetime({ offset: true }),
  app_id: z.string().optional(),
  properties: z.record(z.string(), z.json()).optional(),
};
const event = z.object({ ...happened, name: z.string().min(1).max(MAX_TEXT) });
const purchase = z.object({
  ...happened,
  product_id: z.string().min(1).max(MAX_TEXT),
  currency: z.string().regex(/^[A-Z]{3}$/),
  price: z.number(),
  quantity: z.int().min(1).max(100).optional(),
});

type Kind = "attributes" | "events" | "purchases";

/** POST /users/track: what is well-formed is taken, the rest is named by its place. */
export function track(workspace: Workspace, call: Call): Answer {
  if (call.body.length > MAX_BYTES) return breach(413, "Request entity too large");
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "the body is not as described");
  const { attributes = [], events = [], purchases = [] } = read.data;
  const total = attributes.length + events.length + purchases.length;
  if (total === 0)
    return fatal(400, "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.");
  if (total > MAX_OBJECTS) return breach(400, `at most ${MAX_OBJECTS} objects`);
  const errors: Row[] = [];
  const touched: string[] = [];
  const take = (kind: Kind, rows: readonly Row[], apply: (row: Row) => string | null) => {
    for (const [index, row] of rows.entries()) {
      const type = apply(row);
      if (type === null) touched.push(String(row.external_id ?? row.email ?? index));
      else errors.push({ type, input_array: kind, index });
    }
    return rows.length - errors.filter((error) => error.input_array === kind).length;
  };
  const processed: Row = {
    ...(attributes.length > 0
      ? { attributes_processed: take("attributes", attributes, (row) => setAttributes(workspace, row)) }
      : {}),
    ...(events.length > 0
      ? { events_processed: take("events", events, (row) => record(workspace, "events", row)) }
      : {}),
    ...(purchases.length > 0
      ? { purchases_processed: take("purchases", purchases, (row) => record(workspace, "purchases", row)) }
      : {}),
  };
  const more = errors.length === 0 ? {} : { errors };
  if (errors.length === total) {
    return json(400, {
      message: "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.",
      ...more,
    });
  }
  return json(201, { message: "success", ...processed, ...more }, { applied: true, rows: { taken: touched } });
}

function setAttributes(workspace: Workspace, row: Row): string | null {
  const told = workspace.misbehaviour.forRow("braze", row);
  if (told !== undefined) return told.code ?? told.message;
  const found = findOrCreate(workspace, row, row._update_existing_only);
  if (typeof found === "string") return found;
  if (found === null) return null;
  const attributes = { ...found.attributes };
  for (const [name, value] of Object.entries(row)) {
    if (RESERVED.has(name) && name !== "email" && name !== "phone") continue;
    // Null removes the attribute.
    if (value === null) delete attributes[name];
    else
      attributes[name] = (typeof value === "string" ? value.slice(0, MAX_TEXT) : value) as User["attributes"][string];
  }
  saveUser(workspace, found, { attributes });
  return null;
}

function record(workspace: Workspace, kind: "events" | "purchases", row: Row): string | null {
  const told = workspace.misbehaviour.forRow("braze", row);
  if (told !== undefined) return told.code ?? told.message;
  const read = (kind === "events" ? event : purchase).safeParse(row);
  if (!read.success) return `'${String(read.error.issues[0]?.path[0] ?? "object")}' is not valid`;
  const found = findOrCreate(workspace, row, row._update_existing_only);
  if (typeof found === "string") return found;
  if (found !== null) workspace.kept.data[kind].push({ ...(row as User["attributes"]), braze_id: found.braze_id });
  return null;
}

/** The user, made if it may be; null: left out without an error; a text: what is wrong with the identifiers. */
function findOrCreate(workspace: Workspace, row: Row, existingOnly: unknown): User | null | string {
  const read = identity.safeParse(row);
  if (!read.success) return "a valid identifier is required";
  const { external_id, braze_id, user_alias, email, phone } = read.data;
  if (email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return "'email' is not a valid email address";
  if (phone !== undefined && !/^\+?[\d\s().-]{5,20}$/.test(phone)) return "'phone' is not a valid phone number";
  const name =
    external_id !== undefined
      ? nameOf("external_id", external_id)
      : braze_id !== undefined
        ? nameOf("braze_id", braze_id)
        : user_alias !== undefined
          ? aliasName(user_alias)
          : email !== undefined
            ? nameOf("email", email)
            : phone !== undefined
              ? nameOf("phone", phone)
              : null;
  if (name === null) return "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required";
  const there = findUser(workspace, name);
  if (there !== undefined) return there;
  // Aliases make a user only when told to.
  const mayCreate = existingOnly === false || (existingOnly !== true && user_alias === undefined);
  if (!mayCreate || name.startsWith("braze_id:")) return null;
  const user = createUser(workspace);
  saveUser(workspace, user, {
    external_id: external_id ?? null,
    aliases: external_id === undefined && user_alias !== undefined ? [user_alias] : [],
    attributes: { ...(email === undefined ? {} : { email }), ...(phone === undefined ? {} : { phone }) },
  });
  return user;
}
