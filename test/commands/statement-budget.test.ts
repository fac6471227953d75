import { describe } from "vitest";
import { statementBudget } from "../contract/statement-budget.ts";

describe("the statement budget", () => {
  statementBudget({ rows: [3, 600] });
});
