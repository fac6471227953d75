import { onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { SandboxConfigInput } from "../../src/sandbox/config.ts";
import type { Seen } from "../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../src/sandbox/core/misbehaviour.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import type { Loose } from "./cli.ts";

export interface Platform {
  readonly url: string;
  /** What the project's variables must be. */
  readonly env: { readonly HOOK_URL: string };
  /** Requests as they arrived, bodies included. */
  readonly seen: readonly Seen[];
  misbehave(...rules: readonly MisbehaviourInput[]): Promise<void>;
  behave(): Promise<void>;
  /** The webhook's side: key → fields. */
  present(): Promise<Record<string, Loose>>;
  /** op → key → how often it was applied. */
  events(): Promise<Record<string, Record<string, number>>>;
}

/** The sandbox, which the command line under test reaches over HTTP like any platform. */
export async function platform(config: SandboxConfigInput = {}): Promise<Platform> {
  const seen: Seen[] = [];
  const sandbox = await startSandbox({ port: 0, clock: systemClock, config, observe: (one) => seen.push(one) });
  onTestFinished(() => sandbox.close());
  const state = async (): Promise<Loose> => (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as Loose;
  return {
    url: sandbox.url,
    env: { HOOK_URL: `${sandbox.url}/hook` },
    seen,
    async misbehave(...rules) {
      const body = JSON.stringify(rules);
      const headers = { "content-type": "application/json" };
      const reply = await fetch(`${sandbox.url}/_sandbox/misbehave`, { method: "POST", body, headers });
      if (reply.status !== 201) throw new Error(await reply.text());
    },
    async behave() {
      await fetch(`${sandbox.url}/_sandbox/misbehave`, { method: "DELETE" });
    },
    present: async () => (await state()).hook.present as Record<string, Loose>,
    events: async () => (await state()).hook.events as Record<string, Record<string, number>>,
  };
}
