import type { Row } from "../../../src/core/value.ts";
import { dataverse } from "../../../src/destinations/dataverse/index.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { sandboxAccount } from "../../../src/sandbox/stand-ins.ts";
import { type ConnectorFixture, type ContractRow, connectorContract, testClock } from "../../contract/connector.ts";
import { sandboxFaults } from "../../contract/sandbox-faults.ts";
import { faultRule } from "../../contract/stand-in-fixture.ts";

interface State {
  readonly rows: readonly { readonly id: string; readonly table: string; readonly columns: Row }[];
  readonly lists: readonly { readonly name: string; readonly members: readonly string[] }[];
}

interface Kind {
  readonly target: "record" | "list";
  readonly options: Row;
  readonly textField: string;
  makeRow(n: number): ContractRow;
  makeBadRow(n: number): ContractRow;
  read(state: State): readonly Row[];
}

async function open(kind: Kind): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({ port: 0, clock });
  const account = sandboxAccount("dataverse", sandbox.url);
  return {
    connector: dataverse,
    account,
    wrongAccount: { ...account, client_secret: "not-the-client-secret" },
    secrets: ["sandbox-secret", "not-the-client-secret"],
    clock,
    ...kind,
    async readState() {
      const reply = await fetch(`${sandbox.url}/_sandbox/state`);
      return kind.read(((await reply.json()) as { dataverse: State }).dataverse);
    },
    ...sandboxFaults(sandbox.url, (fault) => faultRule("dataverse", fault, clock.now(), { method: "POST" })),
    close: () => sandbox.close(),
  };
}

const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { cr1_customerno: `N-${n}` },
  fields: { firstname: `First ${n}`, cr1_days: n },
});
const bad = (n: number): ContractRow => ({ ...person(n), fields: { firstname: "x", cr1_days: "a while" } });

connectorContract("dataverse record", () =>
  open({
    target: "record",
    options: { table: "contacts" },
    textField: "firstname",
    makeRow: person,
    makeBadRow: bad,
    read: (state) => state.rows.map((row) => row.columns),
  }),
);

connectorContract("dataverse list", () =>
  open({
    target: "list",
    options: { list: "Lapsing" },
    textField: "firstname",
    makeRow: person,
    makeBadRow: bad,
    read(state) {
      const members = new Set(state.lists.flatMap((list) => list.members));
      return state.rows.filter((row) => members.has(row.id)).map((row) => row.columns);
    },
  }),
);
