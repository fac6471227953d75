import { z } from "zod";
import { type MisbehaviourInput, misbehaviourSchema } from "./core/misbehaviour.ts";
import { type StandInName, type StandInSettings, standInEntries, type standIns } from "./stand-ins.ts";

/** Settings of every stand-in by its name; everything has a default. */
export type SandboxConfigInput = {
  readonly [K in StandInName]?: z.input<(typeof standIns)[K]["settings"]>;
} & { readonly misbehave?: readonly MisbehaviourInput[] };

type SandboxConfig = StandInSettings & { readonly misbehave: readonly z.output<typeof misbehaviourSchema>[] };

const settings = standInEntries.map(([name, one]) => [name, one.settings.prefault({})] as const);

/** Names and schemas come from the registry at run time, and from the same registry in the type. */
export const sandboxConfigSchema = z.strictObject({
  ...Object.fromEntries(settings),
  misbehave: z.array(misbehaviourSchema).default([]),
}) as unknown as z.ZodType<SandboxConfig>;
