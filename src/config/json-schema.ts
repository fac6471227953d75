import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { eventsSchema, segmentSchema, traitsSchema } from "./declared-schema.ts";
import { identitySchema } from "./identity-schema.ts";
import { projectSchema } from "./project-schema.ts";
import { sourceKinds, syncSchema } from "./sync-schema.ts";
import { weightsSchema } from "./weights-schema.ts";

type Json = Record<string, unknown>;

/** File names of the schemas that editors read, each with its content. */
export function jsonSchemas(): Readonly<Record<string, Json>> {
  const sync = forEditors(syncSchema);
  // The key that says what a sync reads is a rule beside the shape; JSON Schema can say it.
  const oneSource = sourceKinds.map((kind) => ({ required: [kind] }));
  return {
    "millrace.schema.json": forEditors(projectSchema),
    "identity.schema.json": forEditors(identitySchema),
    "weights.schema.json": forEditors(weightsSchema),
    "sync.schema.json": { ...sync, oneOf: oneSource },
    "events.schema.json": forEditors(eventsSchema),
    "traits.schema.json": forEditors(traitsSchema),
    "segment.schema.json": forEditors(segmentSchema),
  };
}

/** Writes them into a folder, one JSON file each. Returns the file names. */
export function writeSchemas(dir: string): string[] {
  mkdirSync(dir, { recursive: true });
  const schemas = Object.entries(jsonSchemas());
  for (const [file, schema] of schemas) writeFileSync(join(dir, file), schemaText(schema));
  return schemas.map(([file]) => file);
}

export const schemaText = (schema: Json): string => `${JSON.stringify(schema, null, 2)}\n`;

/** The comment that tells an editor which schema a YAML file follows; `schema` is relative to that file. */
export const editorLine = (schema: string): string => `# yaml-language-server: $schema=${schema}`;

const variable = { type: "string", pattern: "\\$\\{.+\\}" };
const secretRefs = [
  { type: "object", properties: { file: { type: "string" } }, required: ["file"], additionalProperties: false },
  {
    type: "object",
    properties: { command: { type: "array", items: { type: "string" }, minItems: 1 } },
    required: ["command"],
    additionalProperties: false,
  },
];

function forEditors(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    override({ jsonSchema }) {
      const { type, secret, description, ...rest } = jsonSchema;
      delete jsonSchema.secret;
      // Anything but text may also be a variable; a secret may also be kept elsewhere.
      const open = type === "number" || type === "integer" || type === "boolean";
      if (!open && secret !== true) return;
      const others = secret === true ? secretRefs : [variable];
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, description === undefined ? {} : { description }, {
        anyOf: [{ type, ...rest }, ...others],
      });
    },
  });
}
