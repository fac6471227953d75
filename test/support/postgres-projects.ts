import { createHash } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { type RunStatement, useProjectEngine } from "../e2e/project-engine.ts";
import { type Database, freshDatabase } from "./postgres-database.ts";

/** Cells as text, as the other engine's JSON has its big integers and times. */
const asText = { getTypeParser: () => (text: string) => text };

/** Every tiny project of this test file gets a database of its own on one Postgres server. */
export function projectsOnPostgres(): void {
  let server: Database | null = null;
  const made = new Map<string, Promise<unknown>>();
  beforeAll(async () => {
    server = await freshDatabase();
  });
  afterAll(async () => {
    for (const name of made.keys()) await server?.admin(`drop database if exists ${name} with (force)`);
    await server?.remove();
  });

  const nameOf = (dir: string) => `project_${createHash("sha256").update(dir).digest("hex").slice(0, 12)}`;
  const urlOf = (dir: string): string => {
    if (server === null) throw new Error("Postgres has not started");
    const url = new URL(server.url);
    url.pathname = `/${nameOf(dir)}`;
    return url.href;
  };
  const make = async (dir: string): Promise<void> => {
    await server?.admin(`create database ${nameOf(dir)} encoding 'UTF8' template template0`);
    await connected(urlOf(dir), (run) => run("create schema main"));
  };

  useProjectEngine({
    yaml: (dir) => {
      // Made while the test writes its files; `run` waits for it, and the command line starts later than that.
      if (!made.has(nameOf(dir))) made.set(nameOf(dir), make(dir));
      return `{ type: postgres, url: "${urlOf(dir)}", schema: millrace }`;
    },
    async run(dir, work) {
      await made.get(nameOf(dir));
      return connected(urlOf(dir), work);
    },
  });
}

async function connected<T>(url: string, work: (run: RunStatement) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=main" });
  await client.connect();
  try {
    return await work(async (statement) => (await client.query({ text: statement, types: asText })).rows);
  } finally {
    await client.end();
  }
}
