import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, DbtFailed, RelationMissing } from "../../src/core/errors.ts";
import { findModel, type Manifest, readManifest, relationOf, selectionFor } from "../../src/models/artifacts.ts";
import { blockedBy } from "../../src/models/blocked.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "millrace-artifacts-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function model(name: string, more: Readonly<Record<string, unknown>> = {}) {
  const packageName = more.package_name ?? "shop";
  const version = more.version === undefined ? "" : `.v${more.version}`;
  return {
    unique_id: `model.${packageName}.${name}${version}`,
    name,
    resource_type: "model",
    package_name: packageName,
    database: "db",
    schema: "analytics",
    alias: name,
    original_file_path: `models/${name}.sql`,
    config: { materialized: "table" },
    ...more,
  };
}

async function manifestOf(
  ...nodes: readonly (Readonly<Record<string, unknown>> & { readonly unique_id: string })[]
): Promise<Manifest> {
  const metadata = { dbt_version: "1.11.16", adapter_type: "duckdb", project_name: "shop" };
  const file = { metadata, nodes: Object.fromEntries(nodes.map((node) => [node.unique_id, node])) };
  await writeFile(join(dir, "manifest.json"), JSON.stringify(file));
  return await readManifest(dir);
}

test("a model's relation is where dbt puts it, alias and all", async () => {
  const manifest = await manifestOf(
    model("orders", { schema: "marts", alias: "fct_orders" }),
    model("bare", { database: null }),
  );
  expect(relationOf(manifest, "orders")).toEqual({ database: "db", schema: "marts", name: "fct_orders" });
  expect(relationOf(manifest, "bare")).toEqual({ schema: "analytics", name: "bare" });
});

test("an unknown model is missing, with the nearest name", async () => {
  const manifest = await manifestOf(model("vip_customers"), model("orders"));
  const failure = thrown(() => relationOf(manifest, "vip_custmers"));
  expect(failure).toBeInstanceOf(RelationMissing);
  expect(failure).toHaveProperty("hint", 'did you mean "vip_customers"?');
});

test("the project's own model comes before a package's; two packages' must be told apart", async () => {
  const [ours, theirs, others] = ["shop", "p1", "p2"].map((name) =>
    model("orders", { package_name: name, schema: name }),
  );
  if (!ours || !theirs || !others) throw new Error("three models");
  expect(relationOf(await manifestOf(ours, theirs), "orders").schema).toBe("shop");
  const manifest = await manifestOf(theirs, others);
  expect(thrown(() => findModel(manifest, "orders"))).toBeInstanceOf(ConfigError);
  expect(relationOf(manifest, "p2.orders").schema).toBe("p2");
  expect(thrown(() => findModel(manifest, "p3.orders"))).toBeInstanceOf(RelationMissing);
});

test("of a model with versions the latest is meant", async () => {
  const versions = [1, 2, 3].map((version) =>
    model("orders", { version, latest_version: 2, alias: `orders_v${version}` }),
  );
  expect(relationOf(await manifestOf(...versions), "orders").name).toBe("orders_v2");
});

test("an ephemeral model is nowhere", async () => {
  const manifest = await manifestOf(model("passing", { config: { materialized: "ephemeral" } }));
  expect(thrown(() => relationOf(manifest, "passing"))).toBeInstanceOf(RelationMissing);
});

test("an artifact that is missing, no JSON or of another shape is an error that says so", async () => {
  await expect(readManifest(dir)).rejects.toThrow(/manifest\.json cannot be read/);
  for (const text of ["", "[]", '{"metadata": {"dbt_version": "1.11"}, "nodes": {"x": {}}}']) {
    await writeFile(join(dir, "manifest.json"), text);
    await expect(readManifest(dir)).rejects.toThrow(DbtFailed);
  }
});

test("the selection names each model once, with its ancestors", () => {
  expect(selectionFor(["orders", "customers", "orders", "shop.lapsing"])).toEqual([
    "+customers",
    "+lapsing",
    "+orders",
  ]);
});

test("a test attached to another model does not block what it merely reads", async () => {
  const manifest = await manifestOf(
    model("customers"),
    model("orders", { depends_on: { nodes: ["model.shop.customers"] } }),
    {
      ...model("relationships_orders"),
      unique_id: "test.shop.relationships_orders",
      resource_type: "test",
      attached_node: "model.shop.orders",
      depends_on: { nodes: ["model.shop.orders", "model.shop.customers"] },
    },
    {
      ...model("singular"),
      unique_id: "test.shop.singular",
      resource_type: "test",
      depends_on: { nodes: ["model.shop.orders"] },
    },
  );
  const run = (uniqueId: string, status: string) => ({
    generatedAt: new Date(0),
    results: [{ uniqueId, status, message: null, seconds: 0 }],
  });
  const attached = run("test.shop.relationships_orders", "fail");
  expect(blockedBy(manifest, attached, "customers")).toBeNull();
  expect(blockedBy(manifest, attached, "orders")?.name).toBe("relationships_orders");
  expect(blockedBy(manifest, run("test.shop.singular", "error"), "orders")?.name).toBe("singular");
  expect(blockedBy(manifest, run("test.shop.singular", "warn"), "orders")).toBeNull();
  expect(blockedBy(manifest, run("model.shop.customers", "skipped"), "orders")?.status).toBe("skipped");
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
