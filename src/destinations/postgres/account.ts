import type { PoolConfig } from "pg";
import { z } from "zod";

/** A name as the database stores it: exact, unquoted. */
export const identifier = z
  .string()
  .min(1)
  // Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS (63 bytes, the rest is cut off)
  .refine((name) => Buffer.byteLength(name) <= 63 && !name.includes("\0"), {
    error: "a name in Postgres has at most 63 bytes and no NUL",
  });

export const postgresAccount = z
  .strictObject({
    url: z
      .string()
      .refine((url) => /^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? ""), {
        error: "url begins with postgres://",
      })
      .optional()
      .meta({ secret: true, description: "postgres://user:password@host:5432/database, instead of the parts" }),
    host: z.string().min(1).optional(),
    port: z.int().min(1).max(65_535).default(5432),
    user: z.string().min(1).optional(),
    password: z.string().optional().meta({ secret: true }),
    database: z.string().min(1).optional(),
    schema: identifier.default("public"),
    ssl: z
      .enum(["disable", "require", "verify"])
      .default("disable")
      .meta({ description: "require: encrypted; verify: encrypted, and the server's certificate is checked" }),
    ca: z.string().optional().meta({ description: "PEM of the authority that signed the server's certificate" }),
    connections: z.int().min(1).max(50).default(4).meta({ description: "connections at most" }),
    timeout_ms: z.int().min(100).default(60_000).meta({ description: "of one statement" }),
  })
  .superRefine((account, context) => {
    const parts = [account.host, account.user, account.database];
    if (account.url !== undefined && [...parts, account.password].some((part) => part !== undefined)) {
      context.addIssue({ code: "custom", path: ["url"], message: "give either url, or host, user and database" });
    }
    if (account.url === undefined && parts.includes(undefined)) {
      context.addIssue({ code: "custom", path: [], message: "give url, or host, user and database" });
    }
  });

export type PostgresAccount = z.infer<typeof postgresAccount>;

/** postgres:host:port/database, without user and password. */
export function accountKey(account: PostgresAccount): string {
  if (account.url === undefined) return `postgres:${account.host}:${account.port}/${account.database}`;
  const url = new URL(account.url);
  const host = url.hostname || url.searchParams.get("host") || "localhost";
  return `postgres:${decodeURIComponent(host)}:${url.port || "5432"}${url.pathname}`;
}

const connectTimeoutMs = 10_000;

export function poolConfig(account: PostgresAccount): PoolConfig {
  const { ca, ssl } = account;
  const { host, port, user, password, database } = account;
  const given = { host, port, user, password, database };
  const address =
    account.url === undefined
      ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
      : { connectionString: account.url };
  return {
    ...address,
    // An `sslmode` in the URL is the driver's to read, unless the account says more.
    ...(ssl === "disable"
      ? {}
      : { ssl: { rejectUnauthorized: ssl === "verify", ...(ca === undefined ? {} : { ca }) } }),
    max: account.connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: account.timeout_ms,
    application_name: "millrace",
    // A row must read back as it was written, whatever the server's default encoding is.
    client_encoding: "UTF8",
  };
}
