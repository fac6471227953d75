import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Batch, Target } from "../connector.ts";
import { accepted, delivered, type Fates, rejected, settled } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { pathSegment } from "../path-segment.ts";
import { type OnesignalAccount, width } from "./account.ts";
import { type Ctx, isGone, refusalFate, send } from "./api.ts";
import { checkFields, labelOf, missing, properties, tooLong, toProperties, writtenFate } from "./users.ts";

const options = z.strictObject({});

/** A request per row; so many are on record as one batch. */
export const maxRows = 100;

/** Users with their properties and tags. A removal deletes the user with all subscriptions. */
export const user: Target<OnesignalAccount, z.output<typeof options>> = {
  description: "Users, with their properties and tags",
  kind: "records",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: properties, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "user",
  shape(_to, sync) {
    checkFields(sync);
    if (labelOf(sync) === "onesignal_id" && (sync.mode === "mirror" || sync.mode === "upsert")) {
      throw new ConfigError(`sync "${sync.name}": a user cannot be made by onesignal_id`, {
        hint: "OneSignal gives these ids itself: match by external_id or an alias of your own, or use mode update.",
      });
    }
    return {
      batch: { maxRows, mixedOps: true },
      // A user is looked up by its aliases before it is made.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const label = labelOf(ctx.sync);
    const leaving = batch.changes[0]?.op === "remove";
    await oneByOne(identified(batch.changes, label, fates), width, fates, (row) =>
      leaving ? removeUser(ctx, label, row.value) : write(ctx, label, row, batch.writes),
    );
    return settled(batch.changes, fates, missing);
  },
};

async function write(ctx: Ctx, label: string, row: Identified, writes: Batch["writes"]): Promise<RowFate> {
  const flaw = tooLong(row.change.fields);
  if (flaw !== null) return flaw;
  const values = toProperties(row.change.fields);
  if (writes === "update") return update(ctx, label, row.value, values);
  // Creating looks the user up first: an upsert. https://documentation.onesignal.com/reference/create-user
  const json = { identity: { [label]: row.value }, properties: values };
  const answer = await send(ctx, { method: "POST", scope: "users", path: "/users", json });
  return answer.status < 400 ? writtenFate(answer, label, row.value) : refusalFate(answer);
}

async function update(
  ctx: Ctx,
  label: string,
  value: string,
  values: ReturnType<typeof toProperties>,
): Promise<RowFate> {
  const path = userPath(label, value);
  if (path === null) return unaddressable;
  const answer = await send(ctx, { method: "PATCH", scope: "users", path, json: { properties: values } });
  return answer.status < 400 ? accepted : refusalFate(answer);
}

/** Deletes the user; who is not there is gone already. https://documentation.onesignal.com/reference/delete-user */
export async function removeUser(ctx: Ctx, label: string, value: string): Promise<RowFate> {
  const path = userPath(label, value);
  if (path === null) return unaddressable;
  const answer = await send(ctx, { method: "DELETE", scope: "users", path });
  if (answer.status < 300) return answer.status === 202 ? accepted : delivered();
  return isGone(answer) ? delivered() : refusalFate(answer);
}

/** null: the value cannot stand in a path. */
export function userPath(label: string, value: string): string | null {
  const id = pathSegment(value);
  return id === null ? null : `/users/by/${encodeURIComponent(label)}/${id}`;
}

export const unaddressable = rejected("IDENTIFIER_INVALID", "the identifier cannot stand in an address");
