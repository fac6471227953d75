import type { ConnectorFixture, Fault } from "./connector-fixture.ts";

/** Tells a sandbox what to do wrong, over HTTP as a user would. */
export async function tellSandbox(url: string, rule: object): Promise<void> {
  const reply = await fetch(`${url}/_sandbox/misbehave`, { method: "POST", body: JSON.stringify(rule) });
  if (!reply.ok) throw new Error(await reply.text());
}

/** A fixture's part that misbehaves and stops to. `ruleOf`: a fault of the contract in the sandbox's words. */
export const sandboxFaults = (
  url: string,
  ruleOf: (fault: Fault) => object,
): Required<Pick<ConnectorFixture, "misbehave" | "behave">> => ({
  misbehave: (fault) => tellSandbox(url, ruleOf(fault)),
  async behave() {
    await fetch(`${url}/_sandbox/misbehave`, { method: "DELETE" });
  },
});
