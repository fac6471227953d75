import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { check, openProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { filesBelow } from "../../src/config/files.ts";
import { jsonSchemas } from "../../src/config/json-schema.ts";
import { loadProject } from "../../src/config/project.ts";
import { allConnectors } from "../../src/destinations/registry.ts";
import { connectors } from "./fake-connectors.ts";
import { tempProject } from "./temp-project.ts";

const examples = join(import.meta.dirname, "..", "fixtures", "examples");
const variables = envFrom({
  SALESFORCE_CLIENT_ID: "id",
  SALESFORCE_CLIENT_SECRET: "secret-1",
  KLAVIYO_API_KEY: "secret-2",
  HOOK_URL: "https://example.com",
  HOOK_SECRET: "secret-3",
});

/** The examples with a dbt project of the models they name. */
function withModels(): string {
  const dir = tempProject({
    "sql/dbt_project.yml": "name: shop\n",
    "sql/models/vip_customers.sql": "select 1\n",
    "sql/models/orders.sql": "select 1\n",
    "sql/models/stg_web__events.sql": "select 1\n",
    "sql/models/stg_email__opens.sql": "select 1\n",
    "sql/models/stg_crm__contacts.sql": "select 1\n",
    "sql/models/stg_web__identifies.sql": "select 1\n",
  });
  cpSync(examples, dir, { recursive: true });
  return dir;
}

describe("the files a user writes", () => {
  it("parse as they stand", () => {
    const { project, faults } = loadProject({ dir: examples, env: undefined, connectors, variables });
    expect(faults).toEqual([]);
    expect(project?.syncs.map(({ name }) => name)).toEqual([
      "lapsing-to-newsletter",
      "orders-to-hook",
      "vips-to-salesforce",
    ]);
  });

  it("pass check with a dbt project of the models they name, and no connection", () => {
    const faults = check({ dir: withModels(), env: undefined, connectors, variables });
    expect(faults).toEqual([]);
  });

  it("pass check with the connectors there are", async () => {
    const faults = check({ dir: withModels(), env: undefined, connectors: await allConnectors(), variables });
    expect(faults.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("warn once for every variable that is unset", () => {
    const faults = check({ dir: withModels(), env: undefined, connectors, variables: envFrom({}) });
    const unset = faults.filter(({ message }) => message.includes("is not set"));
    expect(unset.map(({ file, line, level }) => `${level} ${file}:${line}`)).toEqual([
      "warning millrace.yml:14",
      "warning millrace.yml:15",
      "warning millrace.yml:18",
      "warning millrace.yml:21",
      "warning millrace.yml:22",
    ]);
    expect(faults.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("mean what they say", () => {
    const project = openProject({ dir: examples, env: undefined, connectors, variables });
    expect(project.sync("vips-to-salesforce")).toEqual({
      name: "vips-to-salesforce",
      source: { kind: "model", name: "vip_customers" },
      key: "customer_id",
      match: { Customer_No__c: "customer_id" },
      to: { account: "sales", target: "record", options: { object: "Contact" } },
      mode: "mirror",
      whenRemoved: { set: { Tier__c: null } },
      fields: {
        Email: { source: { from: "column", column: "email" }, nulls: "write", onlyIfEmpty: false },
        LastName: { source: { from: "column", column: "last_name" }, nulls: "write", onlyIfEmpty: false },
        Lifetime_Value__c: {
          source: { from: "column", column: "lifetime_value", type: "number", round: 2 },
          nulls: "write",
          onlyIfEmpty: false,
        },
        Tier__c: { source: { from: "value", value: "VIP" }, nulls: "write", onlyIfEmpty: false },
        Description: {
          source: {
            from: "template",
            parts: [{ column: "order_count" }, { text: " orders since " }, { column: "first_order_on" }],
          },
          nulls: "write",
          onlyIfEmpty: false,
        },
        Phone: { source: { from: "column", column: "phone" }, nulls: "skip", onlyIfEmpty: false },
        LeadSource: { source: { from: "column", column: "source" }, nulls: "write", onlyIfEmpty: true },
      },
      batch: {},
      schedule: { kind: "cron", cron: "0 6 * * 1-5", timezone: "Europe/London", catchUp: "once" },
      guard: { maxRemoved: 0.1, maxRemovedRows: 10_000, maxChanged: 0.5, minRows: 1, mappingChange: "hold" },
      rejects: { retry: "on_change" },
      strict: false,
      origin: { file: "syncs/vips-to-salesforce.yml", line: 1 },
    });
    expect(project.sync("orders-to-hook")).toMatchObject({
      mode: "append",
      match: {},
      batch: { rows: 500 },
      schedule: { kind: "every", everyMs: 900_000, catchUp: "once" },
      to: { options: { method: "POST", path: "/events", resend: "idempotent" } },
    });
    expect(project.sync("lapsing-to-newsletter")).toMatchObject({
      source: { kind: "segment", name: "lapsing" },
      schedule: { kind: "after-build" },
      fields: { "properties.days_silent": { source: { column: "days_since_last_order" } } },
    });
  });

  it("satisfy the JSON Schemas that editors read", () => {
    const schemas = jsonSchemas();
    const ajv = new Ajv({ strict: false, allErrors: true });
    const valid = (schema: string, file: string) => {
      const validate = ajv.compile(schemas[schema] ?? false);
      return validate(parse(readFileSync(join(examples, file), "utf8"))) ? [] : validate.errors;
    };
    expect(valid("millrace.schema.json", "millrace.yml")).toEqual([]);
    expect(valid("identity.schema.json", "identity.yml")).toEqual([]);
    const syncs = filesBelow(examples, "syncs", [".yml"]);
    expect(syncs).toHaveLength(3);
    for (const file of syncs) expect(valid("sync.schema.json", file)).toEqual([]);
    expect(valid("events.schema.json", "events/shop.yml")).toEqual([]);
    expect(valid("traits.schema.json", "traits/orders.yml")).toEqual([]);
    for (const name of ["lapsing", "staff"]) expect(valid("segment.schema.json", `segments/${name}.yml`)).toEqual([]);
  });
});
