import { describe, expect, it } from "vitest";
import { klaviyoCaller, type Loose, start } from "./support.ts";

const profile = (attributes: object) => ({ type: "profile", attributes });
const importJob = (profiles: object[], list?: string) => ({
  data: {
    type: "profile-bulk-import-job",
    attributes: { profiles: { data: profiles } },
    ...(list === undefined ? {} : { relationships: { lists: { data: [{ type: "list", id: list }] } } }),
  },
});
const newList = (name: string, more: object = {}) => ({ data: { type: "list", attributes: { name, ...more } } });
const emails = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => profile({ email: `p${from + at}@example.com` }));

async function withList(config = {}) {
  const sandbox = await start({ klaviyo: { rate_factor: 1000, ...config } });
  const kl = klaviyoCaller(sandbox);
  const list = (await kl("POST", "/api/lists", newList("Lapsing", { opt_in_process: "single_opt_in" }))).body.data
    .id as string;
  return { sandbox, kl, list };
}

describe("access", () => {
  it("wants its key and the revision this stand-in knows", async () => {
    const sandbox = await start();
    const kl = klaviyoCaller(sandbox);
    expect((await kl("GET", "/api/accounts")).body.data).toHaveLength(1);
    const wrong = await kl("GET", "/api/lists", undefined, { authorization: "Klaviyo-API-Key nope" });
    expect([wrong.status, wrong.body.errors[0].code]).toEqual([401, "not_authenticated"]);
    expect(await sandbox.violations()).toHaveLength(0);
    expect((await kl("GET", "/api/lists", undefined, { authorization: "Bearer x" })).status).toBe(401);
    expect((await kl("GET", "/api/lists", undefined, { revision: "2020-01-01" })).status).toBe(400);
    expect((await kl("POST", "/api/lists", newList("x"), { "content-type": "text/plain" })).status).toBe(415);
    expect((await kl("GET", "/api/nonsense")).status).toBe(404);
    expect(await sandbox.violations()).toHaveLength(4);
  });

  it("enforces burst and steady limits per operation, with Retry-After only on 429", async () => {
    const sandbox = await start();
    const kl = klaviyoCaller(sandbox);
    const many = async (count: number) => {
      const replies = [];
      for (let at = 0; at < count; at += 1)
        replies.push(await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(1))));
      return replies;
    };
    const burst = await many(11);
    expect(burst.map((reply) => reply.status)).toEqual([...Array(10).fill(202), 429]);
    expect(burst[9]?.headers.get("ratelimit-remaining")).toBe("140");
    expect(burst[10]?.headers.get("retry-after")).toBe("1");
    expect(burst[10]?.headers.get("ratelimit-limit")).toBeNull();
    expect(burst[10]?.body.errors[0].code).toBe("throttled");
    expect((await kl("GET", "/api/lists")).status).toBe(200);
    for (let second = 0; second < 14; second += 1) {
      sandbox.clock.advance(1000);
      expect((await many(10)).every((reply) => reply.status === 202)).toBe(true);
    }
    sandbox.clock.advance(1000);
    const [steady] = await many(1);
    expect([steady?.status, steady?.headers.get("retry-after")]).toEqual([429, "45"]);
  });
});

