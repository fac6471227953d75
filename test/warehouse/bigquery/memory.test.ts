import { afterEach, describe, expect, it } from "vitest";
import { type AnsweringBigQuery, startAnsweringBigQuery } from "../../support/plan-memory/answering-bigquery.ts";
import { assertConstantMemory, type Sizes } from "../../support/plan-memory/constant-memory.ts";

const long = process.env.MILLRACE_LONG_TESTS !== undefined;
const sizes: Sizes = long ? [100_000, 400_000] : [50_000, 200_000];

describe("memory of a plan that lies on BigQuery", () => {
  const servers: AnsweringBigQuery[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  async function planOf(rows: number) {
    const server = await startAnsweringBigQuery(rows);
    servers.push(server);
    return { engine: "bigquery", options: JSON.stringify({ project: "test", apiEndpoint: server.url }) };
  }

  it("does not grow with the rows of one answer", { timeout: 600_000 }, async () => {
    await assertConstantMemory("stream", sizes, planOf);
    // Else nothing was read by page.
    for (const [i, server] of servers.entries()) expect(server.pages()).toBe((sizes[i] ?? 0) / 10_000);
  });

  it("would be seen to grow where rows are kept", { timeout: 600_000 }, async (context) => {
    if (!long) context.skip("a test of the test: set MILLRACE_LONG_TESTS");
    await expect(assertConstantMemory("kept", sizes, planOf)).rejects.toThrow();
  });
});
