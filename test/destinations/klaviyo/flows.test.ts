import { afterEach, describe, expect, test } from "vitest";
import type { Op } from "../../../src/core/change.ts";
import { AuthFailed, RateLimited } from "../../../src/core/delivery-errors.ts";
import type { Row } from "../../../src/core/value.ts";
import type { AccountCtx } from "../../../src/destinations/connector.ts";
import type { KlaviyoAccount } from "../../../src/destinations/klaviyo/account.ts";
import { klaviyo } from "../../../src/destinations/klaviyo/index.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { type Answer, type Asked, scriptedPlatform } from "../salesforce/scripted-platform.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(
  answer: (asked: Asked) => Answer,
  target = "list",
  options: Row = { list: "Lapsing" },
  account: Row = {},
) {
  const platform = await scriptedPlatform((asked) =>
    asked.path === "/api/lists"
      ? { json: { data: [{ type: "list", id: "ABC123", attributes: { name: "Lapsing" } }] } }
      : answer(asked),
  );
  const driver = createDriver({
    connector: klaviyo,
    account: { base_url: platform.url, api_key: "pk_of_the_company", ...account },
    target,
    options,
    mode: "mirror",
    clock: testClock(),
    secrets: ["pk_of_the_company"],
    timeoutMs: 5_000,
  });
  open.push(driver, platform);
  return { driver, calls: () => platform.asked.filter((asked) => asked.path !== "/api/lists") };
}

const person = (n: number, op: Op = "add") => ({ key: `p${n}`, op, match: { email: `p${n}@example.com` }, fields: {} });
const people = (count: number, op: Op = "add") => Array.from({ length: count }, (_, i) => person(i, op));
const job = (attributes: Row = { status: "queued" }) => ({
  data: { type: "profile-bulk-import-job", id: "job-1", attributes },
});
const refused = (pointer: string) => ({
  status: 400,
  json: {
    errors: [
      { id: "e", code: "invalid", title: "Invalid input.", detail: "p1@example.com is wrong", source: { pointer } },
    ],
  },
});
const profiles = (...numbers: number[]) => ({
  json: {
    data: numbers.map((n) => ({ type: "profile", id: `id-${n}`, attributes: { email: `P${n}@example.com` } })),
    links: { next: null },
  },
});
const sentProfiles = (asked: Asked | undefined) =>
  (JSON.parse(asked?.body ?? "") as { data: { attributes: { profiles: { data: Row[] } } } }).data.attributes.profiles
    .data;

describe("an import", () => {
  test("refused for a row that Klaviyo names goes on without it", async () => {
    const { driver, calls } = await against((asked) => {
      if (asked.method === "POST") {
        const rows = sentProfiles(asked);
        return rows.length === 3
          ? refused("/data/attributes/profiles/data/1/attributes/email")
          : { status: 202, json: job() };
      }
      if (asked.path.endsWith("/profiles")) return profiles(0, 2);
      return { json: job({ status: "complete", total_count: 2, completed_count: 2, failed_count: 0 }) };
    });
    expect(await driver.deliver(people(3))).toEqual([
      { status: "delivered", externalId: "id-0" },
      { status: "rejected", code: "INVALID", message: "Klaviyo refused the profile's email" },
      { status: "delivered", externalId: "id-2" },
    ]);
    expect(calls().filter((asked) => asked.method === "POST")).toHaveLength(2);
  });

  test("refused without a name is left to bisecting", async () => {
    const { driver } = await against((asked) => {
      if (asked.method !== "POST")
        return asked.path.endsWith("/profiles")
          ? profiles()
          : { json: job({ status: "complete", total_count: 1, completed_count: 1, failed_count: 0 }) };
      return asked.body.includes("p1@") ? refused("/data") : { status: 202, json: job() };
    });
    const fates = await driver.deliver(people(2));
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "rejected"]);
    expect(JSON.stringify(fates)).not.toContain("p1@example.com");
  });

  test("whose job has expired leaves its rows open", async () => {
    const { driver } = await against((asked) =>
      asked.method === "POST"
        ? { status: 202, json: job() }
        : { status: 404, json: { errors: [{ id: "e", code: "not_found", title: "t", detail: "d" }] } },
    );
    expect(await driver.deliver(people(1))).toMatchObject([{ status: "retry", code: "RESULT_MISSING" }]);
  });

  test("reads every page of errors, by the cursor and not by the link's host", async () => {
    const error = (n: number) => ({
      type: "import-error",
      id: `e${n}`,
      attributes: {
        code: "invalid",
        title: "t",
        detail: "d",
        source: { pointer: "/data" },
        original_payload: { email: `p${n}@example.com` },
      },
    });
    const { driver, calls } = await against((asked) => {
      if (asked.method === "POST") return { status: 202, json: job() };
      if (!asked.path.endsWith("/import-errors")) {
        return asked.path.endsWith("/profiles")
          ? profiles()
          : { json: job({ status: "complete", total_count: 3, completed_count: 1, failed_count: 2 }) };
      }
      if (asked.query.get("page[cursor]") === "next") return { json: { data: [error(2)], links: { next: null } } };
      return {
        json: {
          data: [error(0)],
          links: { next: "https://a.klaviyo.com/api/x?page%5Bcursor%5D=next&page%5Bsize%5D=100" },
        },
      };
    });
    const fates = await driver.deliver(people(3));
    expect(fates.map((fate) => fate.status)).toEqual(["rejected", "delivered", "rejected"]);
    expect(calls().filter((asked) => asked.path.endsWith("/import-errors"))).toHaveLength(2);
  });

  test("is delivered without ids when they cannot be read back", async () => {
    const { driver } = await against((asked) => {
      if (asked.method === "POST") return { status: 202, json: job() };
      if (asked.path.endsWith("/profiles")) return { status: 500 };
      return { json: job({ status: "complete", total_count: 1, completed_count: 1, failed_count: 0 }) };
    });
    expect(await driver.deliver(people(1))).toEqual([{ status: "delivered" }]);
  });

  test("too large for a profile refuses the row before it is sent", async () => {
    const { driver, calls } = await against(() => ({ json: {} }));
    const large = { ...person(1), fields: { "properties.note": "x".repeat(100_001) } };
    expect(await driver.deliver([large])).toMatchObject([{ status: "rejected", code: "PROFILE_TOO_LARGE" }]);
    expect(calls()).toHaveLength(0);
  });
});

