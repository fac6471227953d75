import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { file } from "../../../src/destinations/file/index.ts";
import { type ConnectorFixture, connectorContract } from "../../contract/connector.ts";
import { type Format, readAudience } from "./read.ts";

/** Without `match`: the key is the identifier and has a column of its own. */
async function open(format: Format): Promise<ConnectorFixture> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-file-"));
  return {
    connector: file,
    account: { path: folder },
    target: format,
    options: { path: "people", contents: "changes", ...(format === "parquet" ? { types: { visits: "integer" } } : {}) },
    makeRow: (n) => ({ key: `k${n}`, match: {}, fields: { name: `Person ${n}`, visits: n } }),
    ...(format === "parquet"
      ? { makeBadRow: (n: number) => ({ key: `k${n}`, match: {}, fields: { name: "x", visits: "many" } }) }
      : {}),
    textField: "name",
    readState: () => readAudience(format, "changes", join(folder, "people")),
    secrets: [],
    close: () => rm(folder, { recursive: true }),
  };
}

connectorContract("file: csv changes", () => open("csv"));
connectorContract("file: ndjson changes", () => open("ndjson"));
connectorContract("file: parquet changes", () => open("parquet"));
