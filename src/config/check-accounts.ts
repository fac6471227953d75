import { accountsOf, connectorNamed } from "./accounts.ts";
import type { Connectors } from "./connector-rules.ts";
import type { Env } from "./env.ts";
import { error, type Fault } from "./fault.ts";
import { materialise } from "./materialise.ts";
import { meant } from "./nearest.ts";
import { placeAt, type SourceMap, without } from "./source.ts";
import { validate } from "./validate.ts";

/** Every account names a connector that exists, and has that connector's keys. Secrets are not read and not shown. */
export function accountFaults(root: SourceMap, connectors: Connectors, variables: Env): Fault[] {
  return accountsOf(root).flatMap(({ connector: id, node, place }) => {
    const connector = connectorNamed(connectors, id);
    if (connector === undefined) {
      const mend = meant(id, Object.keys(connectors), "connectors");
      return error(placeAt(node, ["connector"]), `there is no connector "${id}"`, mend);
    }
    const keys = without(node, ["connector"], place);
    const made = materialise(keys, variables, { secretRefs: "below-root" });
    return validate(connector.account, keys, made, () => false).faults;
  });
}

/** What names the destination behind an account: two accounts may lead to one. Falls back to the account's own name. */
export function destinationKey(name: string, root: SourceMap, connectors: Connectors, variables: Env): string {
  const account = accountsOf(root).find((each) => each.name === name);
  const connector = account === undefined ? undefined : connectorNamed(connectors, account.connector);
  if (account === undefined || connector === undefined) return name;
  const keys = without(account.node, ["connector"]);
  const made = materialise(keys, variables, { secretRefs: "below-root" });
  const { value } = validate(connector.account, keys, made, () => false);
  if (value === undefined || made.missing.length > 0 || made.secrets.length > 0) return name;
  return `${connector.id} ${connector.accountKey(value)}`;
}
