export { createBigQueryDialect } from "./dialect.ts";
export { type BigQueryWarehouseOptions, createBigQueryWarehouse } from "./warehouse.ts";
