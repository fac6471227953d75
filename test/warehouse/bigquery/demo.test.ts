import { afterAll, beforeAll, describe, expect } from "vitest";
import { demoOnAnotherWarehouse } from "../../contract/demo-story.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { type Peer, startPeer } from "../../support/bigquery/peer.ts";
import { cloudDbt, whyNoCloudDbt } from "../../support/cloud/dbt-cloud.ts";
import { type Chapter, type Day, type Slice, twoDates } from "../../support/demo-story.ts";

const why = emulatorMissing() ?? (await whyNoCloudDbt());

// The emulator compares every row with every other: eleven customers, of every way that people go between the two dates' segments,
// four whose shared device a guard catches, and one whom Salesforce refuses, with a few of his orders.
const customers = new Set([
  12400, 12695, 12759, 12956, 13771, 13784, 14855, 15043, 16560, 17138, 17631, 12601, 12751, 14851, 16051,
]);
const refused = 14156;
const aDozen: Slice = (customer, day) => (customer === refused ? /-0[67]$/.test(day) : customers.has(customer));

// The second date takes the emulator minutes more.
const firstDate: readonly Day[] = [
  { asOf: "2010-09-01", build: true },
  { asOf: "2010-09-01", build: false },
];
const long = process.env.MILLRACE_LONG_TESTS !== undefined;

const some = expect.toSatisfy((n: number) => n > 0);

function shows([first, later]: readonly Chapter[]): void {
  expect(first?.standing["caught by guards"]).toContainEqual(expect.stringContaining("fan_out"));
  expect(first?.runs).toMatchObject({
    "lapsing-to-file": { status: "done", added: expect.toSatisfy((n: number) => n > 2) },
    "vips-to-salesforce": { status: "done", added: expect.toSatisfy((n: number) => n > 2), rejected: 1 },
  });
  if (long) expect(later?.runs).toMatchObject({ "lapsing-to-file": { added: some, removed: some } });
}

describe("the demo on BigQuery", () => {
  let peer: Peer | null = null;
  beforeAll(async () => {
    if (why === null) peer = await startPeer();
  });
  afterAll(() => peer?.stop());

  demoOnAnotherWarehouse({
    why,
    slice: aDozen,
    days: long ? twoDates : firstDate,
    shows,
    warehouse: () => ({
      dbt: cloudDbt(),
      // The project's own tests, a hundred statements, only where there is time for the second date.
      env: long ? {} : { DBT_EXCLUDE_RESOURCE_TYPES: "test" },
      yaml: `  type: bigquery
  project: test
  dataset: analytics
  schema: millrace
  api_endpoint: ${peer?.shim.url}
`,
    }),
  });
});
