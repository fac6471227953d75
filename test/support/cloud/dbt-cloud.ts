import { join } from "node:path";
import { DbtFailed } from "../../../src/core/errors.ts";
import { installDbt } from "../../../src/models/install-dbt.ts";
import { packageRoot } from "../../../src/models/package-root.ts";
import { environment } from "../../models/demo-project.ts";

const cache = join(packageRoot(), "node_modules", ".cache", "millrace-dbt-cloud");

/** The Python of dbt with the adapters of Snowflake and BigQuery, an environment beside the one that all other tests use. */
export const cloudPython = (): string => join(cache, ".venv", "bin", "python");

export const cloudDbt = (): string => join(cache, ".venv", "bin", "dbt");

/** Installs it where it is missing. The reason why there is none, for `context.skip`; null: there is. */
export async function whyNoCloudDbt(): Promise<string | null> {
  try {
    await installDbt({ root: cache, adapters: "cloud", env: environment() });
    return null;
  } catch (error) {
    if (!(error instanceof DbtFailed)) throw error;
    return `no dbt for cloud warehouses: ${error.message.split("\n")[0]}`;
  }
}
