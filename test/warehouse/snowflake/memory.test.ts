import { expect, it } from "vitest";
import { createSnowflakeWarehouse } from "../../../src/warehouse/snowflake/index.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import { assertConstantMemory, type Sizes } from "../../support/plan-memory/constant-memory.ts";
import { makePlanTable } from "../../support/plan-memory/make-plan.ts";
import { fakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

const long = process.env.MILLRACE_LONG_TESTS !== undefined;
const sizes: Sizes = long ? [100_000, 400_000] : [50_000, 150_000];

onFakesnow("memory of a plan that lies on Snowflake", () => {
  const server = fakesnow();

  /** The table, made where it is not there yet, and what a process needs to read it. */
  async function planOf(rows: number) {
    const options = server().options("shop");
    const warehouse = createSnowflakeWarehouse(options);
    const numbers = `(select row_number() over (order by null) as n from table(generator(rowcount => ${rows})))`;
    await makePlanTable(warehouse, rows, raw(numbers));
    await warehouse.close();
    return { engine: "snowflake", options: JSON.stringify(options) };
  }

  it("does not grow with the rows of one answer", { timeout: 600_000 }, () =>
    assertConstantMemory("stream", sizes, planOf),
  );

  it("does not grow with the pages that a delivery reads", { timeout: 600_000 }, async (context) => {
    if (!long) context.skip("its many statements take the stand-in a minute: set MILLRACE_LONG_TESTS");
    await assertConstantMemory("pages", sizes, planOf);
  });

  it("would be seen to grow where rows are kept", { timeout: 600_000 }, async (context) => {
    if (!long) context.skip("a test of the test: set MILLRACE_LONG_TESTS");
    await expect(assertConstantMemory("kept", sizes, planOf)).rejects.toThrow();
  });
});
