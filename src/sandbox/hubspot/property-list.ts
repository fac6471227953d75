import { json } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { unknownType } from "./objects.ts";
import { type Portal, typeOf } from "./portal.ts";
import { NUMBERS, READ_ONLY } from "./properties.ts";

const DATES = new Set(["createdate", "lastmodifieddate"]);
const standard = ["email", "firstname", "lastname", "phone", "company", "name", "domain", "dealname"];

/** GET /crm/v3/properties/{objectType}: the usual ones, those that must be unique, and every one that a record has. */
export function listProperties(portal: Portal, call: Call): Answer {
  const type = typeOf(portal, call.params.object ?? "");
  if (type === undefined) return unknownType(call);
  const used = [...portal.records.values()]
    .filter((record) => record.type === type)
    .flatMap((record) => Object.keys(record.properties));
  const unique = portal.config.unique[type] ?? [];
  const names = [...new Set([...standard, ...NUMBERS, ...READ_ONLY, ...unique, ...used])].sort();
  return json(200, {
    results: names.map((name) => ({
      name,
      label: name,
      type: NUMBERS.has(name) ? "number" : DATES.has(name) ? "datetime" : "string",
      fieldType: NUMBERS.has(name) ? "number" : DATES.has(name) ? "date" : "text",
      hasUniqueValue: unique.includes(name),
      calculated: false,
      modificationMetadata: { readOnlyValue: READ_ONLY.has(name) },
      options: [],
    })),
  });
}
