import { z } from "zod";
import type { ConnectorRules, TargetRules } from "../../src/config/connector-rules.ts";
import { ConfigError } from "../../src/core/errors.ts";

const secret = z.string().min(1).meta({ secret: true });

const target = (rules: Partial<TargetRules> & Pick<TargetRules, "kind" | "options">): TargetRules => ({
  identifiers: [],
  needsMatch: false,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
  onlyIfEmpty: false,
  object: () => "object",
  ...rules,
});

const objectOf = (options: unknown, key: string): string => String(new Map(Object.entries(options ?? {})).get(key));

/** Connectors with every rule that the project's files are held against, and no code behind them. */
export const connectors: Readonly<Record<string, ConnectorRules>> = {
  salesforce: {
    id: "salesforce",
    account: z.strictObject({
      base_url: z.url().describe("the login host"),
      client_id: z.string(),
      client_secret: secret,
      api_version: z.string().optional(),
    }),
    accountKey: () => "one organisation",
    targets: {
      record: target({
        kind: "records",
        options: z.strictObject({ object: z.string().min(1), bulk: z.enum(["auto", "never"]).optional() }),
        needsMatch: true,
        modes: ["mirror", "upsert", "insert", "update", "remove"],
        onlyIfEmpty: true,
        object: (options) => objectOf(options, "object"),
      }),
    },
  },
  klaviyo: {
    id: "klaviyo",
    account: z.strictObject({ base_url: z.url().optional(), api_key: secret }),
    accountKey: () => "one company",
    targets: {
      list: target({
        kind: "list",
        options: z.strictObject({ list: z.string() }),
        identifiers: ["email", "phone_number", "external_id"],
        needsMatch: true,
        modes: ["mirror", "upsert", "remove"],
        object: (options) => `list/${objectOf(options, "list")}`,
      }),
      profile: target({
        kind: "records",
        options: z.strictObject({}),
        identifiers: ["email", "phone_number", "external_id"],
        needsMatch: true,
        ops: ["add", "update"],
        fields: { known: { email: "text", first_name: "text", last_name: "text" }, others: "refused" },
        object: () => "profile",
      }),
    },
  },
  http: {
    id: "http",
    account: z.strictObject({
      base_url: z.url(),
      timeout: z.int().min(1).optional(),
      verify: z.boolean().optional(),
      sign: z.strictObject({ secret, header: z.string().optional() }).optional(),
      auth: z
        .discriminatedUnion("type", [
          z.strictObject({ type: z.literal("basic"), user: z.string(), password: secret }),
          z.strictObject({ type: z.literal("bearer"), token: secret }),
        ])
        .optional(),
    }),
    accountKey: (account) => objectOf(account, "base_url"),
    targets: {
      request: target({
        kind: "stream",
        options: z.strictObject({
          method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).optional(),
          path: z.string().startsWith("/"),
          resend: z.enum(["once", "idempotent"]).optional(),
        }),
        shape(_options, { mode }) {
          if (mode !== "remove") return;
          throw new ConfigError("this path tells nobody who was removed", { hint: "choose another path" });
        },
      }),
      record: target({
        kind: "records",
        options: z.strictObject({ path: z.string() }),
        object: (options) => objectOf(options, "path"),
      }),
    },
  },
  file: {
    id: "file",
    account: z.strictObject({ path: z.string() }),
    accountKey: (account) => objectOf(account, "path"),
    targets: {
      csv: target({
        kind: "stream",
        options: z.strictObject({ path: z.string().optional() }),
        modes: ["mirror", "upsert", "append"],
      }),
    },
  },
};
