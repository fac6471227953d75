import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { jsonSchemas, schemaText } from "../../src/config/json-schema.ts";
import { variable } from "./faulty.ts";

const ajv = new Ajv({ strict: false });
const schemas = jsonSchemas();
const accepts = (file: string, data: unknown): boolean => ajv.validate(schemas[file] ?? false, data) === true;

const sync = { sync: "a", model: "m", key: "k", to: { account: "a", target: "t" }, mode: "upsert" };
const project = { project: "shop", warehouse: { type: "postgres", url: "postgres://localhost/shop" } };

describe("the JSON Schemas for editors", () => {
  it("lie in schemas/ as the zod schemas have them; `node scripts/write-schemas.ts` writes them", () => {
    for (const [file, schema] of Object.entries(schemas)) {
      expect(readFileSync(join(import.meta.dirname, "..", "..", "schemas", file), "utf8")).toBe(schemaText(schema));
    }
  });

  it("refuse an unknown key, an unknown mode, and a sync of two sources or none", () => {
    expect(accepts("sync.schema.json", sync)).toBe(true);
    expect(accepts("sync.schema.json", { ...sync, feilds: {} })).toBe(false);
    expect(accepts("sync.schema.json", { ...sync, mode: "upser" })).toBe(false);
    expect(accepts("sync.schema.json", { ...sync, segment: "s" })).toBe(false);
    expect(accepts("sync.schema.json", { ...sync, model: undefined, table: "t" })).toBe(true);
    const { model: _, ...none } = sync;
    expect(accepts("sync.schema.json", none)).toBe(false);
  });

  it("take a variable where a number stands, and a reference where a secret stands", () => {
    expect(accepts("sync.schema.json", { ...sync, batch: { rows: variable("ROWS") } })).toBe(true);
    expect(accepts("sync.schema.json", { ...sync, batch: { rows: "many" } })).toBe(false);
    expect(accepts("millrace.schema.json", project)).toBe(true);
    const url = { command: ["pass", "show", "warehouse"] };
    expect(accepts("millrace.schema.json", { ...project, warehouse: { type: "postgres", url } })).toBe(true);
    expect(accepts("millrace.schema.json", { ...project, warehouse: { type: "postgres", url: { fil: "x" } } })).toBe(
      false,
    );
  });

  it("describe every key of a sync", () => {
    const { properties } = schemas["sync.schema.json"] ?? {};
    const bare = Object.entries(properties ?? {}).filter(([, schema]) => !("description" in (schema as object)));
    expect(bare.map(([key]) => key)).toEqual([]);
  });
});
