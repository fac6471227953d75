import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson, violated } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import {
  createPerson,
  dropPerson,
  findPerson,
  nameOf,
  namesOf,
  type Person,
  savePerson,
  type Workspace,
} from "./workspace.ts";

const MAX_BYTES = 500_000;
const MAX_OPERATION_BYTES = 32 * 1024;
const MAX_VALUE_BYTES = 1_000;

const text = z.string();
const identifiers = z.union([
  z.strictObject({ id: text }),
  z.strictObject({ email: text }),
  z.strictObject({ phone: text }),
  z.strictObject({ cio_id: text }),
]);
const common = { type: z.literal("person"), identifiers };
const attributes = z.record(z.string(), z.json());
const operation = z.discriminatedUnion("action", [
  z.strictObject({
    ...common,
    action: z.literal("identify"),
    timestamp: z.int().optional(),
    attributes: attributes.optional(),
  }),
  z.strictObject({ ...common, action: z.literal("delete") }),
  z.strictObject({ ...common, action: z.literal("suppress") }),
  z.strictObject({ ...common, action: z.literal("unsuppress") }),
  z.strictObject({
    ...common,
    action: z.literal("event"),
    id: z
      .string()
      .regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
      .optional(),
    name: z.string().min(1),
    timestamp: z.int().optional(),
    attributes: attributes.optional(),
  }),
]);
type Op = z.infer<typeof operation>;
interface Fault {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** POST /api/v2/batch: 207 with the places of what was invalid; the rest is taken. */
export function batch(workspace: Workspace, call: Call): Answer {
  const body = z.strictObject({ batch: z.array(z.unknown()).min(1) }).safeParse(parseJson(call.body));
  if (!body.success) return malformed("batch", "the body is not as described");
  if (call.body.length >= MAX_BYTES) return malformed("batch", "the request is not smaller than 500kb");
  const operations: Op[] = [];
  for (const raw of body.data.batch) {
    const read = operation.safeParse(raw);
    if (!read.success) return malformed("batch", read.error.issues[0]?.message ?? "an operation is not as described");
    if (Buffer.byteLength(JSON.stringify(raw)) > MAX_OPERATION_BYTES)
      return malformed("batch", "an operation is larger than 32kb");
    operations.push(read.data);
  }
  const errors: Row[] = [];
  const taken: string[] = [];
  for (const [index, op] of operations.entries()) {
    const [[kind, value] = ["id", ""]] = Object.entries(op.identifiers);
    const fault = faultOf(workspace, op, kind, value);
    if (fault !== null) errors.push({ batch_index: index, ...fault });
    else {
      apply(workspace, op, kind, value);
      taken.push(nameOf(kind, value));
    }
  }
  const extras = { applied: taken.length > 0, rows: { taken } };
  return errors.length === 0 ? json(200, {}, extras) : json(207, { errors }, extras);
}

const malformed = (field: string, message: string): Answer =>
  violated(json(400, { errors: [{ reason: "invalid", field, message }] }), message);

function faultOf(workspace: Workspace, op: Op, kind: string, value: string): Fault | null {
  const invalid = (field: string, message: string): Fault => ({ reason: "invalid", field, message });
  if (value.trim() === "")
    return { reason: "required", field: `identifiers.${kind}`, message: "value cannot be blank" };
  if (kind === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
    return invalid("identifiers.email", "invalid email address");
  if (kind === "phone" && !/^\+\d{5,15}$/.test(value)) return invalid("identifiers.phone", "invalid phone number");
  if (Buffer.byteLength(value) > 150) return invalid(`identifiers.${kind}`, "value is too long");
  if (!("attributes" in op)) return null;
  const told = workspace.misbehaviour.forRow("customerio", { ...(op.attributes as Row), [kind]: value });
  if (told !== undefined) return { reason: told.code ?? "invalid", field: "attributes", message: told.message };
  for (const [name, one] of Object.entries(op.attributes ?? {})) {
    if (typeof one === "string" && Buffer.byteLength(one) > MAX_VALUE_BYTES)
      return invalid(`attributes.${name}`, `property value cannot be longer than ${MAX_VALUE_BYTES} bytes`);
    if (Buffer.byteLength(name) > 150) return invalid("attributes", "property name cannot be longer than 150 bytes");
  }
  return null;
}

function apply(workspace: Workspace, op: Op, kind: string, value: string): void {
  const name = nameOf(kind, value);
  const { data } = workspace.kept;
  const person = findPerson(workspace, name);
  switch (op.action) {
    case "delete":
      if (person !== undefined) dropPerson(workspace, person);
      return;
    case "suppress":
      data.suppressed.push(...new Set([name, ...(person === undefined ? [] : namesOf(person))]));
      if (person !== undefined) dropPerson(workspace, person);
      return;
    case "unsuppress":
      data.suppressed = data.suppressed.filter((one) => one !== name);
      return;
    case "event":
      if (data.suppressed.includes(name)) return;
      data.counter += 1;
      data.events[op.id ?? `event-${data.counter}`] ??= {
        name: op.name,
        identifiers: { ...op.identifiers },
        attributes: op.attributes ?? {},
      };
      return;
    case "identify":
      if (!data.suppressed.includes(name)) identify(workspace, person, kind, value, op.attributes ?? {});
  }
}

function identify(
  workspace: Workspace,
  there: Person | undefined,
  kind: string,
  value: string,
  changes: Person["attributes"],
): void {
  if (there === undefined && (changes._update === true || kind === "cio_id")) return;
  const person = there ?? createPerson(workspace);
  const attributes = { ...person.attributes };
  const own: Partial<Person> = there === undefined ? { [kind]: value } : {};
  for (const [name, one] of Object.entries(changes)) {
    if (name === "_update") continue;
    if ((name === "id" || name === "email" || name === "phone") && typeof one === "string" && one !== "")
      own[name] = one;
    // An empty value removes the attribute.
    else if (one === "" || one === null) delete attributes[name];
    else attributes[name] = one;
  }
  savePerson(workspace, person, { ...own, attributes });
}
