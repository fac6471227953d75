import { join } from "node:path";
import { writeSchemas } from "../src/config/json-schema.ts";

// Run after a change of the zod schemas in src/config: `node scripts/write-schemas.ts`. A test holds the files up to date.
for (const file of writeSchemas(join(import.meta.dirname, "..", "schemas"))) process.stdout.write(`schemas/${file}\n`);
