import { z } from "zod";
import type { RowFate } from "../core/result.ts";
import { delivered, type Fates, rejected, retried } from "./fates.ts";

/** In a job's handle: rows that are not in the job, with the fates they had when it was made. */
export const keptFates = z.array(z.tuple([z.int(), z.string(), z.string(), z.string()]));

export const keepFates = (fates: Fates): z.output<typeof keptFates> =>
  [...fates].map(([seq, fate]) => [
    seq,
    fate.status,
    "code" in fate ? fate.code : "",
    "message" in fate ? fate.message : "",
  ]);

/** Ids of delivered rows are not kept: a later delivery finds them again. */
export const readFates = (kept: z.output<typeof keptFates>): Fates =>
  new Map(kept.map(([seq, status, code, message]): [number, RowFate] => [seq, asFate(status, code, message)]));

function asFate(status: string, code: string, message: string): RowFate {
  if (status === "rejected") return rejected(code, message);
  return status === "retry" ? retried(code, message) : delivered();
}
