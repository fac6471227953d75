import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { question } from "../question.ts";
import { type Ctx, get } from "./api.ts";
import { standardFields } from "./fields.ts";
import { identifiers } from "./identity.ts";

const page = z.object({
  attributes: z.array(z.object({ name: z.string(), data_type: z.string().nullish(), status: z.string().nullish() })),
});

/** As the dashboard names them. https://www.braze.com/docs/user_guide/data/custom_data/custom_attributes/#custom-attribute-data-types */
const types: Readonly<Record<string, FieldType>> = {
  boolean: "boolean",
  number: "number",
  string: "text",
  time: "datetime",
  array: "json",
  object: "json",
  "object array": "json",
};

const maxPages = 200;

/** Standard attributes, and the custom ones that Braze has seen. https://www.braze.com/docs/api/endpoints/export/custom_attributes/get_custom_attributes/ */
export async function discover(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const field = (name: string, type: FieldType | null, writable = true) => ({ name, type, required: false, writable });
  const found: DiscoveredField[] = [
    ...identifiers.map((name) => field(name, "text")),
    ...Object.entries(standardFields)
      .filter(([name]) => !identifiers.some((identifier) => identifier === name))
      .map(([name, type]) => field(name, type)),
  ];
  let cursor: string | null = null;
  for (let pages = 0; pages < maxPages; pages++) {
    const query: Readonly<Record<string, string>> = cursor === null ? {} : { cursor };
    const { body, headers } = await question(() =>
      get(ctx, {
        scope: "lists",
        permission: "custom_attributes.get",
        path: "/custom_attributes",
        query,
        expect: page,
      }),
    );
    for (const { name, data_type, status } of body.attributes) {
      if (found.some((known) => known.name === name)) continue;
      const type =
        types[
          (data_type ?? "")
            .replace(/\s*\(.*$/, "")
            .trim()
            .toLowerCase()
        ] ?? null;
      found.push(field(name, type, status?.toLowerCase() !== "blocklisted"));
    }
    const next = nextCursor(headers.link);
    if (next === null || next === cursor) break;
    cursor = next;
  }
  return found;
}

/** Only the cursor of the next page is taken: the link names Braze's own host, which a proxy's base_url is not. */
export function nextCursor(link: string | undefined): string | null {
  const next = (link ?? "").split(",").find((part) => /;\s*rel="?next"?/.test(part));
  const address = /<([^>]*)>/.exec(next ?? "")?.[1];
  return address === undefined
    ? null
    : (URL.parse(address, "https://rest.braze.invalid")?.searchParams.get("cursor") ?? null);
}
