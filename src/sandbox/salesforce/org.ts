import type { Clock } from "../../core/clock.ts";
import type { Value } from "../../core/value.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { SalesforceConfig } from "./config.ts";
import { createObjects, type ObjectDef } from "./fields.ts";
import { createTables, type Tables } from "./tables.ts";

/** What every resource of the stand-in works on. */
export interface Org {
  readonly config: SalesforceConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly tables: Tables;
  /** Object by name, any case; undefined: there is none. */
  object(name: string): ObjectDef | undefined;
}

export function createOrg(config: SalesforceConfig, clock: Clock, misbehaviour: Misbehaviour): Org {
  return { config, clock, misbehaviour, tables: createTables(), object: createObjects(config) };
}

/** Salesforce's way to write an instant: 2026-07-15T10:00:00.000+0000. */
export function stamp(clock: Clock): string {
  return clock.now().toISOString().replace("Z", "+0000");
}

export function asText(value: Value | undefined): string {
  return value === undefined || value === null ? "" : String(value);
}
