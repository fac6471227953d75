import { ConfigError } from "../core/errors.ts";
import type { DiscoveredField } from "../destinations/connector.ts";
import { bold, dim } from "../report/paint.ts";
import { discover } from "./pipeline/field-types.ts";
import type { VerbAction } from "./run-verb.ts";
import { readOptions } from "./send/options.ts";
import { syncOf } from "./send/rows.ts";

/** `fields ACCOUNT TARGET`: what the platform says of a target's fields now. Reads only; plans coerce by it from then on. */
export const fields =
  (accountName: string, targetName: string, options: { readonly options: string }): VerbAction =>
  async ({ open, out }) => {
    const app = await open();
    const account = await app.account(accountName);
    const target = account.connector.targets[targetName];
    if (target === undefined) {
      throw new ConfigError(`${account.connector.id} has no target ${targetName}`, {
        hint: `It has: ${Object.keys(account.connector.targets).join(", ")}.`,
      });
    }
    const to = readOptions(target, targetName, options.options);
    const sync = syncOf({
      account: accountName,
      target: targetName,
      op: target.ops[0] ?? "add",
      match: undefined,
      options: to.raw,
      rows: [],
      spec: target,
    });
    const found = await discover(app, { sync, account, target, options: to.parsed });
    const list = found ?? declaredFields(target.fields.known, target.identifiers);
    const paint = { color: out.color };
    if (found === null)
      out.print(`${account.connector.id} cannot be asked for the fields of ${targetName}; it declares:`);
    for (const field of list) out.print(`${bold(paint, field.name)}  ${dim(paint, describeField(field))}`);
    if (found === null && target.fields.others === "allowed") out.print("any other field is sent as it is");
    out.emit({ account: accountName, target: targetName, asked: found !== null, fields: list });
    return 0;
  };

const declaredFields = (
  known: Readonly<Record<string, NonNullable<DiscoveredField["type"]>>>,
  identifiers: readonly string[],
): readonly DiscoveredField[] => [
  ...identifiers.filter((name) => !(name in known)).map((name) => field(name, "text")),
  ...Object.entries(known).map(([name, type]) => field(name, type)),
];

const field = (name: string, type: DiscoveredField["type"]): DiscoveredField => ({
  name,
  type,
  required: false,
  writable: true,
});

function describeField({ type, required, writable, values, label }: DiscoveredField): string {
  const shown = (values ?? []).slice(0, 12).join(", ");
  return [
    type ?? "any",
    ...(required ? ["required"] : []),
    ...(writable ? [] : ["read only"]),
    ...(values === undefined ? [] : [`one of ${shown}${values.length > 12 ? ", …" : ""}`]),
    ...(label === undefined ? [] : [label]),
  ].join(" · ");
}
