import { editorLine } from "../config/json-schema.ts";
import { type WarehouseTemplate, warehouseTemplates } from "./init-warehouses.ts";

/** Where a new project keeps the schemas that editors read, and Millrace's dbt package. */
export const schemaFolder = "schemas";
export const packageFolder = "sql/dbt_packages_local/millrace";

/** The files of a new project, by path; they run once the warehouse's variables are set. `dbt` is the project's name as dbt wants it. */
export function projectFiles(
  name: string,
  dbt: string,
  engine: keyof typeof warehouseTemplates,
): Readonly<Record<string, string>> {
  const warehouse: WarehouseTemplate = warehouseTemplates[engine];
  return {
    "millrace.yml": `${editorLine(`./${schemaFolder}/millrace.schema.json`)}
project: ${name}
${warehouse.yaml}dbt:
  project: ./sql
store: ./.millrace/store.sqlite
accounts:
  exports:
    connector: file
    path: ./exports
  # crm:
  #   connector: http
  #   base_url: \${CRM_URL}          # from the environment, or from .env
  #   sign: { secret: "\${CRM_SECRET}" }
defaults:
  guard: { max_removed: 20%, max_removed_rows: 10000, max_changed: 50%, min_rows: 1, mapping_change: hold }
  rejects: { retry: on_change }
`,
    "syncs/vips-to-file.yml": `${editorLine(`../${schemaFolder}/sync.schema.json`)}
sync: vips-to-file
segment: vips                       # sql/models/segments/vips.sql
key: customer_id
to: { account: exports, target: csv, path: vips.csv }
mode: mirror                        # the file is the segment as it is now
fields:
  email: email
  name: { template: "{{ first_name }} {{ last_name }}" }
  lifetime_value: { column: lifetime_value, type: number, round: 2 }
schedule: { every: 1h }             # when millrace serve runs it; or { cron: "0 6 * * *", timezone: Europe/London }
`,
    "sql/dbt_project.yml": `name: ${dbt}
version: 1.0.0
config-version: 2
profile: ${dbt}

models:
  ${dbt}:
    +materialized: table

flags:
  send_anonymous_usage_stats: false
`,
    "sql/packages.yml": `packages:
  - local: dbt_packages_local/millrace
`,
    "sql/models/customers.sql": `-- Replace these rows by your own tables.
with orders as (

    select 1 as customer_id, 'Ann' as first_name, 'Archer' as last_name, 'ann@example.com' as email, 1240.50 as revenue, 31 as days_ago
    union all select 1, 'Ann', 'Archer', 'ann@example.com', 310.00, 4
    union all select 2, 'Ben', 'Baker', 'ben@example.com', 95.20, 12
    union all select 3, 'Cleo', 'Carter', 'cleo@example.com', 870.00, 90
    union all select 3, 'Cleo', 'Carter', 'cleo@example.com', 640.75, 2
    union all select 4, 'Dan', 'Dyer', 'dan@example.com', 12.99, 200

)

select
    customer_id,
    first_name,
    last_name,
    email,
    count(*) as order_count,
    sum(revenue) as lifetime_value,
    -- The instant of the build: the same in every statement, and again when a run is resumed.
    cast({{ dbt.dateadd('day', '-min(days_ago)', millrace.as_of()) }} as date) as last_order_on
from orders
group by customer_id, first_name, last_name, email
`,
    "sql/models/segments/vips.sql": `select
    customer_id,
    first_name,
    last_name,
    email,
    lifetime_value
from {{ ref('customers') }}
where lifetime_value >= 1000
`,
    "sql/models/models.yml": `version: 2

models:
  - name: customers
    description: One row per customer.
    columns:
      - name: customer_id
        description: The shop's number for the customer.
        data_tests: [unique, not_null]

  - name: vips
    description: Customers worth 1,000 or more.
    columns:
      - name: customer_id
        description: The shop's number for the customer.
        data_tests: [unique, not_null]
`,
    ".env.example": `# Copy to .env, which git ignores. Variables of the environment win over it.
${warehouse.env}# CRM_URL=https://example.com/hooks
# CRM_SECRET=
`,
    ".gitignore": `.env
.millrace/
exports/
*.duckdb
*.duckdb.wal
sql/target/
sql/logs/
sql/dbt_packages/
sql/.user.yml
`,
    "README.md": readme(name, warehouse),
  };
}

const readme = (name: string, warehouse: WarehouseTemplate): string => `# ${name}

| file | what it is |
|---|---|
| \`millrace.yml\` | the warehouse, accounts and defaults |
| \`sql/\` | the dbt project: \`models/customers.sql\`, and \`models/segments/vips.sql\`, a segment |
| \`syncs/vips-to-file.yml\` | the sync of that segment to \`exports/vips.csv\` |
| \`schemas/\` | what editors complete and check the YAML with |
| \`${packageFolder}/\` | Millrace's macros for dbt, such as \`millrace.as_of()\` |

${warehouse.firstSteps}\`\`\`
millrace check        # are the files right? Connects to nothing
millrace build        # dbt builds the models
millrace plan         # what would be sent
millrace run          # build, plan, send, write back
millrace why vips-to-file 1
\`\`\`

Next: change a row of \`sql/models/customers.sql\` and run again; add an account and a sync of your own
(\`millrace connectors\` lists what there is).
`;
