import { expect, test } from "vitest";
import type { DbtEvent } from "../../src/models/dbt-event.ts";
import { createProgress } from "../../src/models/progress.ts";

const ORDERS = { uniqueId: "model.shop.orders", name: "orders", resourceType: "model" };
const TEST = { uniqueId: "test.shop.unique_orders", name: "unique_orders", resourceType: "test" };
const AFTER = { uniqueId: "model.shop.after", name: "after", resourceType: "model" };

const events: DbtEvent[] = [
  { kind: "phase", phase: "build" },
  { kind: "planned", total: 3 },
  { kind: "start", ...ORDERS },
  { kind: "node", ...ORDERS, status: "success", seconds: 0.25 },
  { kind: "start", ...TEST },
  { kind: "node", ...TEST, status: "fail", seconds: 0.1 },
  { kind: "node", ...AFTER, status: "skipped", seconds: 0 },
  { kind: "told", message: "identity run 3: 57 statements" },
  { kind: "finished", seconds: 1.5 },
  { kind: "problem", level: "error", node: "unique_orders", file: "models/orders.yml", message: "Got 2 results" },
];

function shown(options: { readonly tty: boolean; readonly color: boolean; readonly columns?: number }): string {
  let text = "";
  const progress = createProgress({ write: (part: string) => (text += part) }, options);
  for (const event of events) progress.onEvent(event);
  progress.end();
  return text;
}

test("away from a terminal there are only problems and a summary", () => {
  expect(shown({ tty: false, color: false })).toBe(
    "dbt failed in unique_orders (models/orders.yml):\n  Got 2 results\nidentity run 3: 57 statements\ndbt: 1 built, 0 tests passed, 1 failed, 1 skipped in 1.5 s\n",
  );
});

test("a terminal gets a line per model, a bar that moves, and no bar at the end", () => {
  const text = shown({ tty: true, color: false });
  expect(text).toContain("✓ orders model, 0.3 s\n");
  expect(text).toContain("✗ unique_orders test, 0.1 s\n");
  expect(text).toContain("– after model, 0.0 s\n");
  expect(text).toContain("░ 0/3 orders");
  expect(text).toContain("████████████████████████ 3/3");
  expect(text.split("\r\u001b[K").at(-1)).toBe(
    "identity run 3: 57 statements\ndbt: 1 built, 0 tests passed, 1 failed, 1 skipped in 1.5 s\n",
  );
});

test("the bar keeps to the width of the terminal", () => {
  const bars = shown({ tty: true, color: false, columns: 30 })
    .split("\r\u001b[K")
    .filter((part) => part.includes("/3"));
  expect(bars.length).toBeGreaterThan(0);
  for (const bar of bars) expect(bar.length).toBeLessThan(30);
});

test("colours are used only where asked for", () => {
  expect(shown({ tty: false, color: false })).not.toContain("\u001b[3");
  expect(shown({ tty: false, color: true })).toContain("\u001b[31mdbt failed");
});

test("a build that never ran a node has no summary", () => {
  let text = "";
  const progress = createProgress({ write: (part: string) => (text += part) }, { tty: false, color: false });
  progress.onEvent({ kind: "phase", phase: "build" });
  progress.end();
  expect(text).toBe("");
});