describe("profiles", () => {
  it("are created once per identifier, changed, found and upserted", async () => {
    const sandbox = await start();
    const kl = klaviyoCaller(sandbox);
    const made = await kl("POST", "/api/profiles", {
      data: profile({ email: "Ann@example.com", properties: { a: 1 } }),
    });
    const id = made.body.data.id;
    const twin = await kl("POST", "/api/profiles", { data: profile({ email: "ann@EXAMPLE.com" }) });
    expect([twin.status, twin.body.errors[0].code, twin.body.errors[0].meta]).toEqual([
      409,
      "duplicate_profile",
      { duplicate_profile_id: id },
    ]);
    const patch = {
      data: {
        type: "profile",
        id,
        attributes: { external_id: "E1", first_name: "Ann", properties: { b: 2 } },
        meta: { patch_properties: { unset: "a" } },
      },
    };
    expect((await kl("PATCH", `/api/profiles/${id}`, patch)).body.data.attributes).toMatchObject({
      first_name: "Ann",
      properties: { b: 2 },
    });
    const find = async (filter: string) =>
      (await kl("GET", `/api/profiles?filter=${encodeURIComponent(filter)}`)).body.data.map((found: Loose) => found.id);
    expect(await find('equals(external_id,"E1")')).toEqual([id]);
    expect(await find('any(email,["x@example.com","ann@example.com"])')).toEqual([id]);
    expect(await find("equals(email,['ann@example.com'])")).toEqual([id]);
    expect(
      (await kl("POST", "/api/profile-import", { data: profile({ external_id: "E1", first_name: null }) })).status,
    ).toBe(200);
    expect((await kl("POST", "/api/profile-import", { data: profile({ external_id: "E2" }) })).status).toBe(201);
    expect((await kl("GET", `/api/profiles/${id}`)).body.data.attributes.first_name).toBeNull();
    expect((await kl("POST", "/api/profiles", { data: profile({ first_name: "nobody" }) })).status).toBe(400);
    expect(await sandbox.violations()).toEqual([]);
    expect((await kl("GET", "/api/profiles?filter=contains(email,%22a%22)")).status).toBe(400);
    expect((await kl("POST", "/api/profiles", { data: profile({ emial: "a@example.com" }) })).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(2);
  });

  it("are erased by one identifier", async () => {
    const { sandbox, kl, list } = await withList();
    await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(2), list));
    const job = (data: object) => ({
      data: { type: "data-privacy-deletion-job", attributes: { profile: { data: { type: "profile", ...data } } } },
    });
    expect(
      (await kl("POST", "/api/data-privacy-deletion-jobs", job({ attributes: { email: "p0@example.com" } }))).status,
    ).toBe(202);
    expect((await kl("POST", "/api/data-privacy-deletion-jobs", job({}))).status).toBe(400);
    const { klaviyo } = await sandbox.state();
    expect([Object.keys(klaviyo.profiles).length, klaviyo.lists[list].member_keys]).toEqual([1, ["p1@example.com"]]);
  });
});

describe("bulk imports", () => {
  it("report by polls how far they are, and every rejected row with its payload", async () => {
    const { sandbox, kl, list } = await withList();
    await kl("POST", "/api/profiles", { data: profile({ email: "p0@example.com" }) });
    await sandbox.misbehave({
      kind: "reject_rows",
      platform: "klaviyo",
      field: "external_id",
      values: ["E9"],
      message: "no",
    });
    const bad = [
      profile({ email: "nonsense" }),
      profile({ phone_number: "0123" }),
      profile({ external_id: "E9" }),
      profile({ first_name: "x" }),
    ];
    const made = await kl("POST", "/api/profile-bulk-import-jobs", importJob([...emails(2), ...bad], list));
    expect([made.status, made.body.data.attributes]).toMatchObject([202, { status: "queued", total_count: 6 }]);
    const path = `/api/profile-bulk-import-jobs/${made.body.data.id}`;
    expect((await kl("GET", path)).body.data.attributes.status).toBe("processing");
    expect((await kl("GET", path)).body.data.attributes).toMatchObject({
      status: "complete",
      completed_count: 2,
      failed_count: 4,
    });
    const first = await kl("GET", `${path}/import-errors?page[size]=3`);
    expect(first.body.data[0]).toMatchObject({
      type: "import-error",
      attributes: {
        code: "invalid",
        source: { pointer: "/data/attributes/profiles/data/2/attributes/email" },
        original_payload: profile({ email: "nonsense" }),
      },
    });
    const second = await kl("GET", first.body.links.next.slice(`${sandbox.url}/klaviyo`.length));
    expect([first.body.data.length, second.body.data.length, second.body.links.next]).toEqual([3, 1, undefined]);
    expect((await kl("GET", `${path}/profiles`)).body.data.map((one: Loose) => one.attributes.email)).toEqual([
      "p0@example.com",
      "p1@example.com",
    ]);
    expect((await sandbox.state()).klaviyo.lists[list].member_keys).toEqual(["p0@example.com", "p1@example.com"]);
    const entry = (await sandbox.log()).find((one) => one.path === "/api/profile-bulk-import-jobs");
    expect(entry?.rows).toMatchObject({
      imported: ["p0@example.com", "p1@example.com"],
      rejected: ["nonsense", "0123", "E9", ""],
    });
  });

  it("clear a field by null, keep an absent one, and merge properties", async () => {
    const { sandbox, kl } = await withList();
    await kl(
      "POST",
      "/api/profile-bulk-import-jobs",
      importJob([profile({ external_id: "E1", email: "a@example.com", first_name: "A", properties: { x: 1, y: 1 } })]),
    );
    await kl(
      "POST",
      "/api/profile-bulk-import-jobs",
      importJob([profile({ external_id: "E1", first_name: null, properties: { y: 2 } })]),
    );
    expect(Object.values((await sandbox.state()).klaviyo.profiles)).toMatchObject([
      { email: "a@example.com", first_name: null, properties: { x: 1, y: 2 } },
    ]);
  });

  it("refuse what is too much, too large or malformed, and record it", async () => {
    const { sandbox, kl, list } = await withList();
    const big = "x".repeat(100_001);
    const replies = [
      await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(10_001))),
      await kl(
        "POST",
        "/api/profile-bulk-import-jobs",
        importJob([profile({ email: "a@example.com", properties: { big } })]),
      ),
      await kl(
        "POST",
        "/api/profile-bulk-import-jobs",
        importJob(Array.from({ length: 51 }, () => profile({ properties: { big: big.slice(10) } }))),
      ),
      await kl("POST", "/api/profile-bulk-import-jobs", importJob([{ type: "profil", attributes: {} }])),
      await kl("POST", "/api/profile-bulk-import-jobs", { data: { type: "profile-bulk-import-job" } }),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([400, 400, 413, 400, 400]);
    expect(replies[3]?.body.errors[0].source.pointer).toBe("/data/attributes/profiles/data/0/type");
    expect(await sandbox.violations()).toHaveLength(5);
    expect((await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(1), "Lnope"))).status).toBe(404);
    expect((await sandbox.state()).klaviyo).toMatchObject({
      profiles: {},
      jobs: [],
      lists: { [list]: { members: [] } },
    });
  });

  it("can be lost or cancelled half-way when told", async () => {
    const { sandbox, kl } = await withList({ job_polls: 0 });
    await sandbox.misbehave({ kind: "lost_job" }, { kind: "fail_job", skip: 1, processed: 1 });
    const lost = await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(2)));
    expect((await kl("GET", `/api/profile-bulk-import-jobs/${lost.body.data.id}`)).status).toBe(404);
    const cut = await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(3)));
    expect((await kl("GET", `/api/profile-bulk-import-jobs/${cut.body.data.id}`)).body.data.attributes).toMatchObject({
      status: "cancelled",
      total_count: 3,
      completed_count: 1,
    });
    expect(Object.keys((await sandbox.state()).klaviyo.profiles)).toHaveLength(1);
  });
});

