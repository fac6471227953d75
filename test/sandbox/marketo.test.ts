import { expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

async function caller(sandbox: Awaited<ReturnType<typeof start>>) {
  const query = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret";
  const { access_token: token } = (await sandbox.call("GET", `/marketo/identity/oauth/token?${query}`)).body;
  return (method: string, path: string, body?: unknown, headers = {}) =>
    sandbox.call(method, `/marketo${path}`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
}

it("refuses with status 200, and keeps leads over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const stranger = await first.call("GET", "/marketo/rest/v1/leads/describe2.json", {
    headers: { authorization: "Bearer x" },
  });
  expect([stranger.status, stranger.body.errors[0].code]).toEqual([200, "602"]);
  const call = await caller(first);
  const input = [{ email: "ann@example.com" }, { email: "bob@example.com", daysSilent: "long" }, { email: "" }];
  const { result } = (await call("POST", "/rest/v1/leads.json", { input })).body;
  expect(result).toMatchObject([
    { status: "created" },
    { status: "skipped", reasons: [{ code: "1001" }] },
    { status: "skipped", reasons: [{ code: "1002" }] },
  ]);
  await first.close();
  const again = await caller(await start({}, { dataDir }));
  const found = (await again("GET", "/rest/v1/leads.json?filterType=email&filterValues=ANN@example.com")).body.result;
  expect(found).toMatchObject([{ id: result[0].id }]);
});

it("knows who is in a list, and who is nobody", async () => {
  const call = await caller(await start());
  const created = await call("POST", "/rest/v1/leads.json", { input: [{ email: "a@b.co" }] });
  const { id } = created.body.result[0];
  const statuses = async (method: string) =>
    (await call(method, `/rest/v1/lists/1021/leads.json?id=${id},999`)).body.result.map(
      (one: { status: string; reasons?: { code: string }[] }) => one.reasons?.[0]?.code ?? one.status,
    );
  expect(await statuses("POST")).toEqual(["added", "1004"]);
  expect(await statuses("DELETE")).toEqual(["removed", "1004"]);
  expect(await statuses("DELETE")).toEqual(["1015", "1004"]);
  expect((await call("POST", "/rest/v1/lists/1/leads.json?id=1")).body.errors[0].code).toBe("1013");
});

it("holds no more than ten imports in its queue", async () => {
  const call = await caller(await start({ marketo: { import_polls: 5 } }));
  const body =
    '--b\r\ncontent-disposition: form-data; name="file"; filename="l.csv"\r\n\r\nemail\na@b.co\n\r\n--b--\r\n';
  const send = () =>
    call("POST", "/bulk/v1/leads.json?format=csv", body, { "content-type": "multipart/form-data; boundary=b" });
  for (let n = 0; n < 10; n++) expect((await send()).body.result[0].status).toBe("Queued");
  expect((await send()).body.errors[0].code).toBe("1016");
});
