import { z } from "zod";
import { delivered, type Fates } from "../fates.ts";
import { type ApiError, errorFate, readError } from "./errors.ts";
import { recordId } from "./objects.ts";
import { folded } from "./values.ts";

/** A record to write, and the row it is for. `objectWriteTraceId` is the row's seq. */
export interface Item {
  readonly seq: number;
  readonly id: string;
  readonly properties: Readonly<Record<string, string>>;
}

const result = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  objectWriteTraceId: z.string().nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

/** 200, 201 or 207. https://developers.hubspot.com/docs/api-reference/error-handling#multi-status-errors */
export const batchReply = z.object({ results: z.array(z.unknown()), errors: z.array(z.unknown()).nullish() });

/**
 * Fates of the items by their trace ids; a result without one is told by its identifier. An item that is named by nothing, or
 * both as written and as refused, has no fate here: it is tried again.
 */
export function readBatch(items: readonly Item[], by: string, body: z.output<typeof batchReply>): Fates {
  const fates: Fates = new Map();
  const bySeq = new Map(items.map((item) => [String(item.seq), item]));
  const byName = new Map(items.map((item) => [folded(item.id), item]));
  for (const raw of body.results) {
    const read = result.safeParse(raw);
    if (!read.success) continue;
    const { id, objectWriteTraceId: trace, properties } = read.data;
    const name = by === recordId ? id : properties?.[by];
    const item = trace == null ? byName.get(folded(String(name ?? ""))) : bySeq.get(trace);
    if (item !== undefined) fates.set(item.seq, delivered(id));
  }
  for (const raw of body.errors ?? []) {
    const error = readError(raw);
    for (const { seq } of named(error, bySeq, byName)) {
      if (fates.get(seq)?.status === "delivered") fates.delete(seq);
      else fates.set(seq, errorFate(error));
    }
  }
  return fates;
}

function named(error: ApiError, bySeq: ReadonlyMap<string, Item>, byName: ReadonlyMap<string, Item>): readonly Item[] {
  const traced = error.traces.flatMap((trace) => bySeq.get(trace) ?? []);
  return traced.length > 0 ? traced : error.ids.flatMap((id) => byName.get(folded(id)) ?? []);
}
