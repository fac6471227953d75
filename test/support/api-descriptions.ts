import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv, type AnySchemaObject } from "ajv";
import addFormats from "ajv-formats";
import { parse as parseYaml } from "yaml";

/** One request and its answer, to hold against a vendor's description. `path` has no query. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly status: number | null;
  readonly answer: string;
}

export interface ApiDescription {
  /** What the description has against the request; empty: nothing; null: it does not describe this operation. */
  requestFaults(exchange: Exchange): readonly string[] | null;
  /** The same for the answer. */
  answerFaults(exchange: Exchange): readonly string[] | null;
}

/** Either the description, or why there is none to check against. */
export type Found = { readonly description: ApiDescription } | { readonly skip: string };

// Most vendors' descriptions may not be redistributed; parts of those that may are in test/descriptions.
const copied = resolve(import.meta.dirname, "../descriptions");
const root = resolve(
  process.env.MILLRACE_API_DESCRIPTIONS ?? resolve(import.meta.dirname, "../../../shared/destinations/openapi"),
);

/**
 * The description in these files of the folder, OpenAPI 3 or Swagger 2, JSON or YAML.
 * @param toPath makes the path that a request went to, without the stand-in's mount, one that the description knows
 */
export function apiDescription(files: readonly string[], toPath = (path: string): string => path): Found {
  return find(files, (texts) =>
    describe(
      texts.map((text) => withSwaggerUpgraded(parseYaml(text))),
      toPath,
    ),
  );
}

/** Klaviyo's own OpenAPI description. */
export const klaviyoDescription = (): Found => apiDescription(["klaviyo/stable.json"]);

/**
 * Descriptions of Salesforce's collections and Bulk API 2.0, second-hand. Collections by external id are left out: that
 * schema was read off one example and asks every record for Name and Id, against the vendor's own page.
 */
export function salesforceDescription(): Found {
  const files = ["salesforce/salesforce-composite-api-openapi.yml", "salesforce/salesforce-bulk-api-2-openapi.yml"];
  const toPath = (path: string) => path.replace(/^\/services\/data\/v\d+\.0(\/jobs(?=\/ingest))?/, "");
  return apiDescription(files, toPath);
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas?: unknown;
    readonly requestBodies?: Readonly<Record<string, Body>>;
    readonly parameters?: Readonly<Record<string, Parameter>>;
    readonly responses?: Readonly<Record<string, Body>>;
  };
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Body>>;
}
interface Body {
  readonly $ref?: string;
  readonly required?: boolean;
  readonly content?: Readonly<Record<string, { readonly schema?: AnySchemaObject }>>;
}
interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
  readonly required?: boolean;
  readonly schema?: AnySchemaObject;
}

function find(files: readonly string[], read: (texts: readonly string[]) => ApiDescription): Found {
  const paths = files.map((file) => [resolve(root, file), resolve(copied, file)].find(existsSync));
  const missing = files.find((_file, at) => paths[at] === undefined);
  if (missing !== undefined) {
    return { skip: `no ${missing}: set MILLRACE_API_DESCRIPTIONS to a folder of vendors' OpenAPI files` };
  }
  return { description: read(paths.map((path) => readFileSync(path ?? "", "utf8"))) };
}

