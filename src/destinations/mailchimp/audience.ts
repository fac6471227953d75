import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { question } from "../question.ts";
import { type Ctx, callJson } from "./api.ts";

/** Name or id of an audience, which the API calls a list. */
export const audienceOption = z.string().trim().min(1);

/** https://mailchimp.com/developer/marketing/docs/methods-parameters/#pagination */
export const pageRows = 1_000;

const listsReply = z.object({ lists: z.array(z.object({ id: z.string(), name: z.string() })) });
const segmentsReply = z.object({ segments: z.array(z.object({ id: z.int(), name: z.string() })) });
const segmentReply = z.object({ id: z.int() });

/** What `prepare` finds out. */
const state = z.object({ audience: z.string(), segment: z.int().optional() });

export function prepared(value: Value): z.output<typeof state> {
  const read = state.safeParse(value);
  if (read.success) return read.data;
  throw new TargetInvalid("the audience of this sync has not been looked up", { hint: "Run the sync again." });
}

/** The audience of this name or id: audiences are not made by a sync, since they need an address and permission texts. */
export async function findAudience(ctx: Ctx, wanted: string): Promise<string> {
  for (let offset = 0; ; offset += pageRows) {
    const { body } = await question(() =>
      callJson(ctx, {
        method: "GET",
        path: "/lists",
        query: { count: pageRows, offset, fields: "lists.id,lists.name" },
        expect: listsReply,
      }),
    );
    const named = body.lists.filter((list) => list.id === wanted || list.name === wanted);
    const [found] = named;
    if (named.length === 1 && found !== undefined) return found.id;
    if (named.length === 0 && body.lists.length === pageRows) continue;
    throw new TargetInvalid(`Mailchimp has ${named.length} audiences "${wanted}"`, {
      hint: "Write the audience's id into `to: {audience: …}`: Audience > Settings > Audience name and defaults.",
    });
  }
}

/** The tag of this name, made if it is not there: tags are the static segments. https://mailchimp.com/help/getting-started-tags/ */
export async function findOrCreateTag(ctx: Ctx, audience: string, tag: string, create: boolean): Promise<number> {
  for (let offset = 0; ; offset += pageRows) {
    const { body } = await question(() =>
      callJson(ctx, {
        method: "GET",
        path: `/lists/${audience}/segments`,
        query: { type: "static", count: pageRows, offset, fields: "segments.id,segments.name" },
        expect: segmentsReply,
      }),
    );
    const found = body.segments.find((segment) => segment.name === tag);
    if (found !== undefined) return found.id;
    if (body.segments.length < pageRows) break;
  }
  if (!create) {
    throw new TargetInvalid(`Mailchimp has no tag "${tag}" in this audience`, {
      hint: "Check the name in `to: {tag: …}`, or leave out `create: false`.",
    });
  }
  const { body } = await callJson(ctx, {
    method: "POST",
    path: `/lists/${audience}/segments`,
    json: { name: tag, static_segment: [] },
    expect: segmentReply,
  });
  return body.id;
}
