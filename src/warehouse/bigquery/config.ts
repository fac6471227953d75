import type { BigQueryOptions } from "@google-cloud/bigquery";
import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";

export interface Connecting {
  /** The Google Cloud project that runs and pays for the jobs; models may stand in others. */
  readonly project: string;
  /** A JSON key: of a service account, of workload identity federation, or of a user. Left out: application default credentials. */
  readonly credentials?: string;
  /** Another address than Google's own: a private endpoint, a proxy, or a peer of the tests. */
  readonly apiEndpoint?: string;
}

const key = z.looseObject({ type: z.string() });

/** Scripts that run where Google's own libraries look for credentials need none here. */
export function clientOptions({ project, credentials, apiEndpoint }: Connecting): BigQueryOptions {
  return {
    projectId: project,
    userAgent: "millrace",
    // Repeating is ours: with a record, a clock and the knowledge of what may be repeated.
    autoRetry: false,
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    ...(credentials === undefined
      ? apiEndpoint !== undefined && isLoopback(apiEndpoint)
        ? { authClient: anonymous }
        : {}
      : { credentials: parseKey(credentials) }),
  };
}

function parseKey(text: string): z.infer<typeof key> {
  try {
    return key.parse(JSON.parse(text));
  } catch {
    // Without the cause: it quotes the key.
    throw new ConfigError("the warehouse's credentials are no JSON key of Google Cloud", {
      hint: "Give `credentials` the whole text of the key file (from a file or a variable), or leave it out for application default credentials.",
    });
  }
}

export function isLoopback(endpoint: string): boolean {
  return URL.canParse(endpoint) && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(endpoint).hostname);
}

/** A peer on this machine asks nobody who they are; Google's library would search the network for credentials. */
const anonymous = {
  universeDomain: "googleapis.com",
  getRequestHeaders: async () => new Headers(),
} as unknown as NonNullable<BigQueryOptions["authClient"]>;

/** "project (location)", for messages. */
export const placeOf = (project: string, location?: string): string =>
  location === undefined ? project : `${project} (${location})`;
