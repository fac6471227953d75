import { expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  return (method: string, path: string, body?: unknown) =>
    sandbox.call(method, `/brevo/v3${path}`, {
      headers: { "api-key": "xkeysib-sandbox" },
      ...(body === undefined ? {} : { body }),
    });
}

it("imports into a list by a process, leaving out what is no address, and keeps it over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const call = caller(first);
  const { id } = (await call("POST", "/contacts/lists", { name: "VIP", folderId: 1 })).body;
  const rows = [{ email: "Ann@example.com", attributes: { DAYS: "often", FIRSTNAME: "Ann" } }, { email: "nobody" }];
  const { processId } = (await call("POST", "/contacts/import", { jsonBody: rows, listIds: [id] })).body;
  expect((await call("GET", `/processes/${processId}`)).body.status).toBe("in_process");
  expect((await call("GET", `/processes/${processId}`)).body.status).toBe("completed");
  await first.close();
  const second = await start({}, { dataDir });
  const { contacts } = (await second.call("GET", "/_sandbox/state")).body.brevo;
  expect(contacts).toMatchObject({ "ann@example.com": { attributes: { FIRSTNAME: "Ann" }, lists: [id] } });
  expect(contacts["ann@example.com"].attributes.DAYS).toBeUndefined();
});

it("limits ten requests a second, and says how long the window lasts", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  for (let n = 0; n < 10; n++) expect((await call("DELETE", "/contacts/a@b.co")).status).toBe(404);
  const refused = await call("DELETE", "/contacts/a@b.co");
  expect([refused.status, refused.headers.get("x-sib-ratelimit-reset")]).toEqual([429, "1"]);
  sandbox.clock.advance(1_000);
  expect((await call("DELETE", "/contacts/a@b.co")).status).toBe(404);
});

it("refuses what the description does not have", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  const emails = Array.from({ length: 151 }, (_, n) => `p${n}@example.com`);
  const { id } = (await call("POST", "/contacts/lists", { name: "VIP", folderId: 1 })).body;
  expect((await call("POST", `/contacts/lists/${id}/contacts/remove`, { emails })).status).toBe(400);
  expect((await call("POST", "/contacts", { email: "a@b.co", name: "Ann" })).status).toBe(400);
  expect((await call("POST", "/events", { event_name: "a b", identifiers: { email_id: "a@b.co" } })).status).toBe(400);
  expect((await sandbox.call("GET", "/_sandbox/violations")).body).toHaveLength(3);
  expect((await call("POST", "/contacts/lists/99/contacts/remove", { emails: ["a@b.co"] })).status).toBe(404);
});
