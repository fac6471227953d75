import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, breach, type Kind, live, nextId, problem, type Rec, same, shown, startJob } from "./account.ts";

const MAX_RECORDS = 100;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

const custom = z.record(z.string(), z.unknown()).optional();
const text = z.string().nullish();
const shared = {
  id: z.int().optional(),
  name: text,
  external_id: text,
  details: text,
  notes: text,
  tags: z.array(z.string()).optional(),
};
const userBody = z.strictObject({
  ...shared,
  email: text,
  phone: text,
  alias: text,
  locale: text,
  time_zone: text,
  organization_id: z.int().nullish(),
  verified: z.boolean().nullish(),
  suspended: z.boolean().nullish(),
  skip_verify_email: z.boolean().optional(),
  user_fields: custom,
});
const organizationBody = z.strictObject({
  ...shared,
  domain_names: z.array(z.string()).optional(),
  group_id: z.int().nullish(),
  shared_tickets: z.boolean().nullish(),
  shared_comments: z.boolean().nullish(),
  organization_fields: custom,
});
const usersBody = z.strictObject({ users: z.array(userBody).min(1) });
const organizationsBody = z.strictObject({ organizations: z.array(organizationBody).min(1) });
type Written = Record<string, unknown> & { readonly id?: number | undefined };

function readBody(call: Call, kind: Kind): readonly Written[] | Answer {
  const schema = kind === "users" ? usersBody : organizationsBody;
  const body = schema.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const records = (body.data as Record<string, readonly Written[]>)[kind] ?? [];
  return records.length > MAX_RECORDS ? breach(`more than ${MAX_RECORDS} ${kind}`) : records;
}

const isAnswer = (read: readonly Written[] | Answer): read is Answer => "status" in read;

/** POST /api/v2/users/create_or_update_many */
export function upsertUsers(account: Account, call: Call): Answer {
  const read = readBody(call, "users");
  if (isAnswer(read)) return read;
  return startJob(
    account,
    call,
    read.map((one) => () => {
      const there = live(account, "users").find(
        (rec) => same(one.external_id, rec.fields.external_id) || same(one.email, rec.fields.email),
      );
      return write(account, "users", one, there);
    }),
  );
}

/** POST …/create_many and PUT …/update_many */
export function createMany(account: Account, call: Call, kind: Kind): Answer {
  const read = readBody(call, kind);
  if (isAnswer(read)) return read;
  return startJob(
    account,
    call,
    read.map((one) => () => write(account, kind, one, undefined)),
  );
}

export function updateMany(account: Account, call: Call, kind: Kind): Answer {
  const read = readBody(call, kind);
  if (isAnswer(read)) return read;
  return startJob(
    account,
    call,
    read.map((one) => () => {
      const there = live(account, kind).find((rec) => rec.id === one.id);
      return there === undefined
        ? { id: one.id ?? 0, error: "RecordNotFound", details: "not found" }
        : write(account, kind, one, there);
    }),
  );
}

function write(account: Account, kind: Kind, one: Written, there: Rec | undefined): Row {
  const failed = (details: string): Row => ({
    error: kind === "users" ? "UserUpdateError" : "OrganizationUpdateError",
    details,
  });
  const name = one.name ?? there?.fields.name;
  if (typeof name !== "string" || name.trim() === "") return failed("Name: is too short");
  if (typeof one.email === "string" && !EMAIL.test(one.email))
    return failed(`Email: ${one.email} is not properly formatted`);
  const key = kind === "users" ? "user_fields" : "organization_fields";
  const given = (one[key] ?? {}) as Record<string, unknown>;
  for (const [field, value] of Object.entries(given)) {
    const type = account.config.fields[field];
    if (type === "integer" && value !== null && value !== "" && !Number.isInteger(Number(value)))
      return failed(`${field}: ${String(value)} is invalid`);
  }
  if (kind === "organizations" && live(account, kind).some((rec) => rec !== there && same(one.name, rec.fields.name)))
    return failed("Name: has already been taken");
  if (account.misbehaviour.forRow("zendesk", one as Row) !== undefined) return failed("refused as told");
  const { id: _id, skip_verify_email: _skip, ...fields } = one;
  const kept = Object.fromEntries(
    Object.entries(given).filter(([field]) => Object.hasOwn(account.config.fields, field)),
  );
  const custom = { ...(there?.fields[key] as object | undefined), ...kept };
  const rec: Rec = there ?? { id: nextId(account), active: true, fields: {} };
  rec.fields = { ...rec.fields, ...fields, [key]: custom };
  account.kept.data[kind][String(rec.id)] = rec;
  const common = { id: rec.id, success: true };
  return there === undefined
    ? { ...common, action: "create", status: "Created" }
    : { ...common, action: "update", status: "Updated" };
}

const listed = (call: Call, name: string): readonly string[] =>
  (call.query.get(name) ?? "").split(",").filter((one) => one !== "");

/** GET …/show_many: deleted users by id too, as not active. */
export function showMany(account: Account, call: Call, kind: Kind): Answer {
  const [ids, externals] = [listed(call, "ids"), listed(call, "external_ids")];
  if (ids.length + externals.length === 0) return breach("ids or external_ids is required");
  if (ids.length + externals.length > MAX_RECORDS) return breach(`more than ${MAX_RECORDS} ids`);
  const found = Object.values(account.kept.data[kind]).filter(
    (rec) => ids.includes(String(rec.id)) || (rec.active && externals.some((one) => same(one, rec.fields.external_id))),
  );
  return json(200, { [kind]: found.map(shown), count: found.length });
}

/** GET /api/v2/users/search?query=email:"…": partial matches, too. */
export function searchUsers(account: Account, call: Call): Answer {
  const wanted = /^email:"?([^"]*)"?$/.exec(call.query.get("query") ?? "")?.[1]?.toLowerCase() ?? "";
  const found = live(account, "users").filter(
    (rec) =>
      wanted !== "" &&
      String(rec.fields.email ?? "")
        .toLowerCase()
        .includes(wanted),
  );
  return json(200, { users: found.slice(0, MAX_RECORDS).map(shown), count: found.length });
}

/** DELETE …/destroy_many */
export function destroyMany(account: Account, call: Call, kind: Kind): Answer {
  const ids = listed(call, "ids");
  if (ids.length === 0) return breach("ids is required");
  if (ids.length > MAX_RECORDS) return breach(`more than ${MAX_RECORDS} ids`);
  return startJob(
    account,
    call,
    ids.map((id) => () => {
      const rec = live(account, kind).find((one) => String(one.id) === id);
      if (rec === undefined) return { id: Number(id), error: "RecordNotFound", details: "not found" };
      rec.active = false;
      return { id: rec.id, action: "delete", status: "Deleted", success: true };
    }),
  );
}

export function deleteUser(account: Account, call: Call): Answer {
  const rec = live(account, "users").find((one) => String(one.id) === call.params.id);
  if (rec === undefined) return problem(404, "RecordNotFound", "Not found");
  rec.active = false;
  return json(200, { user: shown(rec) }, { applied: true, rows: { deleted: [String(rec.id)] } });
}

/** DELETE /api/v2/deleted_users/{id}: only of users that were deleted first. */
export function eraseUser(account: Account, call: Call): Answer {
  const rec = account.kept.data.users[call.params.id ?? ""];
  if (rec === undefined || rec.active) return problem(404, "RecordNotFound", "Not found");
  delete account.kept.data.users[String(rec.id)];
  account.kept.data.erased.push(rec.id);
  return json(
    200,
    { deleted_user: { id: rec.id, active: false } },
    { applied: true, rows: { erased: [String(rec.id)] } },
  );
}
