import { createPrivateKey } from "node:crypto";
import type { ConnectionOptions } from "snowflake-sdk";
import { ConfigError } from "../../core/errors.ts";
import { pemOf } from "../../core/pem.ts";
import { catalogName } from "./names.ts";

export interface Connecting {
  /** The account identifier, e.g. "myorg-account123". */
  readonly account: string;
  readonly user: string;
  /** PEM, PKCS#8 or PKCS#1, encrypted or not. One of `privateKey` and `oauthToken`. */
  readonly privateKey?: string;
  readonly privateKeyPassphrase?: string;
  readonly oauthToken?: string;
  readonly role?: string;
  /** The virtual warehouse. */
  readonly warehouse: string;
  readonly database: string;
  /** Millrace's own schema: temporary tables are made there. */
  readonly schema: string;
  /** In place of https://<account>.snowflakecomputing.com: private links, proxies, tests. */
  readonly baseUrl?: string;
  /** Shown in Snowflake's query history beside every statement; "millrace" if left out. */
  readonly queryTag?: string;
}

/** Folded as Snowflake folds what stands unquoted, and quoted, so that any name works. */
const exactly = (name: string): string => `"${catalogName(name).replaceAll('"', '""')}"`;

/** What the driver needs. Throws ConfigError if the private key cannot be read. */
export function connectionOptions(options: Connecting): ConnectionOptions {
  const { role, baseUrl } = options;
  return {
    account: options.account,
    username: options.user,
    ...credentials(options),
    ...(role === undefined ? {} : { role: exactly(role) }),
    warehouse: exactly(options.warehouse),
    database: exactly(options.database),
    schema: exactly(options.schema),
    ...(baseUrl === undefined ? {} : { accessUrl: baseUrl.replace(/\/+$/, "") }),
    application: "millrace",
    queryTag: options.queryTag ?? "millrace",
    // A run may wait longer for a platform's job than a session lives without a sign (four hours).
    clientSessionKeepAlive: true,
    rowMode: "array",
    representNullAsStringNull: false,
    // A host that is not there is told within seconds; the default tries for minutes.
    sfRetryMaxLoginRetries: 2,
    // The wait for a chunk is shorter, and the memory bounded by this many of them.
    resultPrefetch: 2,
    // What is missing is told by the first statement, with its name.
    validateDefaultParameters: false,
  };
}

function credentials(options: Connecting): Partial<ConnectionOptions> {
  if (options.oauthToken !== undefined) return { authenticator: "OAUTH", token: options.oauthToken };
  if (options.privateKey !== undefined) {
    return { authenticator: "SNOWFLAKE_JWT", privateKey: unlocked(options.privateKey, options.privateKeyPassphrase) };
  }
  throw new ConfigError("the Snowflake warehouse has neither private_key nor oauth_token", {
    hint: "Give one of them in `warehouse:`, e.g. private_key: {file: ./rsa_key.p8}.",
  });
}

/** The driver takes unencrypted PKCS#8 only. */
function unlocked(pem: string, passphrase: string | undefined): string {
  try {
    const key = createPrivateKey({
      key: pemOf(pem),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    throw new ConfigError("the warehouse's private_key cannot be read", {
      hint: "Give the PEM text of an RSA key, and private_key_passphrase if it is encrypted.",
    });
  }
}

/** "account/DATABASE", for messages. */
export const placeOf = ({ account, database }: Connecting): string => `${account}/${catalogName(database)}`;
