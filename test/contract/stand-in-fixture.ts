import type { Row } from "../../src/core/value.ts";
import type { Connector } from "../../src/destinations/connector.ts";
import type { SandboxConfigInput } from "../../src/sandbox/config.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { type StandInName, sandboxAccount } from "../../src/sandbox/stand-ins.ts";
import { testClock } from "./connector-driver.ts";
import type { ConnectorFixture, Fault } from "./connector-fixture.ts";
import { sandboxFaults } from "./sandbox-faults.ts";

/** One target of a connector against its stand-in of the sandbox. `S`: what the stand-in's `state()` gives. */
export interface StandInCase<S>
  extends Pick<
    ConnectorFixture,
    "target" | "options" | "textField" | "makeRow" | "makeBadRow" | "skips" | "mode" | "fieldless" | "secrets"
  > {
  readonly connector: Connector;
  readonly name: StandInName;
  readonly settings?: SandboxConfigInput;
  /** Keys of the account beside those of the stand-in. */
  readonly account?: Row;
  /** Keys that make the account's credentials wrong. */
  readonly wrong: Row;
  /** What the platform holds, under the names of a sync. */
  read(state: S): readonly Row[];
  /** The request that changes something, where it is no POST. */
  readonly writes?: { readonly method?: string; readonly path?: string };
  /** Makes what must be there beforehand, as an administrator would. */
  seed?(url: string): Promise<void>;
}

/** The fixture of a contract suite: a sandbox of its own, told to misbehave over HTTP as a user would tell it. */
export async function openStandInCase<S>(one: StandInCase<S>): Promise<ConnectorFixture> {
  const clock = testClock();
  const sandbox = await startSandbox({ port: 0, clock, ...(one.settings && { config: one.settings }) });
  const account = { ...sandboxAccount(one.connector.id, sandbox.url), ...one.account };
  await one.seed?.(`${sandbox.url}/${one.name}`);
  return {
    ...one,
    account,
    wrongAccount: { ...account, ...one.wrong },
    clock,
    async readState() {
      const reply = await fetch(`${sandbox.url}/_sandbox/state`);
      return one.read(((await reply.json()) as Record<string, S>)[one.name] as S);
    },
    ...sandboxFaults(sandbox.url, (fault) => faultRule(one.name, fault, clock.now(), one.writes ?? { method: "POST" })),
    close: () => sandbox.close(),
  };
}

/** A fault of the contract in the sandbox's words. */
export function faultRule(platform: string, fault: Fault, now: Date, match: Row): Record<string, unknown> {
  const common = { platform, match };
  if (fault.kind === "expired-token") return { ...common, kind: "expire_token" };
  if (fault.kind === "server-error") return { ...common, kind: fault.applied ? "error_after" : "error", status: 500 };
  if (fault.kind === "no-answer")
    return { ...common, kind: fault.applied ? "timeout_after" : "timeout_before", how: "reset" };
  const plain = /^\d+$/.test(fault.retryAfter);
  const seconds = plain ? Number(fault.retryAfter) : Math.round((Date.parse(fault.retryAfter) - now.getTime()) / 1_000);
  return { ...common, kind: "rate_limit", retry_after: seconds, form: plain ? "seconds" : "date" };
}
