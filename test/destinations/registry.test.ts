import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { connectorIds, connectors, loadConnector } from "../../src/destinations/registry.ts";

describe("the registry", () => {
  test("has a line for every connector folder, under the connector's own id", async () => {
    const entries = await readdir(new URL("../../src/destinations", import.meta.url), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(connectorIds).toEqual(folders.sort());
    for (const id of connectorIds) expect((await loadConnector(id))?.id).toBe(id);
  });

  test("knows no connector by the name of an object's method", async () => {
    expect(await loadConnector("constructor")).toBeUndefined();
    expect(await loadConnector("nope")).toBeUndefined();
  });

  test("loads every schema without a driver", async () => {
    const script = `
      const { connectors } = await import(${JSON.stringify(new URL("../../src/destinations/registry.ts", import.meta.url).href)});
      const { registerHooks } = await import("node:module");
      registerHooks({ load(url, context, next) { if (/node_modules.(pg|@duckdb|axios)\\W/.test(url)) console.log(url); return next(url, context); } });
      for (const load of Object.values(connectors)) await load();`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(stdout).toBe("");
    expect(Object.keys(connectors).length).toBeGreaterThan(0);
  });
});
