import type { Clock } from "../core/clock.ts";
import type { SandboxConfig } from "./config.ts";
import type { Misbehaviour } from "./core/misbehaviour.ts";
import type { Platform } from "./core/platform.ts";
import { createDataverse } from "./dataverse/platform.ts";
import { createHook } from "./hook/platform.ts";
import { createHubspot } from "./hubspot/platform.ts";
import { createKlaviyo } from "./klaviyo/platform.ts";
import { createSalesforce } from "./salesforce/platform.ts";

/** The registry of stand-ins: one folder and one line each. Mounted at /<name>. */
export function createPlatforms(config: SandboxConfig, clock: Clock, misbehaviour: Misbehaviour): readonly Platform[] {
  return [
    createSalesforce(config.salesforce, clock, misbehaviour),
    createKlaviyo(config.klaviyo, clock, misbehaviour),
    createHubspot(config.hubspot, clock, misbehaviour),
    createDataverse(config.dataverse, clock, misbehaviour),
    createHook(config.hook, clock, misbehaviour),
  ];
}
