import { z } from "zod";
import { daysText, durationText, identifierText, nameText, someText, timeZoneText } from "./scalars.ts";
import { guardSchema, rejectsSchema } from "./shared-schema.ts";
import { modelText } from "./words.ts";

const secret = someText.meta({ secret: true });
const fileText = someText.refine((path) => path !== ":memory:", {
  error: "a database in memory is gone between two stages",
  params: { mend: "name a file: ./warehouse.duckdb" },
});
const schema = identifierText.optional().describe("where Millrace's own tables live; millrace if left out");

export const warehouseSchema = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("duckdb"),
      path: fileText.describe("the database file"),
      schema,
      memory_limit: someText.optional().describe("e.g. 4GB"),
      threads: z.int().min(1).optional(),
      temp_directory: someText.optional().describe("where large queries spill"),
    }),
    z.strictObject({
      type: z.literal("postgres"),
      url: secret.describe("postgres://user:password@host:5432/database"),
      schema,
      ssl: z
        .enum(["disable", "require", "verify-ca", "verify-full"])
        .optional()
        .describe("as libpq's sslmode: require encrypts, verify-ca and verify-full also check the certificate"),
      ssl_root_cert: someText.optional().describe("a file with the certificates of the authorities to trust (PEM)"),
      statement_timeout: durationText.optional().describe("of one statement, e.g. 30m; none if left out"),
      work_mem: someText.optional().describe("memory for one sort or hash, e.g. 256MB"),
      threads: z.int().min(1).optional().describe("models that dbt builds at once"),
      unlogged_plans: z
        .boolean()
        .optional()
        .describe("plan tables outside the write-ahead log: quicker, but a crash of the server loses a plan under way"),
    }),
    z.strictObject({
      type: z.literal("snowflake"),
      account: someText.describe("the account identifier, e.g. myorg-account123"),
      user: someText.describe("the user"),
      private_key: secret.optional().describe("the user's private key (PEM); or oauth_token"),
      private_key_passphrase: secret.optional().describe("of an encrypted private key"),
      oauth_token: secret.optional().describe("an OAuth access token, in place of private_key"),
      role: someText.optional().describe("the user's default role if left out"),
      warehouse: someText.describe("the virtual warehouse"),
      database: someText.describe("the database"),
      schema,
      base_url: someText
        .optional()
        .describe("in place of https://ACCOUNT.snowflakecomputing.com: private links and proxies"),
      query_tag: someText
        .optional()
        .describe("beside every statement in Snowflake's query history; millrace if left out"),
      statement_timeout: durationText.optional().describe("of one statement, e.g. 30m; the account's if left out"),
      transient: z
        .boolean()
        .optional()
        .describe("make Millrace's schema a transient one: no Fail-safe, which costs seven days of storage"),
      loads: z
        .enum(["stage", "inserts"])
        .optional()
        .describe("how results get in; `inserts` where the network keeps Snowflake's stages out of reach"),
      threads: z.int().min(1).optional().describe("models that dbt builds at once"),
    }),
    z.strictObject({
      type: z.literal("bigquery"),
      project: someText.describe("the Google Cloud project"),
      dataset: someText.optional().describe("the dataset of models whose dataset is not known otherwise"),
      location: someText.optional().describe("where the datasets are and jobs run, e.g. EU"),
      credentials: secret
        .optional()
        .describe("the JSON key of a service account; application default credentials if left out"),
      maximum_bytes_billed: z
        .int()
        .min(1)
        .optional()
        .describe("a statement that would read more bytes fails before it costs anything"),
      labels: z
        .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/))
        .optional()
        .describe("on every job, beside application=millrace: for the bill"),
      statement_timeout: durationText.optional().describe("of one statement, e.g. 30m; six hours if left out"),
      api_endpoint: someText
        .optional()
        .describe("in place of https://bigquery.googleapis.com: private endpoints and proxies"),
      threads: z.int().min(1).optional().describe("models that dbt builds at once"),
      schema,
    }),
  ])
  .describe("the customer's database");

const dbtOptions = {
  target: someText.optional().describe("dbt's target"),
  profiles: someText.optional().describe("the folder of profiles.yml; left out, a profile is made from `warehouse:`"),
};

export const dbtSchema = z
  .union([
    z.strictObject({ project: someText.describe("the folder of dbt_project.yml"), ...dbtOptions }),
    z.strictObject({
      artifacts: someText.describe("the target folder of a dbt that somebody else runs"),
      ...dbtOptions,
    }),
  ])
  .describe("the dbt project that makes the models");

export const storeSchema = someText.describe("a file, or postgres://… for several machines").meta({ secret: true });

const accountSchema = z
  .looseObject({ connector: someText.describe("the platform, as `millrace connectors` names it") })
  .describe("credentials for one platform; its keys: `millrace connectors NAME`");
const accounts = z.record(nameText, accountSchema);

const retention = z
  .strictObject({
    results: daysText.optional(),
    runs: daysText.optional(),
    plans: daysText.optional(),
  })
  .describe("how long Millrace's tables keep their rows; rejects are never emptied");

const settings = z.strictObject({
  plan_expiry: durationText.optional().describe("how long a held plan can be approved; 24h if left out"),
  timezone: timeZoneText.optional().describe("whose calendar days count in traits and segments; UTC if left out"),
  in_no_segment: z
    .strictObject({ consent: modelText.optional(), deletion: modelText.optional() })
    .optional()
    .describe("dbt models of the profile_ids that no segment may hold, by reason"),
});

/** An environment says only what differs; what it makes of the whole is held against the schemas above. */
const environment = z
  .strictObject({
    warehouse: z.record(z.string(), z.json()).optional(),
    dbt: z.record(z.string(), z.json()).optional(),
    store: storeSchema.optional(),
    accounts: z.record(nameText, z.record(z.string(), z.json())).optional(),
  })
  .describe("own schema, store and ledgers; `--env NAME`");

export const projectSchema = z
  .strictObject({
    project: nameText.describe("the project's name"),
    warehouse: warehouseSchema,
    dbt: dbtSchema.optional(),
    store: storeSchema.optional(),
    accounts: accounts.optional().describe("credentials by name"),
    defaults: z
      .strictObject({ guard: guardSchema.optional(), rejects: rejectsSchema.optional() })
      .optional()
      .describe("for every sync that does not say otherwise"),
    environments: z.record(nameText, environment).optional(),
    retention: retention.optional(),
    settings: settings.optional(),
  })
  .describe("A project of Millrace");

export type WarehouseYaml = z.output<typeof warehouseSchema>;
export type DbtYaml = z.output<typeof dbtSchema>;
export type RetentionYaml = z.output<typeof retention>;

/** Keys an environment may lay over the project. */
export const environmentKeys = ["warehouse", "dbt", "store", "accounts"] as const;
