import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { type Loose, start, tempDir } from "./support.ts";

const authorization = `Basic ${Buffer.from("any:sandbox-us6").toString("base64")}`;
const list = "/mailchimp/3.0/lists/a1b2c3d4e5";
const hash = (email: string) => createHash("md5").update(email).digest("hex");

function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  return (method: string, path: string, body?: unknown, more = {}) =>
    sandbox.call(method, path, { headers: { authorization, ...more }, ...(body === undefined ? {} : { body }) });
}
const members = (...emails: readonly string[]) => ({
  members: emails.map((email_address) => ({ email_address, status: "subscribed" })),
});

it("knows its keys and tokens, and nobody else's", async () => {
  const call = caller(await start());
  expect((await call("GET", "/mailchimp/3.0/ping")).status).toBe(200);
  expect((await call("GET", "/mailchimp/3.0/ping", undefined, { authorization: "Bearer sandbox-token" })).status).toBe(
    200,
  );
  expect((await call("GET", "/mailchimp/3.0/ping", undefined, { authorization: "Bearer x" })).status).toBe(401);
});

it("takes 500 members and no more, and knows no field that the description lacks", async () => {
  const sandbox = await start();
  const call = caller(sandbox);
  const many = Array.from({ length: 501 }, (_, n) => `p${n}@example.com`);
  expect((await call("POST", list, members(...many.slice(1)))).body).toMatchObject({ total_created: 500 });
  expect((await call("POST", list, members(...many))).status).toBe(400);
  expect((await call("POST", list, { members: [{ email: "a@example.com" }] })).body.title).toBe("Invalid Resource");
  expect((await call("GET", "/_sandbox/violations")).body).toHaveLength(2);
});

it("keeps who was permanently deleted from coming back", async () => {
  const call = caller(await start());
  await call("POST", list, members("ann@example.com"));
  const path = `${list}/members/${hash("ann@example.com")}`;
  expect((await call("POST", `${path}/actions/delete-permanent`)).status).toBe(204);
  expect((await call("POST", `${path}/actions/delete-permanent`)).status).toBe(404);
  const { body } = await call("POST", list, members("ANN@example.com"));
  expect(body.errors[0]).toMatchObject({ error_code: "ERROR_GENERIC" });
});

it("keeps tags as static segments, and everything over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const call = caller(first);
  await call("POST", list, { members: [{ email_address: "ann@example.com", status: "subscribed", tags: ["VIP"] }] });
  const { body } = await call("GET", `${list}/segments?type=static&count=10`);
  expect(body.segments).toMatchObject([{ name: "VIP", member_count: 1 }]);
  const change = { members_to_remove: ["ann@example.com"], members_to_add: ["stranger@example.com"] };
  const changed: Loose = (await call("POST", `${list}/segments/${body.segments[0].id}`, change)).body;
  expect(changed).toMatchObject({ total_removed: 1, total_added: 0, error_count: 1 });
  await first.close();
  const again = caller(await start({}, { dataDir }));
  expect((await again("GET", `${list}/members/${hash("ann@example.com")}`)).body).toMatchObject({ tags: [] });
  expect((await again("GET", `${list}/segments`)).body.segments).toHaveLength(1);
});
