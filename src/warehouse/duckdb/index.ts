export { createDuckDbDialect, type DuckDbDialectOptions, duckDbDialect } from "./dialect.ts";
export { duckDbHash, type FastHash } from "./fingerprint.ts";
export { createDuckDbWarehouse, type DuckDbWarehouseOptions } from "./warehouse.ts";
