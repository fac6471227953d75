export type { SslMode } from "./config.ts";
export { createPostgresDialect } from "./dialect.ts";
export { createPostgresWarehouse, type PostgresWarehouseOptions } from "./warehouse.ts";
