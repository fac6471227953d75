export { createSnowflakeDialect } from "./dialect.ts";
export { createSnowflakeWarehouse, type SnowflakeWarehouseOptions } from "./warehouse.ts";
