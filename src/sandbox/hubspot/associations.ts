import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, rowProblem } from "./errors.ts";
import { findRecord } from "./objects.ts";
import { now, type Portal, typeOf } from "./portal.ts";

const MAX_INPUTS = 2_000;
const DEFAULT_TYPE = 1;

const end = z.strictObject({ id: z.string().min(1) });
const spec = z.strictObject({
  associationCategory: z.enum(["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED", "WORK"]),
  associationTypeId: z.int(),
});
const bodies = {
  default: z.strictObject({ inputs: z.array(z.strictObject({ from: end, to: end })).min(1) }),
  create: z.strictObject({ inputs: z.array(z.strictObject({ from: end, to: end, types: z.array(spec) })).min(1) }),
  archive: z.strictObject({ inputs: z.array(z.strictObject({ from: end, to: z.array(end) })).min(1) }),
};

interface Link {
  readonly from: string;
  readonly to: string;
  readonly types: readonly number[];
}

/** POST /crm/v4/associations/{from}/{to}/batch/associate/default, …/create, …/archive, …/labels/archive */
export function associate(portal: Portal, call: Call, how: "default" | "create" | "archive" | "unlabel"): Answer {
  const from = typeOf(portal, call.params.from ?? "");
  const to = typeOf(portal, call.params.to ?? "");
  if (from === undefined || to === undefined) return breach("unknown object type");
  const read = linksOf(call, how);
  if (read === undefined) return breach("Invalid input JSON");
  if (read.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  const results: Value[] = [];
  const errors: Value[] = [];
  for (const link of read) {
    const key = `${from}/${link.from}/${to}/${link.to}`;
    if (how === "archive") portal.links.delete(key);
    else if (how === "unlabel") unlabel(portal, key, link.types);
    else if (!findRecord(portal, from, undefined, link.from) || !findRecord(portal, to, undefined, link.to))
      errors.push(
        rowProblem("OBJECT_NOT_FOUND", "One or more of the objects do not exist", {
          fromObjectId: [link.from],
          toObjectId: [link.to],
        }),
      );
    else {
      portal.links.set(key, new Set([...(portal.links.get(key) ?? []), ...link.types]));
      results.push(
        how === "default"
          ? { from: { id: link.from }, to: { id: link.to }, associationSpec: { associationTypeId: DEFAULT_TYPE } }
          : {
              fromObjectTypeId: from,
              fromObjectId: Number(link.from),
              toObjectTypeId: to,
              toObjectId: Number(link.to),
              labels: [],
            },
      );
    }
  }
  const rows = { [how]: read.map((link) => `${link.from}-${link.to}`) };
  if (how === "archive" || how === "unlabel") return empty(204, { applied: true, rows });
  const at = now(portal);
  const common = { status: "COMPLETE", results, startedAt: at, completedAt: at };
  const extras = { applied: results.length > 0, rows };
  if (errors.length > 0) return json(207, { ...common, errors, numErrors: errors.length }, extras);
  return json(how === "default" ? 200 : 201, common, extras);
}

function linksOf(call: Call, how: "default" | "create" | "archive" | "unlabel"): readonly Link[] | undefined {
  const parsed = parseJson(call.body);
  if (how === "archive") {
    return bodies.archive
      .safeParse(parsed)
      .data?.inputs.flatMap(({ from, to }) => to.map((one) => ({ from: from.id, to: one.id, types: [] })));
  }
  if (how === "default") {
    return bodies.default
      .safeParse(parsed)
      .data?.inputs.map(({ from, to }) => ({ from: from.id, to: to.id, types: [DEFAULT_TYPE] }));
  }
  return bodies.create.safeParse(parsed).data?.inputs.map(({ from, to, types }) => ({
    from: from.id,
    to: to.id,
    types: types.map((type) => type.associationTypeId),
  }));
}

function unlabel(portal: Portal, key: string, types: readonly number[]): void {
  const held = portal.links.get(key);
  for (const type of types) held?.delete(type);
  if (held?.size === 0) portal.links.delete(key);
}
