import type { Row } from "../../../src/core/value.ts";
import { braze } from "../../../src/destinations/braze/index.ts";
import type { ConnectorFixture, ContractRow } from "../../contract/connector.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";

export interface BrazeState {
  readonly users: Readonly<
    Record<
      string,
      {
        readonly external_id: string | null;
        readonly aliases: readonly { readonly alias_name: string }[];
        readonly attributes: Row;
      }
    >
  >;
  readonly events: readonly Row[];
  readonly purchases: readonly Row[];
  readonly subscriptions: Readonly<Record<string, string>>;
}

export const group = "504e09e6-ffa4-4b31-96c3-c05d50d903cf";

/** Makes users of these rows, by the connector's own target. */
export async function seedUsers(fixture: ConnectorFixture, options: Row, rows: readonly ContractRow[]): Promise<void> {
  const driver = createDriver({
    connector: braze,
    account: fixture.account,
    target: "user",
    options,
    mode: "upsert",
    clock: fixture.clock ?? testClock(),
    secrets: fixture.secrets,
  });
  await driver.deliver(rows.map((row) => ({ ...row, op: "add" as const })));
  await driver.close();
}
