import type { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import type { Platform } from "./platform.ts";

/** A stand-in as the registry knows it: the front door of its folder. `S`: the schema of its settings, all with defaults. */
export interface StandIn<S extends z.ZodObject = z.ZodObject> {
  /** The connector whose accounts `--sandbox` points here. */
  readonly connector: string;
  readonly settings: S;
  create(settings: z.output<S>, clock: Clock, misbehaviour: Misbehaviour): Platform;
  /** What an account of the connector needs in place of its own: base URL and credentials that the default settings accept. */
  account(url: string): Readonly<Record<string, string>>;
}
