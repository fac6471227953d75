import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { check } from "../../../src/commands/check.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { MillraceError } from "../../../src/core/errors.ts";
import type { SslMode } from "../../../src/warehouse/postgres/config.ts";
import { createPostgresWarehouse } from "../../../src/warehouse/postgres/index.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import { tinyProject, toFile } from "../../e2e/project.ts";
import { type Authority, makeAuthority, noCertificates } from "../../support/certificates.ts";
import { type RunningPostgres, startPostgres } from "../../support/postgres.ts";
import { verbInProcess } from "../../support/verb-in-process.ts";

const lacking = noCertificates();

describe("TLS to Postgres", () => {
  let server: RunningPostgres;
  let ours: Authority;
  let others: Authority;
  const dir = mkdtempSync(join(tmpdir(), "millrace-tls-"));

  /** Runs statements on a connection of their own, whatever the server's certificate. */
  async function admin(...statements: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      let rows: readonly Readonly<Record<string, unknown>>[] = [];
      for (const statement of statements) rows = (await client.query(statement)).rows;
      return rows;
    } finally {
      await client.end();
    }
  }

  /** The server shows this certificate from now on: a new connection is made by what the postmaster has read. */
  async function serve(issued: { readonly certificate: string; readonly key: string }): Promise<void> {
    const [found] = await admin("select current_setting('data_directory') as dir");
    const folder = String(found?.dir);
    const { uid, gid } = statSync(folder);
    const name = `${issued.certificate.split("/").at(-1)}`;
    for (const [from, to] of [
      [issued.certificate, name],
      [issued.key, `${name}.key`],
    ] as const) {
      copyFileSync(from, join(folder, to));
      chmodSync(join(folder, to), 0o600);
      chownSync(join(folder, to), uid, gid);
    }
    await admin(
      `alter system set ssl_cert_file = '${name}'`,
      `alter system set ssl_key_file = '${name}.key'`,
      "alter system set ssl = on",
      "select pg_reload_conf()",
    );
    await expect
      .poll(
        async () => (await admin("select concat(current_setting('ssl_cert_file'), current_setting('ssl')) as at"))[0],
      )
      .toEqual({ at: `${name}on` });
  }

  beforeAll(async () => {
    if (lacking !== null) return;
    server = await startPostgres();
    [ours, others] = [makeAuthority(dir, "ours"), makeAuthority(dir, "others")];
  });
  afterAll(async () => {
    if (lacking === null) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const urlOf = (host: string, more = ""): string => `${server.url.replace("127.0.0.1", host)}${more}`;

  /** "encrypted" or "plain", as the server says; else the error. */
  async function connect(host: string, ssl?: SslMode, ca?: Authority, more = ""): Promise<string | MillraceError> {
    const warehouse = createPostgresWarehouse({
      url: urlOf(host, more),
      schema: "millrace",
      clock: systemClock,
      ...(ssl && { ssl }),
      ...(ca && { sslRootCert: ca.file }),
    });
    try {
      const [found] = await warehouse.session("read", (session) =>
        session.query(raw("select ssl from pg_stat_ssl where pid = pg_backend_pid()"), z.object({ ssl: z.boolean() })),
      );
      return found?.ssl === true ? "encrypted" : "plain";
    } catch (error) {
      return error as MillraceError;
    } finally {
      await warehouse.close();
    }
  }
  const refusal = (message: RegExp, hint: RegExp) => ({
    code: "WAREHOUSE_FAILED",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
  const untrusted = refusal(/certificate .* is not trusted/, /ssl_root_cert/);
  const anotherHost = refusal(/certificate .* is for another host/, /as the certificate names it/);

  it("encrypts, asks the authority and looks at the host's name as each mode promises", async (context) => {
    if (lacking !== null) context.skip(lacking);
    expect(await connect("localhost", "require")).toMatchObject(refusal(/does not speak SSL/, /switch SSL on/));

    await serve(ours.issue("named", "DNS:localhost"));
    expect(await connect("localhost", "disable")).toBe("plain");
    expect(await connect("localhost")).toBe("plain");
    expect(await connect("localhost", "require")).toBe("encrypted");
    // As libpq has it: who names authorities wants them asked.
    expect(await connect("localhost", "require", ours)).toBe("encrypted");
    expect(await connect("localhost", "require", others)).toMatchObject(untrusted);
    expect(await connect("localhost", "verify-ca", ours)).toBe("encrypted");
    expect(await connect("127.0.0.1", "verify-ca", ours)).toBe("encrypted");
    expect(await connect("localhost", "verify-ca", others)).toMatchObject(untrusted);
    expect(await connect("localhost", "verify-ca")).toMatchObject(untrusted);
    expect(await connect("localhost", "verify-full", ours)).toBe("encrypted");
    expect(await connect("localhost", "verify-full")).toMatchObject(untrusted);
    expect(await connect("localhost", "verify-full", others)).toMatchObject(untrusted);
    expect(await connect("127.0.0.1", "verify-full", ours)).toMatchObject(anotherHost);

    await serve(ours.issue("addressed", "IP:127.0.0.1"));
    expect(await connect("127.0.0.1", "verify-full", ours)).toBe("encrypted");
    expect(await connect("localhost", "verify-full", ours)).toMatchObject(anotherHost);

    await serve(others.issue("foreign", "DNS:localhost"));
    expect(await connect("localhost", "require")).toBe("encrypted");
    expect(await connect("localhost", "verify-ca", ours)).toMatchObject(untrusted);
    expect(await connect("localhost", "verify-full", ours)).toMatchObject(untrusted);
  });

  it("takes mode and authority from the URL, the options first", async (context) => {
    if (lacking !== null) context.skip(lacking);
    await serve(ours.issue("url", "DNS:localhost"));
    const named = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(ours.file)}`;
    expect(await connect("localhost", undefined, undefined, named)).toBe("encrypted");
    expect(await connect("127.0.0.1", undefined, undefined, named)).toMatchObject(anotherHost);
    expect(await connect("127.0.0.1", "verify-ca", undefined, named)).toBe("encrypted");
    expect(await connect("localhost", "verify-full", others, named)).toMatchObject(untrusted);
    expect(await connect("localhost", undefined, undefined, "?sslmode=verify-full&sslrootcert=system")).toMatchObject(
      untrusted,
    );
    const empty = join(dir, "empty.pem");
    writeFileSync(empty, "nothing");
    for (const file of [empty, join(dir, "missing.pem")]) {
      expect(() =>
        createPostgresWarehouse({
          url: urlOf("localhost"),
          schema: "m",
          clock: systemClock,
          ssl: "require",
          sslRootCert: file,
        }),
      ).toThrow(/certificate/);
    }
  });

  it("says to set `ssl:` where the server takes no plain connection, and from the command line which file is wrong", async (context) => {
    if (lacking !== null) context.skip(lacking);
    await serve(ours.issue("only", "DNS:localhost"));
    const [found] = await admin("select current_setting('hba_file') as file");
    await admin("create role encrypted login password 'e'");
    const hba = String(found?.file);
    // The first rule that fits decides. Written in place, so that the file stays the server's own.
    writeFileSync(hba, `hostnossl all encrypted all reject\n${readFileSync(hba, "utf8")}`);
    await admin("select pg_reload_conf()");
    const url = new URL(urlOf("localhost"));
    [url.username, url.password] = ["encrypted", "e"];
    const at = (more: string) =>
      tinyProject({
        "millrace.yml": `project: tiny\nwarehouse: { type: postgres, url: "${url.href}", schema: millrace${more} }\nstore: ./store.sqlite\naccounts:\n  files: { connector: file, path: ./out }\n`,
        "syncs/p.yml": toFile("p"),
      });
    const warehouse = async (more: string) =>
      (await verbInProcess(at(more).dir, check({ connect: true }))).json.connections[0];
    await expect
      .poll(() => warehouse(""), { timeout: 20_000 })
      .toMatchObject({
        what: "warehouse",
        ok: false,
        message: expect.stringMatching(/refuses this user .*whether it wants `ssl: require`/),
      });
    expect(await warehouse(", ssl: require")).toMatchObject({ what: "warehouse", ok: true });
    expect(await warehouse(`, ssl: verify-full, ssl_root_cert: "${ours.file}"`)).toMatchObject({ ok: true });
    expect(await warehouse(`, ssl: verify-full, ssl_root_cert: "${others.file}"`)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/not trusted .*ssl_root_cert/),
    });
    expect(await warehouse(", ssl: verify-full, ssl_root_cert: ./nowhere.pem")).toMatchObject({
      ok: false,
      message: expect.stringMatching(/nowhere\.pem cannot be read.*ssl_root_cert/),
    });
  });
});
