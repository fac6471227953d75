import { type Answer, error } from "./answers.ts";
import { pattern } from "./sql-text.ts";

const SCHEMA = pattern("(create|drop)\\s+schema\\s+(if\\s+(?:not\\s+)?exists\\s+)?");

interface SchemaChange {
  readonly dataset: string;
  readonly verb: "create" | "drop";
  /** IF NOT EXISTS, IF EXISTS */
  readonly ifNeeded: boolean;
  readonly cascade: boolean;
}

/** CREATE and DROP SCHEMA, which the emulator takes and does not do. null: any other statement. */
export function schemaOf(statement: string): SchemaChange | null {
  const found = SCHEMA.exec(statement);
  if (found === null) return null;
  const [, verb = "", ifNeeded, name = ""] = found;
  return {
    dataset: name.replaceAll("`", "").split(".").at(-1) ?? "",
    verb: verb.toLowerCase() === "drop" ? "drop" : "create",
    ifNeeded: ifNeeded !== undefined,
    cascade: /\scascade\s*$/i.test(statement),
  };
}

/** Does so by the API. Gives what BigQuery would refuse; null: done. */
export async function changeDataset(
  ask: (method: string, path: string, body?: object) => Promise<Answer>,
  project: string,
  { dataset, verb, ifNeeded, cascade }: SchemaChange,
): Promise<Answer | null> {
  const datasets = `/bigquery/v2/projects/${project}/datasets`;
  const path = `${datasets}/${encodeURIComponent(dataset)}`;
  const there = (await ask("GET", path)).status === 200;
  if (there !== (verb === "drop")) {
    if (ifNeeded) return null;
    return there
      ? error(409, "duplicate", `Already Exists: Dataset ${project}:${dataset}`)
      : error(404, "notFound", `Not found: Dataset ${project}:${dataset}`);
  }
  const made =
    verb === "drop"
      ? await ask("DELETE", `${path}?deleteContents=${cascade}`)
      : await ask("POST", datasets, { datasetReference: { projectId: project, datasetId: dataset } });
  return made.status < 300 ? null : made;
}
