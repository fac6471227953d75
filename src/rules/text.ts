/** Indents every line that is not empty. */
export const indent = (text: string, spaces = 4): string => text.replace(/^(?=.)/gm, " ".repeat(spaces));

/** `with a as (…), b as (…)` before the last select. */
export function withTables(tables: readonly (readonly [name: string, query: string])[], last: string): string {
  if (tables.length === 0) return `${last}\n`;
  const parts = tables.map(([name, query]) => `${name} as (\n\n${indent(query)}\n\n)`);
  return `with ${parts.join(",\n\n")}\n\n${last}\n`;
}

export const ref = (model: string): string => `{{ ${refCall(model)} }}`;

/** Inside other Jinja. */
export const refCall = (model: string): string => `ref('${model}')`;

/** Columns of a select, one a line. */
export const columns = (list: readonly string[]): string => indent(list.join(",\n"));

/** dbt's properties of one compiled model. */
export interface ModelProperties {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly {
    readonly name: string;
    readonly description: string;
    readonly tests?: readonly string[];
  }[];
}

/** As a .yml of dbt; texts as JSON, which YAML reads, with dbt's braces taken out. */
export function propertiesFile(models: readonly ModelProperties[]): string {
  const quote = (text: string): string => JSON.stringify(text.replace(/[{}]/g, "").replace(/\s+/g, " ").trim());
  const lines = ["version: 2", "", "models:"];
  for (const model of models) {
    lines.push(`  - name: ${model.name}`, `    description: ${quote(model.description)}`);
    if (model.columns.length > 0) lines.push("    columns:");
    for (const { name, description, tests = [] } of model.columns) {
      lines.push(`      - name: ${name}`, `        description: ${quote(description)}`);
      if (tests.length > 0) lines.push(`        data_tests: [${tests.join(", ")}]`);
    }
  }
  return `${lines.join("\n")}\n`;
}
