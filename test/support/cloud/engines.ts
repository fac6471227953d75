import type { DbtWarehouse } from "../../../src/models/profile.ts";
import { createSnowflakeWarehouse } from "../../../src/warehouse/snowflake/index.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { emulatorMissing } from "../bigquery/emulator.ts";
import { startPeer } from "../bigquery/peer.ts";
import type { CloudEngine } from "../identity-lab.ts";
import { startFakesnow, whyNoFakesnow } from "../snowflake/fakesnow.ts";
import { cloudDbt, cloudPython, whyNoCloudDbt } from "./dbt-cloud.ts";

/** A stand-in of a cloud warehouse with a fresh schema. */
export interface CloudPeer {
  readonly on: CloudEngine;
  /** As millrace.yml would name it, for the profile that Millrace makes; and the dbt that knows it. */
  readonly dbtWarehouse: DbtWarehouse;
  readonly dbt: string;
  open(): Warehouse;
  stop(): Promise<void>;
}

/** Why dbt cannot run against this stand-in here; null: it can. */
export async function whyNot(engine: CloudEngine["engine"]): Promise<string | null> {
  return (engine === "snowflake" ? await whyNoFakesnow() : emulatorMissing()) ?? (await whyNoCloudDbt());
}

export async function startCloud(engine: CloudEngine["engine"]): Promise<CloudPeer> {
  return engine === "snowflake" ? snowflake() : bigQuery();
}

async function snowflake(): Promise<CloudPeer> {
  const server = await startFakesnow();
  const { hostname, port } = new URL(server.url);
  const login = {
    account: "fakesnow",
    user: "tester",
    password: "any",
    host: hostname,
    port: Number(port),
    protocol: "http",
  };
  const place = { database: "warehouse", schema: "lab" };
  const options = server.options(place.database);
  return {
    on: {
      dataset: "lab",
      engine: "snowflake",
      python: cloudPython(),
      profile: { type: "snowflake", ...login, ...place, warehouse: "compute" },
      connection: { ...login, ...place },
    },
    dbtWarehouse: { type: "snowflake", ...options, threads: 1 },
    dbt: cloudDbt(),
    open: () => createSnowflakeWarehouse(options),
    stop: () => server.stop(),
  };
}

async function bigQuery(): Promise<CloudPeer> {
  const peer = await startPeer();
  // The emulator takes CREATE SCHEMA and makes none.
  await fetch(`${peer.shim.url}/bigquery/v2/projects/test/datasets`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ datasetReference: { projectId: "test", datasetId: "analytics" } }),
  });
  const place = { project: "test", dataset: "lab" };
  return {
    on: {
      dataset: "lab",
      engine: "bigquery",
      python: cloudPython(),
      profile: {
        type: "bigquery",
        method: "oauth-secrets",
        token: "none",
        ...place,
        api_endpoint: peer.shim.url,
        job_retries: 0,
      },
      connection: { ...place, endpoint: peer.shim.url },
    },
    dbtWarehouse: { type: "bigquery", project: place.project, apiEndpoint: peer.shim.url, threads: 1 },
    dbt: cloudDbt(),
    open: () => peer.open(),
    stop: () => peer.stop(),
  };
}
