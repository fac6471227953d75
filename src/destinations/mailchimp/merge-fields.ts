import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { question } from "../question.ts";
import { type Ctx, callJson } from "./api.ts";
import { pageRows } from "./audience.ts";
import { memberFields } from "./member.ts";

const reply = z.object({
  merge_fields: z.array(
    z.object({
      tag: z.string(),
      name: z.string().optional(),
      type: z.string(),
      required: z.boolean().optional(),
      options: z.object({ choices: z.array(z.string()).optional() }).optional(),
    }),
  ),
});

/** https://mailchimp.com/developer/marketing/docs/merge-fields/#structure */
const types: Readonly<Record<string, FieldType>> = { number: "number", date: "date", address: "json" };

/** The audience's merge fields, and what every member has. An audience has at most 80 of them (30 on most plans): one page. */
export async function mergeFields(ctx: Ctx, audience: string): Promise<readonly DiscoveredField[]> {
  const { body } = await question(() =>
    callJson(ctx, {
      method: "GET",
      path: `/lists/${audience}/merge-fields`,
      query: { count: pageRows },
      expect: reply,
    }),
  );
  const own = body.merge_fields.map((field): DiscoveredField => {
    const choices = field.options?.choices ?? [];
    return {
      name: field.tag,
      type: types[field.type] ?? "text",
      required: field.required ?? false,
      writable: true,
      ...(choices.length === 0 ? {} : { values: choices }),
      ...(field.name === undefined ? {} : { label: field.name }),
    };
  });
  const fixed = Object.entries(memberFields).map(
    ([name, type]): DiscoveredField => ({ name, type, required: false, writable: true }),
  );
  return [{ name: "email", type: "text", required: true, writable: true }, ...own, ...fixed];
}
