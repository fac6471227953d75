import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { file } from "../../../src/destinations/file/index.ts";
import { type ConnectorFixture, connectorContract } from "../../contract/connector.ts";
import { type Contents, type Format, readAudience } from "./read.ts";

async function open(format: Format, contents: Contents): Promise<ConnectorFixture> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-file-"));
  const path = contents === "snapshot" ? `audiences/people.${format}` : "audiences/people";
  return {
    connector: file,
    account: { path: folder },
    target: format,
    options: { path, contents },
    makeRow: (n) => ({
      key: `k${n}`,
      match: { email: `person${n}@example.com` },
      fields: { name: `Person ${n}`, city: "Leeds" },
    }),
    textField: "name",
    readState: () => readAudience(format, contents, join(folder, path)),
    secrets: [],
    close: () => rm(folder, { recursive: true }),
  };
}

connectorContract("file: csv snapshot", () => open("csv", "snapshot"));
connectorContract("file: ndjson snapshot", () => open("ndjson", "snapshot"));
connectorContract("file: parquet snapshot", () => open("parquet", "snapshot"));
