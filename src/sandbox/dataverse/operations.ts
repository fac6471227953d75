import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { dropRow, type Environment, keyName, keysOf, nextId, putRow, type TableRow } from "./environment.ts";

/** One request, alone or within a batch. `path` follows /api/data/v9.2. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface Outcome {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Value;
  /** What happened to which row. */
  readonly did?: "created" | "updated" | "deleted" | "added" | "removed";
  readonly row?: string;
  readonly violation?: string;
}

const MAX_TEXT = 1_048_576;
export const NUMBERS = new Set(["cr1_days", "creditlimit"]);
const entity = z.record(z.string(), z.json());

export const fault = (status: number, code: string, message: string, violation?: string): Outcome => ({
  status,
  body: { error: { code, message } },
  ...(violation === undefined ? {} : { violation }),
});

/** Runs one operation. https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/perform-operations-web-api */
export function operate(env: Environment, op: Operation, base: string): Outcome {
  const action = /^\/lists\(([^)]+)\)\/Microsoft\.Dynamics\.CRM\.(AddMemberList|RemoveMemberList)$/.exec(op.path);
  if (action !== null && op.method === "POST") return changeMember(env, action[1] ?? "", action[2] ?? "", op.body);
  const [, table = "", key] = /^\/(\w+)(?:\((.*)\))?$/.exec(op.path) ?? [];
  if (op.path === "/lists" && op.method === "GET") return findLists(env, op.query);
  if (op.path === "/lists" && op.method === "POST") return createList(env, op.body);
  if (env.config.tables[table] === undefined) return noSegment(table);
  if (key === undefined) return fault(405, "0x80060888", "a row must be named", "only rows by key are known here");
  const address = readKey(env, table, decodeURIComponent(key));
  if (address === undefined) return fault(400, "0x80060888", `The key ${key} is no key of ${table}`, "not a key");
  const row = address.id === undefined ? undefined : env.rows.get(address.id);
  const found = row?.table === table ? row : undefined;
  if (op.method === "GET")
    return found === undefined ? gone(table) : { status: 200, body: shown(env, found, op.query) };
  if (op.method === "DELETE") {
    if (found === undefined) return gone(table);
    dropRow(env, found);
    return { status: 204, did: "deleted", row: key };
  }
  if (op.method !== "PATCH") return fault(405, "0x80060888", "method not allowed", `${op.method} of a row`);
  return patch(env, table, { found, key, columns: address.columns }, op, base);
}

function patch(
  env: Environment,
  table: string,
  at: { readonly found: TableRow | undefined; readonly key: string; readonly columns: Row },
  op: Operation,
  base: string,
): Outcome {
  if (op.headers["if-match"] === "*" && at.found === undefined) return gone(table);
  if (op.headers["if-none-match"] === "*" && at.found !== undefined)
    return fault(412, "0x80040237", "A record with matching key values already exists.");
  const body = entity.safeParse(op.body);
  if (!body.success)
    return fault(400, "0x80048d19", "Error identified in Payload provided by the user", "not an object");
  const flaw = flawOf(env, table, body.data as Row);
  if (flaw !== undefined) return flaw;
  const given: readonly (readonly [string, Value])[] = Object.entries(body.data as Row).map(([name, value]) => [
    name.replace(/@odata\.bind$/, ""),
    value,
  ]);
  const merged = {
    ...(at.found?.columns ?? {}),
    ...(at.found === undefined ? at.columns : {}),
    ...Object.fromEntries(given),
  };
  const columns = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null && value !== ""));
  const holder = keysOf(env, table, columns).map((name) => env.keys.get(name));
  if (holder.some((id) => id !== undefined && id !== at.found?.id))
    return fault(
      412,
      "0x80040237",
      `A record that has the attribute values ${JSON.stringify(columns)} already exists.`,
    );
  const row = at.found ?? { id: nextId(env), table, columns: {} };
  putRow(env, row, columns);
  const did = at.found === undefined ? "created" : "updated";
  const headers = { "OData-EntityId": `${base}/${table}(${at.key})` };
  if (op.headers.prefer === "return=representation")
    return { status: did === "created" ? 201 : 200, headers, body: shown(env, row, op.query), did, row: at.key };
  return { status: 204, headers, did, row: at.key };
}

