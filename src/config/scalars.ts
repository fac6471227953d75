import { z } from "zod";
import { cronFault, isTimeZone, timeZones } from "./cron.ts";
import { byteSize, durationForm, durationMs, percent } from "./duration.ts";
import { nearest } from "./nearest.ts";
import { parseTemplate, templateForm } from "./template.ts";

/** A fault with its mend, for the places where zod's own words would not help. */
function refuse(
  ctx: z.core.ParsePayload,
  message: string,
  params: { readonly mend: string; readonly offset?: number },
) {
  ctx.issues.push({ code: "custom", message, params, input: ctx.value });
}

const namePattern = /^[a-z][a-z0-9_-]{0,79}$/;

export const nameText = z.string().check((ctx) => {
  if (namePattern.test(ctx.value)) return;
  const mend = "a name begins with a letter a–z; then a–z, 0–9, - and _, at most 80 characters";
  refuse(ctx, `"${ctx.value}" cannot be a name`, { mend });
});

export const someText = z.string().check((ctx) => {
  if (ctx.value.trim() === "") refuse(ctx, "the text is empty", { mend: "write something, or leave the key out" });
});

/** A schema of the warehouse, a database: letters, digits and _, so that every engine can hold it unquoted. */
export const identifierText = z.string().check((ctx) => {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(ctx.value)) return;
  refuse(ctx, `"${ctx.value}" is no name of the warehouse`, {
    mend: "use letters, digits and _, at most 63 characters",
  });
});

/** The name of a model's column, with a word for those who wrote a template where a column stands. */
export const columnText = z.string().check((ctx) => {
  if (ctx.value.includes("{{")) {
    refuse(ctx, "a column's name has no {{ }}", { mend: `for a template write { template: "${ctx.value}" }` });
  } else if (ctx.value.trim() === "") {
    refuse(ctx, "the column's name is empty", { mend: "name a column of the model" });
  }
});

export const percentText = z
  .union([z.string(), z.number()])
  .check((ctx) => {
    const { value } = ctx;
    if (typeof value === "string" && percent(value) !== undefined) return;
    if (typeof value === "number") {
      const share = value > 0 && value < 1 ? value * 100 : value;
      refuse(ctx, `${value} is no share`, { mend: `write it in percent: ${Number(share.toFixed(4))}%` });
    } else {
      refuse(ctx, `"${value}" is no share`, { mend: "write it in percent: 20%" });
    }
  })
  .describe("a share in percent, e.g. 20%");

export const durationText = z.string().check((ctx) => {
  if (durationMs(ctx.value) === undefined)
    refuse(ctx, `"${ctx.value}" is no duration`, { mend: `write ${durationForm}` });
});

export const daysText = z
  .union([z.int().min(1), z.string()])
  .check((ctx) => {
    const { value } = ctx;
    if (typeof value === "number" || (durationMs(value) ?? 0) >= 86_400_000) return;
    refuse(ctx, `"${value}" is no number of days`, { mend: "write 90 days" });
  })
  .describe("days, e.g. 90 days");

export const sizeText = z
  .union([z.int().min(1), z.string()])
  .check((ctx) => {
    const { value } = ctx;
    if (typeof value === "number" || byteSize(value) !== undefined) return;
    refuse(ctx, `"${value}" is no size`, { mend: "write bytes, or 5MB, or 512KiB" });
  })
  .describe("bytes, e.g. 5MB");

export const cronText = z.string().check((ctx) => {
  const fault = cronFault(ctx.value);
  if (fault !== undefined) refuse(ctx, fault, { mend: 'five fields, e.g. "0 6 * * 1-5" for 06:00 on working days' });
});

export const timeZoneText = z.string().check((ctx) => {
  if (isTimeZone(ctx.value)) return;
  const near = nearest(ctx.value, timeZones());
  const mend = near === undefined ? "write an IANA name such as Europe/London" : `did you mean "${near}"?`;
  refuse(ctx, `there is no time zone "${ctx.value}"`, { mend });
});

export const templateText = z.string().check((ctx) => {
  const parsed = parseTemplate(ctx.value);
  if ("fault" in parsed) refuse(ctx, parsed.fault, { mend: templateForm, offset: parsed.offset });
});
