import { z } from "zod";
import { WarehouseFailed } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import type { Sql } from "./sql.ts";

/** Rows of cells as validated objects. The error names columns and faults, never a value. */
export function parseAnswer<T>(
  statement: Sql,
  names: readonly string[],
  rows: readonly (readonly Value[])[],
  row: z.ZodType<T>,
): T[] {
  const parsed = z
    .array(row)
    .safeParse(rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null]))));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 3).map(({ path, code }) => `${path.slice(1).join(".")}: ${code}`);
  throw new WarehouseFailed(`The warehouse's answer has another shape than expected (${where.join("; ")}).`, {
    hint: "The table may be of another version of Millrace: see the statement in the error's context.",
    context: { statement: statement.text.slice(0, 600) },
  });
}