function flawOf(env: Environment, table: string, body: Row): Outcome | undefined {
  for (const [name, value] of Object.entries(body)) {
    if (!/^[A-Za-z_]\w*(@odata\.bind)?$/.test(name) || name.startsWith("no_such_"))
      return fault(
        400,
        "0x80048d19",
        `Error identified in Payload provided by the user for Entity :'${table}'. The property '${name}' does not exist on type 'Microsoft.Dynamics.CRM.${table}'.`,
      );
    if (value !== null && typeof value === "object")
      return fault(400, "0x80048d19", "Error identified in Payload provided by the user");
    if (NUMBERS.has(name) && value !== null && typeof value !== "number")
      return fault(400, "0x80048d19", `Cannot convert the literal '${value}' to the expected type 'Edm.Decimal'.`);
    if (typeof value === "string" && value.length > MAX_TEXT)
      return fault(
        400,
        "0x80044331",
        `A validation error occurred. The length of '${name}' is too long: ${value.slice(0, 9)}`,
      );
  }
  const told = env.misbehaviour.forRow("dataverse", body);
  return told === undefined ? undefined : fault(400, told.code ?? "0x80040265", told.message);
}

/** The address of a row: a primary id, or the columns of an alternate key. */
function readKey(
  env: Environment,
  table: string,
  text: string,
): { readonly id: string | undefined; readonly columns: Row } | undefined {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return { id: text.toLowerCase(), columns: {} };
  if (/[/<>*%&:\\?+#]/.test(text)) return undefined;
  const columns: Record<string, Value> = {};
  for (const part of text.matchAll(/(\w+)=(?:'((?:[^']|'')*)'|([^,']+))(?:,|$)/g)) {
    const [, name = "", quoted, bare = ""] = part;
    columns[name] = quoted === undefined ? Number(bare) : quoted.replaceAll("''", "'");
  }
  const known = (env.config.tables[table]?.keys ?? []).find(
    (key) => key.length === Object.keys(columns).length && key.every((column) => Object.hasOwn(columns, column)),
  );
  const name = known === undefined ? undefined : keyName(table, known, columns);
  return name === undefined ? undefined : { id: env.keys.get(name), columns };
}

function shown(env: Environment, row: TableRow, query: URLSearchParams): Value {
  const own: Row = { ...row.columns, [env.config.tables[row.table]?.id ?? "id"]: row.id };
  const wanted = query.get("$select")?.split(",");
  return Object.fromEntries(Object.entries(own).filter(([name]) => wanted === undefined || wanted.includes(name)));
}

const gone = (table: string): Outcome =>
  fault(404, "0x80060891", `A record with the specified key values does not exist in ${table} entity`);

const noSegment = (table: string): Outcome =>
  fault(404, "0x80060888", `Resource not found for the segment '${table}'.`);

const listBody = z.strictObject({ listname: z.string().min(1), type: z.boolean(), createdfromcode: z.int() });

function createList(env: Environment, body: unknown): Outcome {
  const read = listBody.safeParse(body);
  if (!read.success) return fault(400, "0x80048d19", "Error identified in Payload", "not a list");
  const { listname, type, createdfromcode } = read.data;
  const list = { id: nextId(env), name: listname, dynamic: type, code: createdfromcode, members: new Set<string>() };
  env.lists.set(list.id, list);
  return { status: 201, body: { ...read.data, listid: list.id }, did: "created", row: listname };
}

function findLists(env: Environment, query: URLSearchParams): Outcome {
  const filter = query.get("$filter") ?? "";
  const name = /listname eq '((?:[^']|'')*)'/.exec(filter)?.[1]?.replaceAll("''", "'");
  const id = /listid eq ([0-9a-f-]{36})/.exec(filter)?.[1];
  const found = [...env.lists.values()].filter((list) => list.name === name || list.id === id);
  return {
    status: 200,
    body: {
      value: found.map((list) => ({
        listid: list.id,
        listname: list.name,
        type: list.dynamic,
        createdfromcode: list.code,
      })),
    },
  };
}

function changeMember(env: Environment, listId: string, action: string, body: unknown): Outcome {
  const list = env.lists.get(listId);
  const read = z.strictObject({ EntityId: z.string() }).safeParse(body);
  if (!read.success) return fault(400, "0x80048d19", "Error identified in Payload", "EntityId is needed");
  if (list === undefined) return fault(404, "0x80040217", `list With Id = ${listId} Does Not Exist`);
  const member = read.data.EntityId;
  if (!env.rows.has(member)) return fault(404, "0x80040217", `Entity With Id = ${member} Does Not Exist`);
  if (action === "RemoveMemberList") {
    list.members.delete(member);
    return { status: 204, did: "removed", row: member };
  }
  list.members.add(member);
  return { status: 200, body: { Id: member }, did: "added", row: member };
}
