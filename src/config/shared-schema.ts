import { z } from "zod";
import { percentText } from "./scalars.ts";

export const guardSchema = z
  .strictObject({
    max_removed: percentText.optional().describe("hold a plan that removes a larger share of the ledger's rows"),
    max_removed_rows: z.int().min(0).optional().describe("hold a plan that removes more rows"),
    max_changed: percentText.optional().describe("hold a plan that changes a larger share of the ledger's rows"),
    min_rows: z.int().min(0).optional().describe("hold a plan whose model has fewer rows"),
    mapping_change: z
      .enum(["hold", "allow"])
      .optional()
      .describe("hold a plan whose mapping differs from the ledger's"),
  })
  .describe("limits that hold a plan back for approval");

export const rejectsSchema = z
  .strictObject({
    retry: z
      .union([z.enum(["on_change", "always"]), z.strictObject({ times: z.int().min(1).max(1000) })])
      .describe("when a rejected row is tried again: on_change, always or { times: 3 }"),
  })
  .describe("what becomes of rejected rows");
