import { expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

const headers = { authorization: "Bearer SG.sandbox" };
function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  return (method: string, path: string, body?: unknown) =>
    sandbox.call(method, `/sendgrid/v3${path}`, { headers, ...(body === undefined ? {} : { body }) });
}

it("takes contacts by jobs that are polled, and keeps them over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const call = caller(first);
  const list = (await call("POST", "/marketing/lists", { name: "VIP" })).body.id;
  const { body } = await call("PUT", "/marketing/contacts", {
    list_ids: [list],
    contacts: [{ email: "ANN@example.com" }],
  });
  const poll = () => call("GET", `/marketing/contacts/imports/${body.job_id}`);
  expect((await poll()).body.status).toBe("pending");
  expect((await poll()).body).toMatchObject({ status: "completed", results: { created_count: 1 } });
  await first.close();
  const again = caller(await start({}, { dataDir }));
  const found = await again("POST", "/marketing/contacts/search/emails", {
    emails: ["ann@example.com", "bob@example.com"],
  });
  expect(found.body.result["ann@example.com"].contact.list_ids).toEqual([list]);
  expect(found.body.result["bob@example.com"].error).toBe("contact not found");
  expect((await again("POST", "/marketing/contacts/search/emails", { emails: ["bob@example.com"] })).status).toBe(404);
});

it("refuses as a whole what it cannot read", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  const contacts = Array.from({ length: 30_001 }, () => ({ email: "a@b.co" }));
  for (const body of [
    { contacts },
    { contacts: [{ name: "Ann" }] },
    { contacts: [{ first_name: "x".repeat(51), email: "a@b.co" }] },
  ]) {
    expect((await call("PUT", "/marketing/contacts", body)).status).toBe(400);
  }
  expect((await sandbox.call("GET", "/_sandbox/violations")).body).toHaveLength(3);
  expect((await call("PUT", "/marketing/contacts", { contacts: [{ email: "no address" }] })).body.errors[0].field).toBe(
    "contacts[0].email",
  );
});

it("limits erasure to a hundred requests a minute, and says when the window ends", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  for (let n = 0; n < 100; n++) await call("POST", "/recipients/erasejob", { email_addresses: ["a@b.co"] });
  const refused = await call("POST", "/recipients/erasejob", { email_addresses: ["a@b.co"] });
  expect(refused.status).toBe(429);
  const endsAtMs = Number(refused.headers.get("x-ratelimit-reset")) * 1_000;
  sandbox.clock.advance(endsAtMs - sandbox.clock.now().getTime());
  expect((await call("POST", "/recipients/erasejob", { email_addresses: ["a@b.co"] })).status).toBe(202);
});

it("suppresses globally what is added to a group that is not there, as SendGrid does", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  await call("POST", "/asm/groups/99/suppressions", { recipient_emails: ["a@b.co"] });
  expect((await sandbox.call("GET", "/_sandbox/state")).body.sendgrid.suppressed).toEqual({ global: ["a@b.co"] });
});
