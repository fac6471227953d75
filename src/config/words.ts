import { z } from "zod";
import { spanForm, spanOf } from "./span.ts";

/** Words that an engine would not take as a column's name without quotes. */
const reserved = new Set(
  "all and any as asc between both by case cast check column constraint create cross current_date current_time current_timestamp default delete desc distinct do drop else end except exists false fetch for foreign from full grant group having in inner insert intersect into is join lateral leading left like limit natural not null offset on or order outer over partition primary qualify references right select set some table then to trailing true union unique update user using values when where window with".split(
    " ",
  ),
);

/** Why a word cannot stand in SQL as it is; undefined: it can. */
export function wordFault(word: string): string | undefined {
  if (reserved.has(word.toLowerCase())) return `"${word}" is a word of SQL`;
  return undefined;
}

function refuse(ctx: z.core.ParsePayload, message: string, mend: string): void {
  ctx.issues.push({ code: "custom", message, params: { mend }, input: ctx.value });
}

/** A name that becomes a column or a model: what every engine takes unquoted. */
export const wordText = z.string().check((ctx) => {
  if (!/^[a-z][a-z0-9_]{0,49}$/.test(ctx.value)) {
    const mend = "it becomes a name in SQL: a letter a–z, then a–z, 0–9 and _, at most 50 characters";
    return refuse(ctx, `"${ctx.value}" cannot be a name`, mend);
  }
  const fault = wordFault(ctx.value);
  if (fault !== undefined) refuse(ctx, fault, "give it another name");
});

/** A column that stands in compiled SQL unquoted, so that each engine folds its letters as it does in your own models. */
export const plainColumn = z.string().check((ctx) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(ctx.value)) {
    const mend = "a column's name here is letters, digits and _; give it such a name in a dbt model";
    return refuse(ctx, `"${ctx.value}" is no column's name`, mend);
  }
  const fault = wordFault(ctx.value);
  if (fault !== undefined) refuse(ctx, fault, "give the column another name in a dbt model");
});

/** A dbt model's name. */
export const modelText = z.string().check((ctx) => {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,126}$/.test(ctx.value)) return;
  refuse(ctx, `"${ctx.value}" is no dbt model's name`, "letters, digits and _");
});

export const spanText = z.string().check((ctx) => {
  if (spanOf(ctx.value) === undefined) refuse(ctx, `"${ctx.value}" is no span of time`, `write ${spanForm}`);
});

/** A constant. Text that SQL could not hold is refused. */
export const literalValue = z.union([z.string(), z.number(), z.boolean()]).check((ctx) => {
  const { value } = ctx;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for.
  if (typeof value === "string" && /\u0000/.test(value)) {
    refuse(ctx, "the text holds a zero byte, which no database keeps", "leave it out");
  }
});
