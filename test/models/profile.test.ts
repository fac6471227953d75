import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { ConfigError } from "../../src/core/errors.ts";
import { type DbtWarehouse, makeProfile } from "../../src/models/profile.ts";

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "millrace-profile-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const make = (warehouse: DbtWarehouse) =>
  makeProfile({ profile: "shop", target: "millrace", schema: "analytics", stateDir, warehouse });

test("a DuckDB profile names the file", async () => {
  const { dir, env } = await make({ type: "duckdb", path: "/data/w.duckdb" });
  const text = await readFile(join(dir, "profiles.yml"), "utf8");
  const output = { type: "duckdb", path: "/data/w.duckdb", schema: "analytics", threads: 4 };
  expect(parse(text)).toEqual({ shop: { target: "millrace", outputs: { millrace: output } } });
  expect(env).toEqual({});
});

test("a Postgres password is in the environment, not in the file, which is private", async () => {
  const { dir, env } = await make({
    type: "postgres",
    url: "postgres://ann:p%40ss@db.example.com/shop?sslmode=require",
    threads: 2,
  });
  const file = join(dir, "profiles.yml");
  const text = await readFile(file, "utf8");
  expect(parse(text).shop.outputs.millrace).toEqual({
    type: "postgres",
    host: "db.example.com",
    port: 5432,
    user: "ann",
    password: "{{ env_var('DBT_ENV_SECRET_MILLRACE_PASSWORD') }}",
    dbname: "shop",
    sslmode: "require",
    schema: "analytics",
    threads: 2,
  });
  expect(text).not.toMatch(/p@ss|p%40ss/);
  expect(env).toEqual({ DBT_ENV_SECRET_MILLRACE_PASSWORD: "p@ss" });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a Postgres certificate is checked by the file that is named, else by the authorities that the system trusts", async () => {
  const url = "postgres://ann@db.example.com/shop";
  const told = async (more: Pick<Extract<DbtWarehouse, { type: "postgres" }>, "ssl" | "sslRootCert">, query = "") => {
    const { dir } = await make({ type: "postgres", url: url + query, ...more });
    const { sslmode, sslrootcert } = parse(await readFile(join(dir, "profiles.yml"), "utf8")).shop.outputs.millrace;
    return [sslmode, sslrootcert];
  };
  expect(await told({})).toEqual([undefined, undefined]);
  expect(await told({ ssl: "verify-full" })).toEqual(["verify-full", "system"]);
  expect(await told({ ssl: "verify-full", sslRootCert: "/ca.pem" })).toEqual(["verify-full", "/ca.pem"]);
  expect(await told({}, "?sslmode=verify-ca&sslrootcert=/ca.pem")).toEqual(["verify-ca", "/ca.pem"]);
});

test("a Postgres URL that is none is refused without repeating it", async () => {
  const failure = await make({ type: "postgres", url: "ann:secret@" }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(failure).toHaveProperty("message", expect.not.stringContaining("secret"));
});

test("a Snowflake key on one line, with \\n for its line breaks, reaches dbt with them", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----";
  const place = { type: "snowflake", account: "a", user: "u", warehouse: "W", database: "D" } as const;
  for (const privateKey of [key, key.replaceAll("\n", "\\n")]) {
    const { env } = await make({ ...place, privateKey });
    expect(env).toEqual({ DBT_ENV_SECRET_MILLRACE_PRIVATE_KEY: key });
  }
});
