import type { Row, Value } from "../../core/value.ts";
import { json } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, fault } from "./errors.ts";
import { fieldOf, type ObjectDef } from "./fields.ts";
import { asText, type Org } from "./org.ts";
import { longId } from "./record-id.ts";
import { type Condition, parseSoql, type Soql } from "./soql.ts";
import type { Table } from "./tables.ts";

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
      const unknown = [...soql.select, ...soql.where.map(({ field }) => field)].find(
        (name) => fieldOf(def, name) === undefined,
      );
      if (unknown !== undefined) {
        const message = `No such column '${unknown}' on entity '${def.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`;
        return fault(400, "INVALID_FIELD", message);
      }
      const rows = select(org.tables.table(def.name), def, soql);
      if (soql.select.length === 0) return json(200, { totalSize: rows.length, done: true, records: [] });
      const records = rows.map((row) => shape(call, def, soql, row));
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

function select(table: Table, def: ObjectDef, soql: Soql): readonly Row[] {
  const tests = soql.where.map((condition) =>
    testOf({ ...condition, field: fieldOf(def, condition.field)?.name ?? "" }),
  );
  let rows = [...table.rows.values()].filter((row) => tests.every((holds) => holds(row)));
  if (soql.orderBy !== null) {
    const { descending } = soql.orderBy;
    const name = fieldOf(def, soql.orderBy.field)?.name ?? "";
    rows = rows.toSorted((a, b) => compare(a[name] ?? null, b[name] ?? null) * (descending ? -1 : 1));
  }
  return rows.slice(soql.offset, soql.limit === null ? undefined : soql.offset + soql.limit);
}

/** Text compares without regard to case, ids in their long form. */
function testOf({ field, op, values }: Condition): (row: Row) => boolean {
  const comparable = (value: Value) => {
    if (value === null) return null;
    return field.endsWith("Id") ? (longId(asText(value)) ?? "") : asText(value).toLowerCase();
  };
  if (op === "=" || op === "in" || op === "!=" || op === "not in") {
    const wanted = new Set(values.map(comparable));
    const positive = op === "=" || op === "in";
    return (row) => wanted.has(comparable(row[field] ?? null)) === positive;
  }
  const [value = null] = values;
  return (row) => {
    const cell = row[field] ?? null;
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

function shape(call: Call, def: ObjectDef, soql: Soql, row: Row): Value {
  const url = `/services/data/${call.params.version ?? ""}/sobjects/${def.name}/${asText(row.Id)}`;
  const fields = soql.select.map((name) => fieldOf(def, name)?.name ?? name);
  return {
    attributes: { type: def.name, url },
    ...Object.fromEntries(fields.map((name) => [name, row[name] ?? null])),
  };
}
