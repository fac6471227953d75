import { parse } from "yaml";
import { identitySchema } from "../../src/config/identity-schema.ts";
import { normaliseIdentity } from "../../src/config/normalise-identity.ts";
import { compiledFolder, compiledText } from "../../src/core/compiled.ts";
import { compileIdentity } from "../../src/identity/compile.ts";
import type { IdentityLab, LabRow, Ran } from "../support/identity-lab.ts";

/** Writes what identity.yml declares into the lab's dbt project, as `millrace compile` does. */
export async function declare(lab: IdentityLab, yaml: string): Promise<void> {
  const declared = normaliseIdentity(identitySchema.parse(parse(yaml)).identity);
  const sources = declared?.sources.map((source) =>
    source.relation.kind === "model"
      ? source
      : { ...source, relation: { ...source.relation, name: `${lab.prefix}${source.relation.name}` } },
  );
  const config = declared === null ? null : { ...declared, sources: sources ?? [] };
  for (const file of compileIdentity(config)) await lab.write(`${compiledFolder}/${file.path}`, compiledText(file));
}

export interface BuildOptions {
  readonly asOf?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Also dbt's tests of the published tables. */
  readonly tests?: "with-tests";
}

/** One identity run: `dbt build` of the compiled models, without their tests if nothing else is said. */
export function build(lab: IdentityLab, options: BuildOptions = {}): Promise<Ran> {
  const verb = options.tests === undefined ? "run" : "build";
  const env = { MILLRACE_AS_OF: options.asOf ?? "2026-01-01 00:00:00", ...options.env };
  return lab.dbt([verb, ...(options.args ?? [])], env);
}

/** Every published assignment: "namespace value" → profile id. */
export async function assignment(lab: IdentityLab): Promise<Map<string, string>> {
  const rows = await lab.sql("select namespace, value, profile_id from identity_component");
  return new Map(rows.map((row) => [nameOf(row), String(row.profile_id)]));
}

/** The same without ids: which identifiers are together, each group and all groups sorted. */
export async function groups(lab: IdentityLab): Promise<string[][]> {
  const byProfile = new Map<string, string[]>();
  for (const [name, profile] of await assignment(lab))
    byProfile.set(profile, [...(byProfile.get(profile) ?? []), name]);
  return [...byProfile.values()].map((names) => names.sort()).sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

/** What identity has of the sources' records, a sorted text per record. */
export async function readRecords(lab: IdentityLab): Promise<string[]> {
  const rows = await lab.sql("select * from identity_record");
  return rows.map((row) => JSON.stringify(row)).sort();
}

const nameOf = ({ namespace, value }: LabRow): string => `${String(namespace)} ${String(value)}`;
