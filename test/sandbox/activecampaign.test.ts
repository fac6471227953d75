import { expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  return (method: string, path: string, body?: unknown) =>
    sandbox.call(method, `/activecampaign/api/3${path}`, {
      headers: { "api-token": "ac-sandbox-key" },
      ...(body === undefined ? {} : { body }),
    });
}

it("imports by a job that names who failed, and keeps it over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const call = caller(first);
  const contacts = [
    { email: "Ann@example.com", fields: [{ id: 1, value: "gold" }], subscribe: [{ listid: "2" }], tags: ["VIP"] },
    { email: "o'neill@example.com" },
  ];
  const { batchId } = (await call("POST", "/import/bulk_import", { contacts })).body;
  expect((await call("GET", `/import/info?batchId=${batchId}`)).body.status).toBe("active");
  const info = (await call("GET", `/import/info?batchId=${batchId}`)).body;
  expect(info).toMatchObject({ status: "completed", failure: ["o'neill@example.com"] });
  await first.close();
  const second = await start({}, { dataDir });
  const held = (await second.call("GET", "/_sandbox/state")).body.activecampaign.contacts;
  expect(Object.keys(held)).toEqual(["ann@example.com"]);
  expect(held["ann@example.com"]).toMatchObject({ fields: { PLAN: "gold" }, lists: { 2: "1" } });
  expect(info.success).toEqual([String(held["ann@example.com"].id)]);
});

it("limits five requests a second by Retry-After, and imports a minute by a 400 of their own", async () => {
  const sandbox = await start({ activecampaign: { imports_per_minute: 1 } });
  const call = caller(sandbox);
  const contacts = [{ email: "a@b.co" }];
  expect((await call("POST", "/import/bulk_import", { contacts })).status).toBe(200);
  const full = await call("POST", "/import/bulk_import", { contacts });
  expect([full.status, full.body.message]).toEqual([400, "Rate limit exceeded."]);
  for (let n = 0; n < 3; n++) expect((await call("GET", "/contacts?email=a@b.co")).status).toBe(200);
  const refused = await call("GET", "/contacts?email=a@b.co");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  sandbox.clock.advance(60_000);
  expect((await call("POST", "/import/bulk_import", { contacts })).status).toBe(200);
});

it("refuses what the description does not have", async () => {
  const sandbox = await start({ activecampaign: { requests_per_second: 100 } });
  const call = caller(sandbox);
  const contacts = Array.from({ length: 251 }, (_, n) => ({ email: `p${n}@example.com` }));
  expect((await call("POST", "/import/bulk_import", { contacts })).status).toBe(422);
  expect((await call("POST", "/import/bulk_import", { contacts: [{ email: "nobody" }] })).status).toBe(400);
  expect((await call("POST", "/contact/sync", { contact: { email: "a@b.co", first_name: "Ann" } })).status).toBe(422);
  const { id } = (await call("POST", "/contact/sync", { contact: { email: "a@b.co" } })).body.contact;
  const status = (wanted: string, more = {}) =>
    call("POST", "/contactLists", { contactList: { list: "1", contact: id, status: wanted, ...more } });
  expect([(await status("1")).status, (await status("2")).status]).toEqual([200, 200]);
  expect((await status("1")).status).toBe(422);
  expect((await status("1", { sourceid: 4 })).status).toBe(200);
  expect((await sandbox.call("GET", "/_sandbox/violations")).body).toHaveLength(4);
  expect((await sandbox.call("GET", "/activecampaign/api/3/users/me", {})).status).toBe(403);
});

it.each(["constructor", "__proto__"])("knows nobody of the name %s", async (email) => {
  const call = caller(await start());
  expect((await call("GET", `/contacts?email=${email}`)).body.contacts).toEqual([]);
});