describe("lists", () => {
  it("are found by name and hold members added and removed, without touching consent", async () => {
    const { sandbox, kl, list } = await withList();
    await kl("POST", "/api/profile-bulk-import-jobs", importJob(emails(250)));
    const ids = Object.keys((await sandbox.state()).klaviyo.profiles);
    const members = (some: string[]) => ({ data: some.map((id) => ({ type: "profile", id })) });
    const path = `/api/lists/${list}/relationships/profiles`;
    expect((await kl("POST", path, members(ids))).status).toBe(204);
    expect((await kl("DELETE", path, members(ids.slice(0, 40)))).status).toBe(204);
    const seen: string[] = [];
    let next: string | undefined = `${path}?page[size]=100`;
    while (next !== undefined) {
      const page: Loose = (await kl("GET", next)).body;
      seen.push(...page.data.map((one: Loose) => one.id));
      next = page.links.next?.slice(`${sandbox.url}/klaviyo`.length);
    }
    expect(seen).toEqual(ids.slice(40));
    const found = await kl("GET", `/api/lists?filter=${encodeURIComponent('equals(name,"Lapsing")')}`);
    expect(found.body.data.map((one: Loose) => one.id)).toEqual([list]);
    expect(
      (await kl("GET", `/api/lists/${list}?additional-fields[list]=profile_count`)).body.data.attributes.profile_count,
    ).toBe(210);
    expect(
      Object.values((await sandbox.state()).klaviyo.profiles).every(
        (one: Loose) => Object.keys(one.consent).length === 0,
      ),
    ).toBe(true);
    expect((await kl("POST", path, members(["Pnope"]))).status).toBe(404);
    expect(await sandbox.violations()).toEqual([]);
    expect((await kl("POST", path, members(Array(1001).fill(ids[0])))).status).toBe(400);
    expect((await kl("GET", `${path}?page[size]=101`)).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(2);
  });
});

describe("subscriptions", () => {
  const consent = { subscriptions: { email: { marketing: { consent: "SUBSCRIBED" } } } };
  const subscribe = (profiles: object[], list?: string, more: object = {}) => ({
    data: {
      type: "profile-subscription-bulk-create-job",
      attributes: { profiles: { data: profiles }, ...more },
      ...(list === undefined ? {} : { relationships: { list: { data: { type: "list", id: list } } } }),
    },
  });
  const unsubscribe = (addresses: string[], list?: string) => ({
    data: {
      type: "profile-subscription-bulk-delete-job",
      attributes: {
        profiles: {
          data: addresses.map((email) =>
            profile({ email, subscriptions: { email: { marketing: { consent: "UNSUBSCRIBED" } } } }),
          ),
        },
      },
      ...(list === undefined ? {} : { relationships: { list: { data: { type: "list", id: list } } } }),
    },
  });
  const CREATE = "/api/profile-subscription-bulk-create-jobs";
  const DELETE = "/api/profile-subscription-bulk-delete-jobs";

  it("record consent at once on a single-opt-in list and ask first on a double-opt-in one", async () => {
    const { sandbox, kl, list } = await withList();
    expect(
      (
        await kl(
          "POST",
          CREATE,
          subscribe([profile({ email: "a@example.com", ...consent })], list, { custom_source: "shop" }),
        )
      ).status,
    ).toBe(202);
    const other = (await kl("POST", "/api/lists", newList("Double"))).body.data.id;
    await kl("POST", CREATE, subscribe([profile({ email: "b@example.com", ...consent })], other));
    const { klaviyo } = await sandbox.state();
    expect(klaviyo.lists[list].member_keys).toEqual(["a@example.com"]);
    expect([klaviyo.lists[other].members, klaviyo.lists[other].pending.length]).toEqual([[], 1]);
    const states = Object.values(klaviyo.profiles).map((one: Loose) => one.subscriptions.email.marketing.consent);
    expect(states).toEqual(["SUBSCRIBED", "NEVER_SUBSCRIBED"]);
  });

  it("unsubscribe from the list, but globally whoever is not in it", async () => {
    const { sandbox, kl, list } = await withList();
    await kl("POST", CREATE, subscribe([profile({ email: "in@example.com", ...consent })], list));
    await kl("POST", CREATE, subscribe([profile({ email: "out@example.com", ...consent })]));
    expect((await kl("POST", DELETE, unsubscribe(["in@example.com", "out@example.com"], list))).status).toBe(202);
    const { klaviyo } = await sandbox.state();
    const consents = Object.values(klaviyo.profiles).map((one: Loose) => [
      one.email,
      one.subscriptions.email.marketing.consent,
    ]);
    expect(consents).toEqual([
      ["in@example.com", "SUBSCRIBED"],
      ["out@example.com", "UNSUBSCRIBED"],
    ]);
    expect(klaviyo.lists[list]).toMatchObject({ members: [], unsubscribed: [expect.any(String)] });
    expect((await sandbox.log()).at(-1)?.rows).toEqual({
      "unsubscribed from list": ["in@example.com"],
      "unsubscribed globally": ["out@example.com"],
    });
  });

  it("want a date in the past for historical consent, an address for its channel, and no more rows than allowed", async () => {
    const { sandbox, kl } = await withList();
    const on = (consented_at: string) =>
      profile({
        email: "a@example.com",
        subscriptions: { email: { marketing: { consent: "SUBSCRIBED", consented_at } } },
      });
    const status = async (...args: Parameters<typeof subscribe>) =>
      (await kl("POST", CREATE, subscribe(...args))).status;
    expect(
      await status([profile({ email: "a@example.com", ...consent })], undefined, { historical_import: true }),
    ).toBe(400);
    expect(await status([on("2027-01-01T00:00:00Z")], undefined, { historical_import: true })).toBe(400);
    expect(await status([on("2020-01-01T00:00:00+00:00")], undefined, { historical_import: true })).toBe(202);
    expect(await status([profile({ phone_number: "+15005550006", ...consent })])).toBe(400);
    expect(await sandbox.violations()).toEqual([]);
    expect(
      await status(Array.from({ length: 1001 }, (_, at) => profile({ email: `p${at}@example.com`, ...consent }))),
    ).toBe(400);
    expect(await status([profile({ email: "a@example.com" })])).toBe(400);
    expect(
      (await kl("POST", DELETE, unsubscribe(Array.from({ length: 101 }, (_, at) => `p${at}@example.com`)))).status,
    ).toBe(400);
    expect(await sandbox.violations()).toHaveLength(3);
  });
});
