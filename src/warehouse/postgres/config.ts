import { readFileSync } from "node:fs";
import { checkServerIdentity } from "node:tls";
import type { ClientConfig } from "pg";
import { ConfigError } from "../../core/errors.ts";

/** As libpq names them. https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
export type SslMode = "disable" | "require" | "verify-ca" | "verify-full";

export interface Connecting {
  /** postgres://user:password@host:5432/database; `sslmode` and `sslrootcert` in it are taken where the options say nothing. */
  readonly url: string;
  readonly ssl?: SslMode;
  /** A file with the certificates of the authorities to trust, as PEM. */
  readonly sslRootCert?: string;
}

const CONNECT_TIMEOUT_MS = 10_000;
const MODES: readonly string[] = ["disable", "require", "verify-ca", "verify-full"] satisfies SslMode[];
const isMode = (text: string): text is SslMode => MODES.includes(text);

/** The driver's own reading of `sslmode` differs from libpq's and changes with its versions: ours is written out. */
export function clientConfig(options: Connecting): ClientConfig {
  if (!/^postgres(ql)?:/.test(options.url) || !URL.canParse(options.url)) {
    throw new ConfigError("the warehouse's url is no Postgres URL", {
      hint: "write postgres://user:password@host:5432/database",
    });
  }
  const url = new URL(options.url);
  const written = url.searchParams.get("sslmode") ?? "disable";
  const mode = options.ssl ?? (written === "prefer" || written === "allow" ? "disable" : written);
  if (!isMode(mode)) {
    throw new ConfigError(`the warehouse's url has an sslmode that does not exist: ${mode}`, {
      hint: `write one of ${MODES.join(", ")}`,
    });
  }
  const file = options.sslRootCert ?? url.searchParams.get("sslrootcert");
  for (const name of ["sslmode", "sslrootcert", "ssl"]) url.searchParams.delete(name);
  return {
    connectionString: url.href,
    ssl: sslOptions(mode, file, decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "") || "localhost"),
    application_name: "millrace",
    client_encoding: "UTF8",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  };
}

/** A file of this name stands for the authorities that the system trusts, here those that Node ships. */
const SYSTEM = "system";

function sslOptions(mode: SslMode, file: string | null, host: string): ClientConfig["ssl"] {
  if (mode === "disable") return false;
  const ca = file === null || file === SYSTEM ? {} : { ca: readCertificates(file) };
  // As libpq, and so dbt, takes it: whoever names authorities wants them asked.
  if (mode === "require" && file === null) return { rejectUnauthorized: false };
  if (mode !== "verify-full") return { rejectUnauthorized: true, ...ca, checkServerIdentity: () => undefined };
  // Of a host given by its address the driver tells Node nothing, which would then look for "localhost" in the certificate.
  return {
    rejectUnauthorized: true,
    ...ca,
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  };
}

function readCertificates(file: string): string {
  const read = (): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw new ConfigError(`the certificates in ${file} cannot be read`, { hint: "Correct `ssl_root_cert`.", cause });
    }
  };
  const text = read();
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new ConfigError(`there is no certificate in ${file}`, {
    hint: "Write the authorities' certificates to `ssl_root_cert` as PEM.",
  });
}

/** "host:port/database", for messages: without user and password. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return "Postgres";
  const { hostname, port, pathname } = new URL(url);
  return `${decodeURIComponent(hostname) || "localhost"}:${port || "5432"}${pathname}`;
}
