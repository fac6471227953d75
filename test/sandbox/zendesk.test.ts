import { expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  return (method: string, path: string, body?: unknown) =>
    sandbox.call(method, `/zendesk/api/v2${path}`, {
      headers: { authorization: "Bearer sandbox-oauth" },
      ...(body === undefined ? {} : { body }),
    });
}

it("does its work in jobs that are polled, and keeps it over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const call = caller(first);
  const users = [
    { name: "Ann", external_id: "X-1" },
    { name: "", external_id: "X-2" },
  ];
  const { job_status: job } = (await call("POST", "/users/create_or_update_many", { users })).body;
  expect((await call("GET", `/job_statuses/${job.id}`)).body.job_status.status).toBe("working");
  const { results } = (await call("GET", `/job_statuses/${job.id}`)).body.job_status;
  expect(results).toMatchObject([
    { index: 0, status: "Created" },
    { index: 1, error: "UserUpdateError" },
  ]);
  await first.close();
  const again = caller(await start({}, { dataDir }));
  expect((await again("GET", "/users/show_many?external_ids=x-1")).body.count).toBe(1);
});

it("erases only who was deleted first", async () => {
  const call = caller(await start());
  await call("POST", "/users/create_or_update_many", { users: [{ name: "Ann", external_id: "X-1" }] });
  const { id } = (await call("GET", "/users/show_many?external_ids=X-1")).body.users[0];
  expect((await call("DELETE", `/deleted_users/${id}`)).status).toBe(404);
  expect((await call("DELETE", `/users/${id}`)).status).toBe(200);
  expect((await call("GET", `/users/show_many?ids=${id}`)).body.users[0].active).toBe(false);
  expect((await call("DELETE", `/deleted_users/${id}`)).status).toBe(200);
});

it("refuses more than a hundred records, and fields that nobody knows; limits a minute", async () => {
  const sandbox = await start({ zendesk: { requests_per_minute: 3 } });
  const call = caller(sandbox);
  const many = Array.from({ length: 101 }, (_, n) => ({ name: "N", external_id: `X-${n}` }));
  expect((await call("POST", "/users/create_or_update_many", { users: many })).status).toBe(400);
  expect((await call("POST", "/users/create_or_update_many", { users: [{ nick: "A" }] })).status).toBe(400);
  expect((await sandbox.call("GET", "/_sandbox/violations")).body).toHaveLength(2);
  await call("GET", "/user_fields");
  const refused = await call("GET", "/user_fields");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
});
