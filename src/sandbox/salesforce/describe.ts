import { json } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { notFound } from "./errors.ts";
import type { Field } from "./fields.ts";
import type { Org } from "./org.ts";

/** GET /sobjects/{object}/describe: what a writer needs to know of each field. Custom fields are listed once set or seen. */
export function describe(org: Org, call: Call): Answer {
  const def = org.object(call.params.object ?? "");
  if (def === undefined) return notFound();
  const custom = def.name.endsWith("__c");
  return json(200, {
    name: def.name,
    label: def.name,
    keyPrefix: def.prefix,
    custom,
    createable: true,
    updateable: true,
    deletable: true,
    queryable: true,
    fields: [...def.fields.values()].map(describeField),
  });
}

function describeField(field: Field) {
  return {
    name: field.name,
    label: field.name,
    type: field.type === "any" ? "anyType" : field.type,
    length: field.length,
    nillable: !field.required,
    defaultedOnCreate: field.type === "boolean",
    createable: field.createable,
    updateable: field.updateable,
    externalId: field.externalId,
    idLookup: field.idLookup || field.externalId,
    unique: field.unique,
    custom: field.name.endsWith("__c"),
    referenceTo: field.refersTo === null ? [] : [field.refersTo],
  };
}
