import { expect, test } from "vitest";
import { createLogReader, type DbtEvent } from "../../src/models/dbt-event.ts";

const node = (status: string) => ({
  unique_id: "model.shop.orders",
  node_name: "orders",
  resource_type: "model",
  node_status: status,
});

function read(lines: readonly unknown[]): DbtEvent[] {
  const readLine = createLogReader();
  return lines
    .map((line) => readLine(typeof line === "string" ? line : JSON.stringify(line)))
    .filter((event) => event !== null);
}

test("text that is no event, and events that are not of interest, give nothing", () => {
  const noise = ["", "Traceback (most recent call last):", "{", "{}", '{"info": 1}'];
  expect(read([...noise, { info: { name: "Formatting", level: "info", msg: "" }, data: { msg: "" } }])).toEqual([]);
});

test("a node's end is told once, whichever event says it first", () => {
  const result = { info: { name: "LogModelResult" }, data: { node_info: node("success"), execution_time: 0.5 } };
  const finished = { info: { name: "NodeFinished" }, data: { node_info: node("success") } };
  const name = { uniqueId: "model.shop.orders", name: "orders", resourceType: "model" };
  expect(read([result, finished])).toEqual([{ kind: "node", ...name, status: "success", seconds: 0.5 }]);
});

test("a problem carries the file that the event before it named, without colours", () => {
  const where = { info: { name: "RunResultFailure" }, data: { node_info: node("None"), path: "models/orders.sql" } };
  const what = {
    info: { name: "RunResultError" },
    data: { node_info: node("None"), msg: "\u001b[31mno such column\u001b[0m" },
  };
  const problem = { kind: "problem", level: "error", node: "orders", message: "no such column" };
  expect(read([where, what, what])).toEqual([
    { ...problem, file: "models/orders.sql" },
    { ...problem, file: null },
  ]);
});

test("fields that are missing or of another shape do not lose the event", () => {
  expect(read([{ info: { name: "RunResultError", msg: "broke" }, data: { node_info: "?", msg: 3 } }])).toEqual([
    { kind: "problem", level: "error", node: null, file: null, message: "broke" },
  ]);
});
