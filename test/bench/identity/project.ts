import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { identitySchema } from "../../../src/config/identity-schema.ts";
import { normaliseIdentity } from "../../../src/config/normalise-identity.ts";
import { compiledFolder, compiledText } from "../../../src/core/compiled.ts";
import { compileIdentity } from "../../../src/identity/compile.ts";
import { packageRoot } from "../../../src/models/package-root.ts";
import { runDbt } from "./children.ts";
import { identityYaml } from "./records.ts";

/** Calls the macro as identity does, and writes its labels to the table `into`. */
const operation = `{% macro label_components(into) %}
  {% set here = api.Relation.create(database=target.database, schema=target.schema, identifier='x') %}
  {% set made = millrace.identity_components(here, 'edges', 'labelled', 'vertices') %}
  {% do run_query('create or replace table ' ~ into ~ ' as select id, label from ' ~ made['table']) %}
  {% do run_query('checkpoint') %}
{% endmacro %}
`;

/** A dbt project on the DuckDB file `database`, with the package and the identity that the bench declares. */
export async function makeProject(dir: string, database: string): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  await write(
    "dbt_project.yml",
    "name: bench\nprofile: bench\nconfig-version: 2\nflags: {send_anonymous_usage_stats: false}\n",
  );
  await write("packages.yml", `packages: [{ local: ${JSON.stringify(join(packageRoot(), "sql"))} }]\n`);
  await write(
    "profiles.yml",
    `bench: {target: bench, outputs: {bench: {type: duckdb, path: ${JSON.stringify(database)}, schema: main, threads: 1, settings: {threads: 2, memory_limit: 4GB}}}}\n`,
  );
  await write("macros/label_components.sql", operation);
  const config = normaliseIdentity(identitySchema.parse(parse(identityYaml)).identity);
  for (const file of compileIdentity(config)) await write(join(compiledFolder, file.path), compiledText(file));
  await runDbt(dir, ["deps"]);
}