/** Swagger 2 said in the words of OpenAPI 3, as far as requests and answers go. */
function withSwaggerUpgraded(document: Loose): OpenApi {
  if (document.swagger !== "2.0") return { components: {}, ...document };
  const base = String(document.basePath ?? "").replace(/\/$/, "");
  const content = (schema: unknown) => ({ "application/json": { schema } });
  const operation = (each: Loose): Loose => {
    const parameters: Loose[] = (each.parameters ?? []).map(
      ({ type, format, items, enum: values, ...rest }: Loose) => ({
        ...rest,
        schema: rest.schema ?? { type, format, items, ...(values === undefined ? {} : { enum: values }) },
      }),
    );
    const body = parameters.find((parameter) => parameter.in === "body");
    const responses = Object.entries(each.responses ?? {}).map(([status, response]: [string, Loose]) => [
      status,
      response.schema === undefined ? response : { content: content(response.schema) },
    ]);
    return {
      parameters: parameters.filter((parameter) => parameter.in === "query" || parameter.in === "header"),
      ...(body === undefined ? {} : { requestBody: { required: body.required, content: content(body.schema) } }),
      // A form has a body, of which nothing more is described here.
      ...(parameters.some((parameter) => parameter.in === "formData")
        ? { requestBody: { required: true, content: { "multipart/form-data": {} } } }
        : {}),
      responses: Object.fromEntries(responses),
    };
  };
  const paths = Object.entries(document.paths).map(([path, methods]: [string, Loose]) => [
    base + path,
    Object.fromEntries(Object.entries(methods).map(([method, each]) => [method, operation(each)])),
  ]);
  return JSON.parse(
    JSON.stringify({ paths: Object.fromEntries(paths), components: { schemas: document.definitions } }).replaceAll(
      '"#/definitions/',
      '"#/components/schemas/',
    ),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: a vendor's document, read for the members named here.
type Loose = any;

function describe(documents: readonly OpenApi[], toPath: (path: string) => string): ApiDescription {
  const compile = compiler();
  const locate = ({ method, path }: Exchange) => {
    const segments = toPath(path).split("/");
    for (const document of documents) {
      const templates = Object.keys(document.paths).filter((template) => fits(template.split("/"), segments));
      // A literal path wins over one with a parameter in the same place.
      const [best] = templates.toSorted((a, b) => a.split("{").length - b.split("{").length);
      const item = best === undefined ? undefined : document.paths[best];
      const operation = item?.[method.toLowerCase()];
      if (operation === undefined) continue;
      // Parameters may stand with the path, for all of its methods.
      const shared = (item as { readonly parameters?: readonly Parameter[] }).parameters ?? [];
      return { document, operation: { ...operation, parameters: [...shared, ...(operation.parameters ?? [])] } };
    }
    return undefined;
  };
  return {
    requestFaults(exchange) {
      const found = locate(exchange);
      if (found === undefined) return null;
      const { document, operation } = found;
      return [
        ...parameterFaults(compile, document, operation, exchange),
        ...bodyFaults(compile, document, operation.requestBody, exchange.body),
      ];
    },
    answerFaults(exchange) {
      const found = locate(exchange);
      if (found === undefined || exchange.status === null) return null;
      const { responses } = found.operation;
      const answer = responses?.[exchange.status] ?? responses?.[`${String(exchange.status)[0]}XX`];
      if (answer === undefined) return [`status ${exchange.status} is not described`];
      return bodyFaults(compile, found.document, answer, exchange.answer);
    },
  };
}

type Compile = (document: OpenApi, schema: AnySchemaObject) => (value: unknown) => readonly string[];

function compiler(): Compile {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // Salesforce writes +0000 where RFC 3339 has +00:00.
  ajv.addFormat("date-time", true);
  // Customer.io's own words; what they mean is not for a schema to check.
  for (const format of ["ULID", "ulid", "unix timestamp"]) ajv.addFormat(format, true);
  const ids = new Map<OpenApi, string>();
  const validators = new Map<AnySchemaObject, ReturnType<Ajv["compile"]>>();
  return (document, schema) => {
    const id = ids.get(document) ?? `description-${ids.size}`;
    if (!ids.has(document)) ajv.addSchema({ $id: id, components: toJsonSchema(document.components, id) });
    ids.set(document, id);
    const validate = validators.get(schema) ?? ajv.compile(toJsonSchema(schema, id) as AnySchemaObject);
    validators.set(schema, validate);
    return (value) => {
      void validate(value); // no schema of theirs is asynchronous
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`.trim());
    };
  };
}

/** OpenAPI 3.0's `nullable` in words of JSON Schema, and references into the registered components. */
function toJsonSchema(schema: unknown, id: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => toJsonSchema(item, id));
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, $ref, ...rest } = schema as Readonly<Record<string, unknown>>;
  const inner = {
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, toJsonSchema(value, id)])),
    ...(typeof $ref === "string" ? { $ref: id + $ref } : {}),
  };
  return nullable === true ? { anyOf: [inner, { type: "null" }] } : inner;
}

function parameterFaults(
  compile: Compile,
  document: OpenApi,
  operation: Operation,
  exchange: Exchange,
): readonly string[] {
  const parameters = (operation.parameters ?? []).map((parameter) => {
    const name = parameter.$ref?.split("/").at(-1);
    return name === undefined ? parameter : (document.components.parameters?.[name] ?? parameter);
  });
  const query = new URLSearchParams(exchange.query);
  const faults = [...query.keys()]
    .filter((name) => !parameters.some((parameter) => parameter.in === "query" && parameter.name === name))
    .map((name) => `unknown query parameter ${name}`);
  for (const parameter of parameters) {
    const { name = "", schema, required } = parameter;
    if (parameter.in !== "query" && parameter.in !== "header") continue;
    const value = parameter.in === "query" ? query.get(name) : (exchange.headers[name.toLowerCase()] ?? null);
    if (value === null) {
      if (required === true) faults.push(`${parameter.in} ${name} is missing`);
    } else if (schema !== undefined) {
      faults.push(...compile(document, schema)(typed(schema, value)).map((fault) => `${name} ${fault}`));
    }
  }
  return faults;
}

function typed(schema: AnySchemaObject, value: string): unknown {
  if (schema.type === "array") return value.split(",").map((item) => typed(schema.items ?? {}, item));
  if (schema.type === "integer" || schema.type === "number") return Number(value);
  return schema.type === "boolean" ? value === "true" : value;
}

function bodyFaults(compile: Compile, document: OpenApi, body: Body | undefined, text: string): readonly string[] {
  const name = body?.$ref?.split("/").at(-1);
  const { requestBodies, responses } = document.components;
  const { content, required } = (name === undefined ? body : (requestBodies?.[name] ?? responses?.[name])) ?? {};
  const schema = content?.["application/vnd.api+json"]?.schema ?? content?.["application/json"]?.schema;
  if (text === "") return required === true ? ["a body is required"] : [];
  if (schema === undefined) return content === undefined ? ["a body is not described"] : [];
  return compile(document, schema)(JSON.parse(text));
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, at) => {
      const segment = segments[at] ?? "";
      // A parameter, perhaps with an ending: {batchId}.json.
      const ending = /^\{[^{}]+\}(.*)$/.exec(part)?.[1];
      return part === segment || (ending !== undefined && segment.length > ending.length && segment.endsWith(ending));
    })
  );
}
