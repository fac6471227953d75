// Makes the clone's .venv. scripts/setup.mjs starts it, on the Node that npm installed, when requirements.txt has changed.
import { MillraceError } from "../src/core/errors.ts";
import { installDbt } from "../src/models/install-dbt.ts";
import { packageRoot } from "../src/models/package-root.ts";

const env: Record<string, string> = {};
for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;

try {
  await installDbt({ root: packageRoot(), env, onProgress: (line) => console.error(line) });
} catch (cause) {
  if (!(cause instanceof MillraceError)) throw cause;
  console.error(`${cause.message}\n  ${cause.hint}`);
  process.exitCode = 1;
}
