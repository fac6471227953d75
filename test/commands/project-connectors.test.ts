import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectConnectors } from "../../src/commands/project-connectors.ts";
import { connectorIds } from "../../src/destinations/registry.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "millrace-connectors-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function named(yaml: string): Promise<string[]> {
  await writeFile(join(dir, "millrace.yml"), yaml);
  return Object.keys(await projectConnectors(dir)).toSorted();
}

test.each([
  ["in a block", "accounts:\n  a:\n    connector: http\n  b:\n    connector: file # here\n", ["file", "http"]],
  ["in braces and quotes", `accounts: {a: {connector: "http"}, b: {"connector": 'klaviyo'}}`, ["http", "klaviyo"]],
  ["twice", "accounts:\n  a: {connector: http}\n  b: {connector: http}\n", ["http"]],
])("loads only the connectors that the project names %s", async (_, yaml, ids) => {
  expect(await named(yaml)).toEqual(ids);
});

test.each([
  ["one that does not exist", "accounts:\n  a: {connector: htp}\n"],
  ["one by a variable", `accounts:\n  a: {connector: http}\n  b:\n    connector: \${CONNECTOR}\n`],
  ["none", "project: shop\n"],
])("loads all where the project names %s", async (_, yaml) => {
  expect(await named(yaml)).toEqual([...connectorIds]);
});

test("loads all where there is no project", async () => {
  expect(Object.keys(await projectConnectors(join(dir, "missing"))).toSorted()).toEqual([...connectorIds]);
});
