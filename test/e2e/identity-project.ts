import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** A project with identity, events, traits, a segment by rules and a sync of it to a file, on DuckDB with dbt. */
export interface IdentityProject {
  readonly dir: string;
  write(path: string, text: string): Promise<void>;
  /** Rows of a query in the schema of dbt's models. */
  rows(query: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  remove(): Promise<void>;
}

export const crmHeader = "contact_id,updated_at,customer_no,email,first_name,last_name,born_on,postcode\n";
export const crm = `${crmHeader}1,2025-01-02 09:00:00,u1,Ann@Example.com,Ann,Archer,1980-04-03,AB1 2CD
2,2025-01-03 09:00:00,u2,bea@example.com,Bea,Baker,1975-01-20,EF3 4GH
3,2025-01-04 09:00:00,,cyd@example.com,Cyd,Carter,1990-12-24,IJ5 6KL
4,2025-01-05 09:00:00,,noreply@example.com,Dee,Dyer,1966-06-06,MN7 8OP
5,2025-01-06 09:00:00,,,Anne,Archer,1980-04-03,AB1 2CD
`;

export const web = `message_id,received_at,anonymous_id,user_id,email
m1,2025-01-05 10:00:00,d1,,ann@example.com
m2,2025-01-06 10:00:00,d2,u2,
m3,2025-01-07 10:00:00,d3,,cyd@example.com
m4,2025-01-07 10:00:00,d4,,noreply@example.com
`;

const files: Readonly<Record<string, string>> = {
  "millrace.yml": `project: shop
warehouse: { type: duckdb, path: ./w.duckdb }
dbt: { project: ./sql }
store: ./store.sqlite
accounts: { exports: { connector: file, path: ./exports } }
`,
  "sql/dbt_project.yml": "{name: shop, profile: shop, config-version: 2, flags: {send_anonymous_usage_stats: false}}\n",
  "sql/packages.yml": `packages: [{local: "{{ env_var('MILLRACE_DBT_PACKAGE', '..') }}"}]\n`,
  "sql/seeds/crm.csv": crm,
  "sql/seeds/web.csv": web,
  "sql/seeds/orders.csv": `order_id,ordered_at,device,revenue
o1,2025-01-08 10:00:00,d1,40
o2,2025-01-09 10:00:00,d1,60
o3,2025-01-10 10:00:00,d2,15
o4,2025-01-10 12:00:00,d3,99
o5,2025-01-10 12:00:00,d4,500
`,
  "sql/seeds/seeds.yml": `version: 2
seeds:
  - name: crm
    config: { column_types: { updated_at: timestamp, customer_no: text, email: text, born_on: text, postcode: text } }
  - name: web
    config: { column_types: { received_at: timestamp, user_id: text } }
  - name: orders
    config: { column_types: { ordered_at: timestamp, revenue: integer } }
`,
  "identity.yml": `identity:
  namespaces:
    user_id: { unique: true, verified: true, priority: 1 }
    email: { normalise: email, priority: 2 }
    device_id: { priority: 9, limit: { email: 3, within: 365 days } }
  sources:
    crm:
      model: crm
      key: contact_id
      at: updated_at
      trust: 1
      identifiers: { user_id: customer_no, email: email }
      traits: { first_name: first_name, last_name: last_name, date_of_birth: born_on, postcode: postcode }
    web:
      model: web
      key: message_id
      at: received_at
      trust: 3
      identifiers: { device_id: anonymous_id, user_id: user_id, email: email }
  blocked:
    email: { patterns: ["^noreply@"] }
  guards: { brake: off, max_cluster: 5 }
  survivorship:
    default: [trust, most_recent]
    first_name: [longest]
  matching:
    compare: { first_name: name, last_name: name, date_of_birth: date, postcode: code }
    threshold: 0.95
`,
  "events/shop.yml": `events:
  order_placed: { model: orders, key: order_id, at: ordered_at, profile: { device_id: device }, properties: { revenue: { column: revenue, type: number } } }
`,
  "traits/orders.yml": `traits:
  from: orders
  profile: { device_id: device }
  at: ordered_at
  key: order_id
  order_count: { count: "*" }
  spent: { sum: revenue }
`,
  "segments/buyers.yml": `segment: buyers
where:
  all:
    - { did: order_placed, where: { revenue: { gte: 20 } } }
    - { trait: spent, gte: 50 }
    - { trait: email, exists: true }
`,
  "syncs/buyers.yml": `sync: buyers-to-file
segment: buyers
key: profile_id
match: { email: email }
to: { account: exports, target: csv, path: buyers.csv }
mode: mirror
fields: { first_name: first_name, customer_no: user_id, spent: spent }
`,
};

export async function identityProject(): Promise<IdentityProject> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-identity-"));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return {
    dir,
    write,
    async rows(query) {
      const instance = await DuckDBInstance.create(join(dir, "w.duckdb"), { access_mode: "READ_ONLY" });
      const connection = await instance.connect();
      await connection.run("set search_path = 'analytics'");
      const read = await connection.runAndReadAll(query);
      const found = read.getRowObjectsJson();
      connection.closeSync();
      instance.closeSync();
      return found;
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
