import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { loadProject } from "../../src/config/project.ts";
import { warehouseSecrets } from "../../src/config/project-parts.ts";
import { ConfigError, EnvMissing } from "../../src/core/errors.ts";
import { connectors } from "./fake-connectors.ts";
import { variable } from "./faulty.ts";
import { changed, type Files, soundProject, tempProject } from "./temp-project.ts";

const P = "millrace.yml";

const open = (files: Files, { env, variables = {} }: { env?: string; variables?: Record<string, string> } = {}) => {
  const dir = tempProject(files);
  return { dir, project: openProject({ dir, env, connectors, variables: envFrom(variables) }) };
};

const staging = `
environments:
  staging:
    warehouse: { schema: millrace_staging }
    store: ./.millrace/staging.sqlite
    accounts:
      hook: { base_url: https://staging.example.com }
      newsletter: { connector: http, base_url: https://mail.example.com }
    dbt: { artifacts: ./elsewhere, target: staging }
  server:
    warehouse: { type: postgres, url: "${variable("DATABASE_URL")}" }
    store: ${variable("DATABASE_URL")}
`;
const withEnvironments = changed(P, "project: shop\n", `project: shop\n${staging.trimStart()}`);

describe("a project", () => {
  it("has paths that are absolute, defaults of its own, and Millrace's where it says nothing", async () => {
    const { dir, project } = open({
      ...soundProject,
      [P]: `${soundProject[P]}retention: { results: 90 days, runs: 400 }\nsettings: { plan_expiry: 2h }\n`,
    });
    expect(await project.resolveWarehouse()).toEqual({
      type: "duckdb",
      path: join(dir, "warehouse.duckdb"),
      schema: "millrace",
    });
    expect(await project.resolveStore()).toEqual({ kind: "sqlite", path: join(dir, ".millrace/store.sqlite") });
    expect(project.resolveDbt()).toEqual({ kind: "project", dir: join(dir, "sql") });
    expect(project.retention).toEqual({ resultsDays: 90, runsDays: 400 });
    expect(project.settings.planExpiryMs).toBe(7_200_000);
    expect(open(soundProject).project.settings.planExpiryMs).toBe(86_400_000);
    expect(project.defaults.guard.maxRemoved).toBe(0.2);
  });

  it("is overlaid by an environment, key by key", async () => {
    const { dir, project } = open(withEnvironments, { env: "staging" });
    expect(await project.resolveWarehouse()).toEqual({
      type: "duckdb",
      path: join(dir, "warehouse.duckdb"),
      schema: "millrace_staging",
    });
    expect(await project.resolveStore()).toEqual({ kind: "sqlite", path: join(dir, ".millrace/staging.sqlite") });
    expect(project.resolveDbt()).toEqual({ kind: "artifacts", dir: join(dir, "elsewhere"), target: "staging" });
    const hook = await project.resolveAccount("hook");
    expect(hook.account).toEqual({ base_url: "https://staging.example.com" });
  });

  it("takes an environment's warehouse or account of another kind as a whole", async () => {
    const variables = { DATABASE_URL: "postgres://u:pass%20word@db/shop" };
    const server = open(withEnvironments, { env: "server", variables }).project;
    const warehouse = await server.resolveWarehouse();
    expect(warehouse).toEqual({ type: "postgres", url: variables.DATABASE_URL, schema: "millrace_server" });
    expect(warehouseSecrets(warehouse)).toEqual([variables.DATABASE_URL, "pass%20word", "pass word"]);
    expect(await server.resolveStore()).toEqual({ kind: "postgres", url: variables.DATABASE_URL });

    const other = await open(withEnvironments, { env: "staging" }).project.resolveAccount("newsletter");
    expect(other.connector.id).toBe("http");
    expect(other.account).toEqual({ base_url: "https://mail.example.com" });
  });

  it("names the nearest environment for one that is not there", () => {
    expect(() => open(withEnvironments, { env: "stagin" })).toThrow(
      /millrace.yml:2: there is no environment "stagin" — did you mean "staging"\?/,
    );
    expect(() => open(soundProject, { env: "staging" })).toThrow(/there are no environments/);
  });

  it("is refused as a whole, with every fault in one error of exit code 2", () => {
    const files = changed(P, "connector: klaviyo", "connector: klavio", { "syncs/b.yml": "sync: b\n" });
    const attempt = () => open(files);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(/klavio/);
    expect(attempt).toThrow(/syncs\/b.yml:1: the key "key" is missing/);
  });

  it("opens though models are not there yet: the warehouse knows them", () => {
    expect(open(changed("syncs/a.yml", "vip_customers", "not_built_yet")).project.syncs).toHaveLength(1);
  });

  it("says how to make one where there is none", () => {
    const dir = tempProject({});
    expect(() => loadProject({ dir, env: undefined, connectors })).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringContaining("millrace init") }),
    );
  });

  it("names the nearest sync and account for ones that are not there", async () => {
    const { project } = open(soundProject);
    expect(() => project.sync("vipz")).toThrow(expect.objectContaining({ hint: 'did you mean "vips"?', exitCode: 2 }));
    await expect(project.resolveAccount("sale")).rejects.toMatchObject({ hint: 'did you mean "sales"?' });
  });
});

describe("an unset variable", () => {
  const files = changed(P, "top-secret-2", variable("KLAVIYO_API_KEY"));

  it("is an error of exit code 2 on use, and only of the part that needs it", async () => {
    const { project } = open(files);
    await expect(project.resolveAccount("newsletter")).rejects.toThrow(EnvMissing);
    await expect(project.resolveAccount("newsletter")).rejects.toMatchObject({
      exitCode: 2,
      message: "millrace.yml:15: the environment variable KLAVIYO_API_KEY is not set",
    });
    expect((await project.resolveAccount("sales")).secrets).toEqual(["top-secret-1"]);
  });

  it("stops only the sync that needs it", () => {
    const { project } = open(
      changed("syncs/a.yml", "object: Contact", `object: ${variable("OBJECT")}`, {
        "syncs/h.yml":
          "sync: h\nmodel: m\nkey: k\nto: { account: exports, target: csv }\nmode: upsert\nfields: { a: a }\n",
      }),
    );
    expect(() => project.sync("vips")).toThrow(EnvMissing);
    expect(project.sync("h").name).toBe("h");
  });

  it("gives way to a stand-in where the sandbox takes the platform's place", async () => {
    const { project } = open(files);
    const { account } = await project.resolveAccount("newsletter", {
      replace: { base_url: "http://127.0.0.1:1" },
      unset: "sandbox",
    });
    expect(account).toEqual({ base_url: "http://127.0.0.1:1", api_key: "sandbox" });
  });

  it("is read from .env beside millrace.yml, which the environment overrides", async () => {
    const name = "MILLRACE_TEST_KEY_A";
    const dir = tempProject({ ...changed(P, "top-secret-2", variable(name)), ".env": `${name}="from the file"\n` });
    const account = async () =>
      (await openProject({ dir, env: undefined, connectors }).resolveAccount("newsletter")).account;
    expect(await account()).toEqual({ api_key: "from the file" });
    process.env[name] = "from the environment";
    try {
      expect(await account()).toEqual({ api_key: "from the environment" });
      process.env[name] = "";
      expect(await account()).toEqual({ api_key: "from the file" });
    } finally {
      delete process.env[name];
    }
  });
});
