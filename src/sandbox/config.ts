import { z } from "zod";
import { misbehaviourSchema } from "./core/misbehaviour.ts";
import { dataverseConfig } from "./dataverse/config.ts";
import { hookConfig } from "./hook/config.ts";
import { hubspotConfig } from "./hubspot/config.ts";
import { klaviyoConfig } from "./klaviyo/config.ts";
import { salesforceConfig } from "./salesforce/config.ts";

/** Settings of `startSandbox`; everything has a default. */
export const sandboxConfigSchema = z.strictObject({
  salesforce: salesforceConfig.prefault({}),
  klaviyo: klaviyoConfig.prefault({}),
  hubspot: hubspotConfig.prefault({}),
  dataverse: dataverseConfig.prefault({}),
  hook: hookConfig.prefault({}),
  misbehave: z.array(misbehaviourSchema).default([]),
});

export type SandboxConfig = z.infer<typeof sandboxConfigSchema>;
export type SandboxConfigInput = z.input<typeof sandboxConfigSchema>;
