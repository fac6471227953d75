import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { AuthFailed } from "../../../src/core/delivery-errors.ts";
import type { Row } from "../../../src/core/value.ts";
import type { AccountCtx } from "../../../src/destinations/connector.ts";
import { accountSchema, type SalesforceAccount } from "../../../src/destinations/salesforce/account.ts";
import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { testClock } from "../../contract/connector-driver.ts";
import { openStandIn, type StandIn } from "./stand-in.ts";

let pem: string;
let publicPem: string;
let otherPem: string;
const open: StandIn[] = [];

beforeAll(() => {
  const make = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pair = make();
  pem = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  publicPem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  otherPem = make().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(clock = testClock()): Promise<StandIn> {
  const org = await openStandIn({ public_key: publicPem }, clock);
  open.push(org);
  return org;
}

const keyed = (org: StandIn, more: Row = {}): Row => ({
  base_url: org.account.base_url ?? null,
  client_id: "sandbox-id",
  user: "sync@example.com",
  private_key: pem,
  ...more,
});
const check = (org: StandIn, account: Row) =>
  salesforce.check(org.drive("record", { object: "Contact" }, "upsert", account).ctx as AccountCtx<SalesforceAccount>);
const assertions = (org: StandIn) =>
  org.seen
    .filter((one) => one.path.endsWith("/oauth2/token"))
    .map((one) => new URLSearchParams(one.body).get("assertion") ?? "");

describe("the JWT bearer flow", () => {
  test("signs in with the key alone, as the user, for two minutes", async () => {
    const clock = testClock();
    const org = await start(clock);
    await check(org, keyed(org));
    const [header = "", claims = "", signature = ""] = (assertions(org)[0] ?? "").split(".");
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    expect(read(header)).toEqual({ alg: "RS256" });
    expect(read(claims)).toEqual({
      iss: "sandbox-id",
      sub: "sync@example.com",
      aud: "https://login.salesforce.com",
      exp: Math.floor(clock.now().getTime() / 1_000) + 120,
    });
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify("RSA-SHA256", signed, createPublicKey(publicPem), Buffer.from(signature, "base64url"))).toBe(true);
    expect(await org.violations()).toEqual([]);
  });

  test("takes a key whose line breaks came as two characters, and an audience", async () => {
    const org = await start();
    await check(org, keyed(org, { private_key: pem.replaceAll("\n", "\\n"), audience: "https://test.salesforce.com" }));
    expect(Buffer.from(assertions(org)[0]?.split(".")[1] ?? "", "base64url").toString()).toContain(
      "test.salesforce.com",
    );
  });

  test("signs anew when the session ends", async () => {
    const clock = testClock();
    const org = await start(clock);
    const driver = org.drive("record", { object: "Contact" }, "upsert", keyed(org));
    const row = (n: number) => ({
      key: `${n}`,
      op: "add" as const,
      match: { No__c: `${n}` },
      fields: { LastName: "L" },
    });
    await driver.deliver([row(1)]);
    await clock.sleep(3 * 3_600_000);
    expect(await driver.deliver([row(2)])).toMatchObject([{ status: "delivered" }]);
    expect(assertions(org)).toHaveLength(2);
  });

  test.each([
    ["a key that the connected app does not know", () => ({ private_key: otherPem }), "invalid_grant"],
    ["no key at all", () => ({ private_key: "-----BEGIN nothing-----" }), "no RSA key"],
    ["an audience that Salesforce is not", () => ({ audience: "https://example.com" }), "invalid_grant"],
  ])("is refused for %s, and tells no key", async (_what, wrong, says) => {
    const org = await start();
    const error = await check(org, keyed(org, wrong())).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthFailed);
    expect((error as AuthFailed).message).toContain(says);
    expect((error as AuthFailed).hint).not.toBe("");
    for (const line of [pem, otherPem].flatMap((key) => key.split("\n").slice(1, -2))) {
      expect(JSON.stringify(error)).not.toContain(line);
    }
  });
});

test.each<[string, Row, string | null]>([
  ["client credentials", { client_secret: "s" }, null],
  ["a refresh token with its secret", { client_secret: "s", refresh_token: "r" }, null],
  ["user and key", { user: "u", private_key: "k" }, null],
  ["nothing to sign in with", {}, "client_secret"],
  ["a refresh token alone", { refresh_token: "r" }, "client_secret"],
  ["a key without its user", { private_key: "k" }, "user"],
])("the account takes or refuses %s", (_what, given, fault) => {
  const read = accountSchema.safeParse({ client_id: "i", ...given });
  expect(read.error?.issues.map((issue) => issue.path.join("."))).toEqual(fault === null ? undefined : [fault]);
});
