import type { Environment } from "./environment.ts";
import { fault, NUMBERS, type Outcome } from "./operations.ts";

/**
 * GET /EntityDefinitions?$filter=EntitySetName eq '…'&$expand=Attributes(…): the id, the keys' columns and every column that a row has.
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query-metadata-web-api
 */
export function entityDefinitions(env: Environment, query: URLSearchParams): Outcome {
  const table = /^EntitySetName eq '(\w+)'$/.exec(query.get("$filter") ?? "")?.[1];
  if (table === undefined || !/^Attributes\(\$select=[\w,]+\)$/.test(query.get("$expand") ?? ""))
    return fault(400, "0x80060888", "a filter by EntitySetName and the attributes are known here", "another query");
  const known = env.config.tables[table];
  if (known === undefined) return { status: 200, body: { value: [] } };
  const used = [...env.rows.values()].filter((row) => row.table === table).flatMap((row) => Object.keys(row.columns));
  const names = [...new Set([known.id, ...known.keys.flat(), "firstname", "lastname", ...NUMBERS, ...used])].sort();
  const attributes = names.map((name) => ({
    LogicalName: name,
    AttributeType: name === known.id ? "Uniqueidentifier" : NUMBERS.has(name) ? "Integer" : "String",
    IsValidForCreate: true,
    IsValidForUpdate: name !== known.id,
    RequiredLevel: { Value: name === known.id ? "SystemRequired" : "None" },
    DisplayName: { UserLocalizedLabel: { Label: name } },
  }));
  return { status: 200, body: { value: [{ LogicalName: known.id.replace(/id$/, ""), Attributes: attributes }] } };
}
