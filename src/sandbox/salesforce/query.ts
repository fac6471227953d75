import type { Row, Value } from "../../core/value.ts";
import { json } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, fault } from "./errors.ts";
import { fieldOf, type ObjectDef } from "./fields.ts";
import { asText, type Org } from "./org.ts";
import { longId } from "./record-id.ts";
import { type Condition, parseSoql, type Soql } from "./soql.ts";

// https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_soslsoql.htm
const MAX_QUERY_CHARS = 100_000;
const PAGE_ROWS = 2000;

export interface Queries {
  query(call: Call): Answer;
  more(call: Call): Answer;
}

/** GET /query?q=… and the pages that follow it. */
export function createQueries(org: Org): Queries {
  const open = new Map<string, readonly Value[]>();
  let cursors = 0;

  const page = (call: Call, locator: string, records: readonly Value[], from: number): Answer => {
    const done = from + PAGE_ROWS >= records.length;
    const next = `/services/data/${call.params.version ?? ""}/query/${locator}-${from + PAGE_ROWS}`;
    return json(200, {
      totalSize: records.length,
      done,
      ...(done ? {} : { nextRecordsUrl: next }),
      records: records.slice(from, from + PAGE_ROWS),
    });
  };

  return {
    query(call) {
      const text = call.query.get("q");
      if (text === null) return breach(400, "MALFORMED_QUERY", "q is required");
      if (text.length > MAX_QUERY_CHARS) return breach(400, "QUERY_TOO_COMPLICATED", "the query is too long");
      const soql = parseSoql(text);
      if (typeof soql === "string") return breach(400, "MALFORMED_QUERY", soql);
      const def = org.object(soql.from);
      if (def === undefined) return fault(400, "INVALID_TYPE", `sObject type '${soql.from}' is not supported.`);
      const named = [...soql.select, ...soql.where.map(({ field }) => field)];
      const unknown = named.find((name) => pathOf(org, def, name) === undefined);
      if (unknown !== undefined) {
        const message = `No such column '${unknown}' on entity '${def.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`;
        return fault(400, "INVALID_FIELD", message);
      }
      const rows = select(org, def, soql);
      if (soql.select.length === 0) return json(200, { totalSize: rows.length, done: true, records: [] });
      const records = rows.map((row) => shape(org, call, def, soql, row));
      if (records.length <= PAGE_ROWS) return page(call, "", records, 0);
      cursors += 1;
      const locator = `01gSB${String(cursors).padStart(10, "0")}AAA`;
      open.set(locator, records);
      return page(call, locator, records, 0);
    },
    more(call) {
      const [locator = "", from = "0"] = (call.params.locator ?? "").split("-", 2);
      const records = open.get(locator);
      if (records === undefined) return fault(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
      return page(call, locator, records, Number(from));
    },
  };
}

/** A field of the object, or `Account.Ext__c`: a field of the record it points at. */
interface Path {
  readonly parent: { readonly relation: string; readonly via: string; readonly def: ObjectDef } | null;
  readonly field: string;
}

function pathOf(org: Org, def: ObjectDef, name: string): Path | undefined {
  const [relation = "", rest] = name.split(".", 2);
  if (rest === undefined) {
    const field = fieldOf(def, name);
    return field && { parent: null, field: field.name };
  }
  const via = fieldOf(def, relation.endsWith("__r") ? `${relation.slice(0, -1)}c` : `${relation}Id`);
  const parent = via?.refersTo == null ? undefined : org.object(via.refersTo);
  const field = parent && fieldOf(parent, rest);
  return via && parent && field && { parent: { relation, via: via.name, def: parent }, field: field.name };
}

function valueAt(org: Org, row: Row, { parent, field }: Path): Value {
  const holder = parent === null ? row : org.tables.table(parent.def.name).rows.get(asText(row[parent.via]));
  return holder?.[field] ?? null;
}

function select(org: Org, def: ObjectDef, soql: Soql): readonly Row[] {
  const tests = soql.where.flatMap((condition) => {
    const path = pathOf(org, def, condition.field);
    return path === undefined ? [] : [testOf(condition, path.field, (row) => valueAt(org, row, path))];
  });
  let rows = [...org.tables.table(def.name).rows.values()].filter((row) => tests.every((holds) => holds(row)));
  if (soql.orderBy !== null) {
    const { descending } = soql.orderBy;
    const name = fieldOf(def, soql.orderBy.field)?.name ?? "";
    rows = rows.toSorted((a, b) => compare(a[name] ?? null, b[name] ?? null) * (descending ? -1 : 1));
  }
  return rows.slice(soql.offset, soql.limit === null ? undefined : soql.offset + soql.limit);
}

/** Text compares without regard to case, ids in their long form. */
function testOf({ op, values }: Condition, field: string, cellOf: (row: Row) => Value): (row: Row) => boolean {
  const comparable = (value: Value) => {
    if (value === null) return null;
    return field.endsWith("Id") ? (longId(asText(value)) ?? "") : asText(value).toLowerCase();
  };
  if (op === "=" || op === "in" || op === "!=" || op === "not in") {
    const wanted = new Set(values.map(comparable));
    const positive = op === "=" || op === "in";
    return (row) => wanted.has(comparable(cellOf(row))) === positive;
  }
  const [value = null] = values;
  return (row) => {
    const cell = cellOf(row);
    if (cell === null || value === null) return false;
    const order = compare(cell, value);
    if (op === "<") return order < 0;
    if (op === ">") return order > 0;
    return op === "<=" ? order <= 0 : order >= 0;
  };
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = asText(a);
  const right = asText(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function shape(org: Org, call: Call, def: ObjectDef, soql: Soql, row: Row): Value {
  const attributesOf = (object: string, id: Value | undefined) => ({
    type: object,
    url: `/services/data/${call.params.version ?? ""}/sobjects/${object}/${asText(id)}`,
  });
  const record: { [name: string]: Value } = { attributes: attributesOf(def.name, row.Id) };
  for (const name of soql.select) {
    const path = pathOf(org, def, name);
    if (path === undefined) continue;
    const value = valueAt(org, row, path);
    if (path.parent === null) record[path.field] = value;
    else {
      const { relation, via, def: parent } = path.parent;
      const before = record[relation];
      const nested =
        typeof before === "object" && before !== null ? before : { attributes: attributesOf(parent.name, row[via]) };
      record[relation] = asText(row[via]) === "" ? null : { ...nested, [path.field]: value };
    }
  }
  return record;
}
