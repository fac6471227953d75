import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { initProject } from "../../src/commands/init-project.ts";
import { check, openProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { jsonSchemas } from "../../src/config/json-schema.ts";
import { connectorIds, connectors as registry } from "../../src/destinations/registry.ts";

const temp = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "millrace-init-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const fileConnector = async () => {
  const file = await registry.file?.();
  if (file === undefined) throw new Error(`no file connector among ${connectorIds.join(", ")}`);
  return { file };
};

describe("a new project", () => {
  it("passes check with the real file connector, and its sync names its segment's model", async () => {
    const dir = join(temp(), "My Shop");
    const files = initProject(dir, { warehouse: "duckdb" });
    const connectors = await fileConnector();
    expect(check({ dir, env: undefined, connectors, variables: envFrom({}) })).toEqual([]);
    const project = openProject({ dir, env: undefined, connectors, variables: envFrom({}) });
    expect(project.name).toBe("my-shop");
    expect(project.sync("vips-to-file").source).toEqual({ kind: "segment", name: "vips" });
    expect((await project.resolveAccount("exports")).account).toEqual({ path: join(dir, "exports") });
    expect(files).toContain("sql/models/segments/vips.sql");
    for (const file of files) expect(existsSync(join(dir, file)), file).toBe(true);
  });

  it.each(["postgres", "snowflake", "bigquery"] as const)(
    "is written for %s, and lacks only what .env.example names",
    async (warehouse) => {
      const dir = join(temp(), "shop");
      initProject(dir, { warehouse });
      const connectors = await fileConnector();
      const example = readFileSync(join(dir, ".env.example"), "utf8");
      const variables = Object.fromEntries(
        [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = "", value]) => [name, value === "" ? "x" : value]),
      );
      const unset = check({ dir, env: undefined, connectors, variables: envFrom({}) });
      expect(unset.length).toBeGreaterThan(0);
      expect(unset.every(({ level }) => level === "warning")).toBe(true);
      expect(check({ dir, env: undefined, connectors, variables: envFrom(variables) })).toEqual([]);
      const project = openProject({ dir, env: undefined, connectors, variables: envFrom(variables) });
      expect(await project.resolveWarehouse()).toMatchObject({ type: warehouse, schema: "millrace" });
      expect(readFileSync(join(dir, "README.md"), "utf8")).toContain("millrace check --connect");
    },
  );

  it("names in its YAML the schemas that it brings, and satisfies them", () => {
    const dir = join(temp(), "shop");
    initProject(dir, { warehouse: "duckdb" });
    const ajv = new Ajv({ strict: false });
    for (const file of ["millrace.yml", "syncs/vips-to-file.yml"]) {
      const text = readFileSync(join(dir, file), "utf8");
      const schema = /^# yaml-language-server: \$schema=(.+)$/m.exec(text.split("\n")[0] ?? "")?.[1];
      const path = join(dir, file, "..", schema ?? "missing");
      const content: unknown = JSON.parse(readFileSync(path, "utf8"));
      expect(Object.values(jsonSchemas())).toContainEqual(content);
      expect(ajv.validate(content as object, parse(text))).toBe(true);
    }
  });

  it("brings Millrace's dbt package, without its demo, and does not clash with its name", () => {
    const dir = join(temp(), "millrace");
    initProject(dir, { warehouse: "duckdb" });
    const packages: unknown = parse(readFileSync(join(dir, "sql/packages.yml"), "utf8"));
    expect(packages).toEqual({ packages: [{ local: "dbt_packages_local/millrace" }] });
    const macro = join(dir, "sql/dbt_packages_local/millrace/macros/as_of.sql");
    expect(readFileSync(macro, "utf8")).toContain("macro as_of");
    expect(existsSync(join(dir, "sql/dbt_packages_local/millrace/demo"))).toBe(false);
    expect(parse(readFileSync(join(dir, "sql/dbt_project.yml"), "utf8"))).toMatchObject({ name: "millrace_project" });
  });

  it("goes into an empty folder or a fresh git repository, and into no other", () => {
    const dir = temp();
    mkdirSync(join(dir, ".git"));
    initProject(dir, { warehouse: "duckdb" });
    const again = () => initProject(dir, { warehouse: "duckdb" });
    expect(again).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining("is not empty") }));
    const file = join(temp(), "file");
    writeFileSync(file, "");
    expect(() => initProject(file, { warehouse: "duckdb" })).toThrow("is a file");
  });
});
