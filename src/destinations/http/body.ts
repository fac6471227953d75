import { createHmac } from "node:crypto";
import type { Change } from "../../core/change.ts";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { isPerRow, type RequestOptions } from "./options.ts";
import { fill, fillPath, type Scope } from "./template.ts";

type Sync = Pick<TargetSync, "name" | "runId">;

/** The body's exact text, which is what the signature covers; undefined where the request has none. */
export function bodyOf(changes: readonly Change[], options: RequestOptions, sync: Sync): string | undefined {
  if (options.method === "GET") return undefined;
  const rows = () => changes.map((change) => rowOf(change, options, sync));
  if (options.body === undefined && !isPerRow(options)) {
    return JSON.stringify({ sync: sync.name, run: sync.runId, changes: rows() });
  }
  const [only] = changes;
  const scope: Scope = (name) => {
    if (name === "changes") return rows();
    return only === undefined ? undefined : rowScope(only, sync)(name);
  };
  const template: Row = options.body ?? { sync: "{{ sync }}", run: "{{ run }}", changes: "{{ changes }}" };
  return JSON.stringify(fill(template, scope));
}

export function pathOf(changes: readonly Change[], options: RequestOptions, sync: Sync): string {
  const [only] = changes;
  if (options.path === undefined || only === undefined) return options.path ?? "";
  return fillPath(options.path, rowScope(only, sync));
}

/** `t=<unix seconds>,v1=<hex hmac sha256 of "<t>.<body>">`: the receiver refuses old times, so that nobody can replay it. */
export function signature(body: string, secret: string, clock: Clock): string {
  const t = Math.floor(clock.now().getTime() / 1_000);
  return `t=${t},v1=${createHmac("sha256", secret).update(`${t}.${body}`, "utf8").digest("hex")}`;
}

function rowOf(change: Change, options: RequestOptions, sync: Sync): Value {
  if (options.row !== undefined) return fill(options.row, rowScope(change, sync)) ?? null;
  return { op: change.op, key: change.key, fields: allFields(change) };
}

const allFields = (change: Change): Row => ({ ...change.match, ...change.fields });

function rowScope(change: Change, sync: Sync): Scope {
  const fields = allFields(change);
  return (name) => {
    switch (name) {
      case "sync":
        return sync.name;
      case "run":
        return sync.runId;
      case "op":
        return change.op;
      case "key":
        return change.key;
      case "external_id":
        return change.externalId;
      case "fields":
        return fields;
      default:
        return fields[name] ?? (name in fields ? null : fields[name.replace(/^fields\./, "")]);
    }
  };
}
