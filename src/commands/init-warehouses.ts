/** What a new project says of its warehouse. */
export interface WarehouseTemplate {
  /** `warehouse:` of millrace.yml. */
  readonly yaml: string;
  /** Lines of .env.example. */
  readonly env: string;
  /** What the README says to do before the first run; empty: nothing. */
  readonly firstSteps: string;
}

/** Grants, then the connection as Millrace and as dbt make it. */
const firstSteps = (fill: string, grants: string): string => `First give it its warehouse:

1. Copy \`.env.example\` to \`.env\` and fill in ${fill}.
2. ${grants}
3. \`millrace check --connect\` tries the warehouse, the grants, the accounts, and \`dbt debug\` with the profile that Millrace makes
   from \`warehouse:\`. It writes nothing.

dbt builds the models with the same user, in the schema \`analytics\`: it must be allowed to make that schema, or tables in it.

`;

export const warehouseTemplates = {
  duckdb: {
    yaml: `warehouse:
  type: duckdb
  path: ./warehouse.duckdb
  schema: millrace                  # where Millrace's own tables live
`,
    env: "",
    firstSteps: "",
  },
  postgres: {
    yaml: `warehouse:
  type: postgres
  url: \${WAREHOUSE_URL}             # from the environment, or from .env
  schema: millrace                  # where Millrace's own tables live
  # ssl: verify-full                # disable (default), require, verify-ca, verify-full; ssl_root_cert: ./ca.pem
  statement_timeout: 30m            # of one statement
  work_mem: 256MB                   # for one sort or hash; the server's 4 MB makes large plans spill to disk
`,
    env: `WAREHOUSE_URL=postgres://millrace:password@localhost:5432/shop
`,
    firstSteps: firstSteps(
      "the URL",
      "`millrace grants` prints what its user must be allowed; an administrator runs it: `millrace grants | psql shop`.",
    ),
  },
  snowflake: {
    yaml: `warehouse:
  type: snowflake
  account: \${SNOWFLAKE_ACCOUNT}     # e.g. myorg-account123; from the environment, or from .env
  user: \${SNOWFLAKE_USER}
  private_key: \${SNOWFLAKE_PRIVATE_KEY}
  role: MILLRACE
  warehouse: MILLRACE               # the virtual warehouse: an X-Small is enough
  database: \${SNOWFLAKE_DATABASE}
  schema: millrace                  # where Millrace's own tables live
  # base_url: \${SNOWFLAKE_URL}      # private links and proxies
`,
    env: `SNOWFLAKE_ACCOUNT=myorg-account123
SNOWFLAKE_USER=MILLRACE
# The key in PEM, on one line with \\n for its line breaks. Its public half: alter user millrace set rsa_public_key = '...'
SNOWFLAKE_PRIVATE_KEY=
SNOWFLAKE_DATABASE=SHOP
`,
    firstSteps: firstSteps(
      "account, user, key and database",
      "`millrace grants` prints what its role must be allowed; an administrator runs it in a worksheet.",
    ),
  },
  bigquery: {
    yaml: `warehouse:
  type: bigquery
  project: \${BIGQUERY_PROJECT}      # from the environment, or from .env
  dataset: analytics                # of models that name no dataset
  location: EU
  # credentials: \${BIGQUERY_CREDENTIALS}   # a service account's JSON key; left out, what gcloud is logged in as
  schema: millrace                  # where Millrace's own tables live: a dataset
`,
    env: `BIGQUERY_PROJECT=my-project
`,
    firstSteps: firstSteps(
      "the project",
      "`millrace grants --role NAME@PROJECT.iam.gserviceaccount.com` prints what its service account must be allowed.",
    ),
  },
} satisfies Readonly<Record<string, WarehouseTemplate>>;
