import type { Grants } from "../grants.ts";

/** DuckDB knows no roles: whoever may read and write the file and its folder may do everything. */
export const duckDbGrants: Grants = {
  role: null,
  statements: () => [],
  missing: async () => [],
};
