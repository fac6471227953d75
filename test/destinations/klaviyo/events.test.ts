import { afterEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Row } from "../../../src/core/value.ts";
import { checkEventFields, toEvent } from "../../../src/destinations/klaviyo/events.ts";
import { klaviyo } from "../../../src/destinations/klaviyo/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { change } from "../salesforce/changes.ts";

const kind = { metric: "Placed Order", backfill: false };
const ann = { email: "Ann@Example.com" };

describe("an event", () => {
  test("has the row's fields, and its key as unique id", () => {
    const made = toEvent(
      change(7, ann, { time: "2026-02-01T10:00:00Z", value: null, value_currency: "EUR", "properties.sku": null }),
      kind,
    );
    expect(made).toMatchObject({
      seq: 7,
      event: {
        type: "event-bulk-create",
        attributes: {
          profile: { data: { type: "profile", attributes: ann } },
          events: {
            data: [
              {
                type: "event",
                attributes: {
                  time: "2026-02-01T10:00:00Z",
                  value_currency: "EUR",
                  properties: { sku: null },
                  unique_id: "k7",
                  metric: { data: { type: "metric", attributes: { name: "Placed Order" } } },
                },
              },
            ],
          },
        },
      },
    });
    expect(JSON.stringify(made)).not.toContain("backfill");
  });

  test("has a unique id of its own where one is mapped, and says that it is old", () => {
    const made = JSON.stringify(toEvent(change(1, ann, { unique_id: "order-9" }), { ...kind, backfill: true }));
    expect(made).toContain(`"unique_id":"order-9"`);
    expect(made).toContain(`"backfill":true`);
  });

  const many = Object.fromEntries(Array.from({ length: 401 }, (_, n) => [`properties.p${n}`, n]));
  test.each<[string, Row, Row, string]>([
    ["nobody", { email: " " }, {}, "MATCH_MISSING"],
    ["too many properties", ann, many, "TOO_MANY_PROPERTIES"],
    ["a long text", ann, { "properties.deep": { list: ["x".repeat(100_001)] } }, "STRING_TOO_LONG"],
  ])("of %s is refused", (_what, match, fields, code) => {
    expect(toEvent(change(1, match, fields), kind)).toMatchObject({ status: "rejected", code });
  });

  test("has no other fields", () => {
    expect(() => checkEventFields({ name: "s", fields: ["time", "properties.a b"] })).not.toThrow();
    expect(() => checkEventFields({ name: "s", fields: ["sku"] })).toThrow(ConfigError);
  });
});

describe("the same event twice", () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(repeated: "ignored" | "refused") {
    const clock = testClock();
    const seen: Seen[] = [];
    const config = { klaviyo: { repeated_events: repeated } };
    const sandbox = await startSandbox({ port: 0, clock, config, observe: (one) => seen.push(one) });
    const driver = createDriver({
      connector: klaviyo,
      account: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_sandbox" },
      target: "event",
      options: { metric: "Placed Order" },
      mode: "append",
      clock,
      secrets: ["pk_sandbox"],
      timeoutMs: 5_000,
    });
    open.push(driver, sandbox);
    const events = async () =>
      ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { klaviyo: { events: Row[] } }).klaviyo.events;
    return { driver, seen, events };
  }
  const row = (key: string, fields: Row = {}) => ({ key, op: "add" as const, match: ann, fields });

  test.each(["ignored", "refused"] as const)(
    "in two requests is recorded once, when repetitions are %s",
    async (how) => {
      const { driver, events } = await start(how);
      await driver.deliver([row("1")]);
      const fates = await driver.deliver([row("1"), row("2")]);
      expect(fates).toEqual([{ status: "accepted" }, { status: "accepted" }]);
      expect((await events()).map((one) => one.unique_id)).toEqual(["1", "2"]);
    },
  );

  test("in one request refuses the second row, before Klaviyo refuses them all", async () => {
    const { driver, seen, events } = await start("ignored");
    const fates = await driver.deliver([row("1", { unique_id: "x" }), row("2", { unique_id: "x" }), row("3")]);
    expect(fates).toMatchObject([{ status: "accepted" }, { code: "REPEATED_UNIQUE_ID" }, { status: "accepted" }]);
    expect(seen).toHaveLength(1);
    expect(await events()).toHaveLength(2);
  });

  test("an event that Klaviyo refuses goes alone", async () => {
    const { driver, events } = await start("ignored");
    const fates = await driver.deliver([row("1"), row("2", { time: "1980-01-01T00:00:00Z" }), row("3")]);
    expect(fates[1]).toEqual({ status: "rejected", code: "INVALID", message: "Klaviyo refused the event's time" });
    expect(await events()).toHaveLength(2);
  });
});
