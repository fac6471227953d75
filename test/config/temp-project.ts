import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export type Files = Readonly<Record<string, string>>;

/** A folder with these files, removed when the test ends. */
export function tempProject(files: Files): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-config-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

/** A sound project; the line numbers of its files are what the tests of faults count on. */
export const soundProject: Files = {
  "millrace.yml": `project: shop
warehouse:
  type: duckdb
  path: ./warehouse.duckdb
dbt:
  project: ./sql
accounts:
  sales:
    connector: salesforce
    base_url: https://login.salesforce.com
    client_id: id
    client_secret: top-secret-1
  newsletter:
    connector: klaviyo
    api_key: top-secret-2
  hook:
    connector: http
    base_url: https://example.com
  exports:
    connector: file
    path: ./exports
defaults:
  guard: { max_removed: 20% }
`,
  "syncs/a.yml": `sync: vips
model: vip_customers
key: customer_id
match: { Customer_No__c: customer_id }
to:
  account: sales
  target: record
  object: Contact
mode: upsert
fields:
  Email: email
  LastName: { column: last_name }
`,
  "sql/dbt_project.yml": "name: shop\n",
  "sql/models/vip_customers.sql": "select 1 as customer_id\n",
  "sql/models/segments/lapsing.sql": "select 1 as customer_id\n",
  "sql/seeds/countries.csv": "code\nGB\n",
};

/** The sound project with one text of one file replaced; throws if the text is not there. */
export function changed(file: string, from: string, to: string, more: Files = {}): Files {
  const text = soundProject[file];
  if (text === undefined || !text.includes(from)) throw new Error(`${file} does not hold "${from}"`);
  return { ...soundProject, [file]: text.replace(from, to), ...more };
}