describe("leaving a list", () => {
  test("counts people without a profile as gone, and names ids only", async () => {
    const { driver, calls } = await against((asked) => (asked.method === "DELETE" ? { status: 204 } : profiles(1)));
    expect(await driver.deliver([person(1, "remove"), person(2, "remove")])).toEqual([
      { status: "delivered", externalId: "id-1" },
      { status: "delivered" },
    ]);
    const [find, remove] = calls();
    expect(find?.query.get("filter")).toBe('any(email,["p1@example.com","p2@example.com"])');
    expect(JSON.parse(remove?.body ?? "")).toEqual({ data: [{ type: "profile", id: "id-1" }] });
  });

  test("goes on without a profile that was deleted meanwhile", async () => {
    let deletes = 0;
    const { driver, calls } = await against((asked) => {
      if (asked.method !== "DELETE")
        return asked.query.get("filter")?.startsWith("any(id") ? profiles(2) : profiles(1, 2);
      deletes += 1;
      return deletes === 1
        ? { status: 404, json: { errors: [{ id: "e", code: "not_found", title: "t", detail: "d" }] } }
        : { status: 204 };
    });
    const fates = await driver.deliver([person(1, "remove"), person(2, "remove")]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
    expect(JSON.parse(calls().at(-1)?.body ?? "")).toEqual({ data: [{ type: "profile", id: "id-2" }] });
  });
});

describe("unsubscribing", () => {
  const options = { list: "Lapsing", channels: ["email"] };
  const everybody = (asked: Asked): Answer => {
    const numbers = [...(asked.query.get("filter") ?? "").matchAll(/p(\d+)@/g)].map((found) => Number(found[1]));
    return profiles(...numbers);
  };

  async function second(answer: Answer | "hang up") {
    let sent = 0;
    return against(
      (asked) => {
        if (asked.method === "GET") return everybody(asked);
        sent += 1;
        if (sent === 1) return { status: 202 };
        return answer === "hang up" ? { status: 500 } : answer;
      },
      "subscription",
      options,
    );
  }

  test("never sends again what was taken: the rest waits for the next run", async () => {
    const { driver, calls } = await second({ status: 429, headers: { "retry-after": "3" } });
    const fates = await driver.deliver(people(150, "remove"));
    expect(fates.slice(0, 100).every((fate) => fate.status === "accepted")).toBe(true);
    expect(fates.slice(100).every((fate) => fate.status === "retry")).toBe(true);
    expect(calls().filter((asked) => asked.method === "POST")).toHaveLength(2);
  });

  test("leaves an unanswered part to a person's decision", async () => {
    const { driver } = await second("hang up");
    const fates = await driver.deliver(people(250, "remove"));
    expect(fates.slice(0, 100).every((fate) => fate.status === "accepted")).toBe(true);
    expect(fates.slice(100, 200).every((fate) => fate.status === "unknown")).toBe(true);
    expect(fates.slice(200).every((fate) => fate.status === "retry")).toBe(true);
  });

  test("is told to wait when nothing was taken yet", async () => {
    const { driver } = await against(() => ({ status: 429, headers: { "retry-after": "3" } }), "subscription", options);
    await expect(driver.deliver(people(1, "remove"))).rejects.toThrow(RateLimited);
  });
});

describe("the account check", () => {
  const check = (ctx: AccountCtx<unknown>) => klaviyo.check(ctx as AccountCtx<KlaviyoAccount>);

  test("names the scope that is missing, and never the key", async () => {
    const { driver } = await against(() => ({
      status: 403,
      json: { errors: [{ id: "e", code: "permission_denied", title: "t", detail: "pk_of_the_company" }] },
    }));
    const error = await check(driver.ctx).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthFailed);
    expect((error as AuthFailed).hint).toContain("profiles:read");
    expect(JSON.stringify(error)).not.toContain("pk_of_the_company");
  });

  test("notices a key of another company", async () => {
    const { driver } = await against(
      () => ({ json: { data: [{ id: "OTHER1" }] } }),
      "list",
      { list: "Lapsing" },
      { company_id: "MINE12" },
    );
    await expect(check(driver.ctx)).rejects.toThrow(/another company/);
  });
});
