import { resolve } from "node:path";
import type { z } from "zod";
import { below, isMarked } from "./schema-walk.ts";

/**
 * The texts of an account that must never be shown: values at schema nodes with `.meta({ secret: true })`, and all below them.
 * Shorter ones than four characters are left out: to blank "a" everywhere would hide nothing and garble everything.
 */
export function secretValues(account: unknown, schema: z.core.$ZodType): string[] {
  const found = new Set<string>();
  changeMarked(account, schema, "secret", (text) => {
    if (text.length >= 4) found.add(text);
    return text;
  });
  return [...found];
}

/** The account with texts at schema nodes with `.meta({ path: true })` made absolute; relative ones count from the project's folder. */
export function absolutePaths(account: unknown, schema: z.core.$ZodType, projectDir: string): unknown {
  return changeMarked(account, schema, "path", (path) => resolve(projectDir, path));
}

/** A copy in which every text at or below a marked schema node has been changed. */
function changeMarked(
  root: unknown,
  schema: z.core.$ZodType,
  mark: "secret" | "path",
  change: (text: string) => string,
): unknown {
  const visit = (value: unknown, schemas: readonly z.core.$ZodType[], inside: boolean): unknown => {
    const marked = inside || schemas.some((each) => isMarked(each, mark));
    if (typeof value === "string") return marked ? change(value) : value;
    if (typeof value !== "object" || value === null) return value;
    const next = (key: string | number, item: unknown) =>
      visit(
        item,
        schemas.flatMap((each) => below(each, key, value)),
        marked,
      );
    if (Array.isArray(value)) return value.map((item, i) => next(i, item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, next(key, item)]));
  };
  return visit(root, [schema], false);
}
