import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { outgoing } from "../../../src/deliver/http-request.ts";
import { assign } from "../../../src/destinations/dataverse/batch.ts";
import { readError, refusal, requestError, saysGone } from "../../../src/destinations/dataverse/errors.ts";
import { dataverse } from "../../../src/destinations/dataverse/index.ts";
import { decodeBatch, encodeBatch, type PartRequest } from "../../../src/destinations/dataverse/multipart.ts";
import { identityOf } from "../../../src/destinations/dataverse/options.ts";
import { keyOf, toColumns } from "../../../src/destinations/dataverse/rows.ts";
import { assertTarget, idOf } from "../../../src/destinations/dataverse/write.ts";
import { change, sync } from "../salesforce/changes.ts";

const requests: readonly PartRequest[] = [11, 12, 13].map((id) => ({ id, method: "PATCH", path: `/contacts(${id})` }));
const type = "multipart/mixed; boundary=batchresponse_1";
const part = (status: number, more: { id?: number; body?: string; headers?: string[] } = {}) =>
  [
    "--batchresponse_1",
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    ...(more.id === undefined ? [] : [`Content-ID: ${more.id}`]),
    "",
    `HTTP/1.1 ${status} Said`,
    "OData-Version: 4.0",
    ...(more.headers ?? []),
    "",
    more.body ?? "",
    "",
  ].join("\r\n");
const answer = (...parts: string[]) => `${parts.join("")}--batchresponse_1--\r\n`;
const statuses = (text: string, contentType = type) => {
  const replies = assign(requests, decodeBatch(text, contentType));
  return requests.map(({ id }) => replies.get(id)?.status ?? null);
};

describe("the answer to a batch", () => {
  const changeSet = answer(
    [
      "--batchresponse_1",
      "Content-Type: multipart/mixed; boundary=changesetresponse_2",
      "",
      "--changesetresponse_2",
      "Content-Type: application/http",
      "Content-ID: 12",
      "",
      "HTTP/1.1 204 No Content",
      "",
      "",
      "--changesetresponse_2--",
      "",
    ].join("\r\n"),
  );
  test.each<[string, string, (number | null)[]]>([
    ["in the order of the requests", answer(part(204), part(400), part(204)), [204, 400, 204]],
    ["by Content-ID, in whatever order", answer(part(404, { id: 13 }), part(204, { id: 11 })), [204, null, 404]],
    ["a reply too few says nothing about whose they are", answer(part(204), part(204)), [null, null, null]],
    ["a reply too many likewise", answer(part(204), part(204), part(204), part(204)), [null, null, null]],
    ["replies within a change set", changeSet, [null, 204, null]],
    ["an id that nobody sent", answer(part(204, { id: 99 })), [null, null, null]],
    ["no batch at all", "<html>", [null, null, null]],
  ])("%s", (_name, text, want) => {
    expect(statuses(text)).toEqual(want);
  });

  test("with line feeds alone, or another kind of content, is read as far as it goes", () => {
    expect(statuses(answer(part(204), part(204), part(204)).replaceAll("\r\n", "\n"))).toEqual([204, 204, 204]);
    expect(statuses(answer(part(204)), "text/plain")).toEqual([null, null, null]);
  });

  test("never crashes", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (text, contentType) => void statuses(text, contentType)));
  });

  test("tells a row's id from the row, else from an address that holds one", () => {
    const guid = "00000000-0000-4000-8000-000000000001";
    const reply = { contentId: 1, status: 200, headers: {}, body: { contactid: guid } };
    expect(idOf(reply, "contactid")).toBe(guid);
    expect(
      idOf({ ...reply, body: null, headers: { "odata-entityid": `https://x/contacts(${guid})` } }, undefined),
    ).toBe(guid);
    expect(
      idOf({ ...reply, body: null, headers: { "odata-entityid": "https://x/contacts(no='1')" } }, undefined),
    ).toBeNull();
  });
});

describe("refusals", () => {
  const body = (code: string, message = "Ann@example.com said no") => ({ error: { code, message } });
  test.each([
    [400, "0x80048d19", "rejected", "INVALID_PAYLOAD"],
    [400, "0x80044331", "rejected", "TEXT_TOO_LONG"],
    [412, "0x80040237", "rejected", "DUPLICATE_RECORD"],
    [400, "0x80041234", "rejected", "DATAVERSE_80041234"],
    [400, "gibberish", "rejected", "HTTP_400"],
    [403, "0x80040220", "rejected", "PRIVILEGE_DENIED"],
    [404, "0x80060888", "retry", "DATAVERSE_80060888"],
    [429, "0x80072322", "retry", "TOO_MANY_REQUESTS"],
    [500, "0x80040216", "retry", "DATAVERSE_80040216"],
    [302, "", "retry", "HTTP_302"],
  ])("%i %s is %s", (status, code, fate, want) => {
    const result = refusal(status, readError(body(code)));
    expect(result).toMatchObject({ status: fate, code: want });
    expect(JSON.stringify(result)).not.toContain("Ann@");
  });

  test("a row that is gone is told from a table that never was", () => {
    expect(saysGone(404, readError(body("0x80060891")))).toBe(true);
    expect(saysGone(404, readError(body("0x80060888")))).toBe(false);
    expect(saysGone(400, readError(body("0x80060891")))).toBe(false);
  });

  test("what every row is refused for stops the run", () => {
    const reply = (status: number, error: unknown) => ({ contentId: null, status, headers: {}, body: error });
    const noColumn = body(
      "0x80048d19",
      "The property 'cr1_teir' does not exist on type 'Microsoft.Dynamics.CRM.contact'.",
    );
    expect(() => assertTarget("contacts", [reply(400, noColumn), reply(400, noColumn)])).toThrow(/cr1_teir/);
    expect(() => assertTarget("contactz", [reply(404, body("0x80060888"))])).toThrow(TargetInvalid);
    expect(() => assertTarget("contacts", [reply(403, body("0x80040220"))])).toThrow(AuthFailed);
    expect(() => assertTarget("contacts", [reply(403, body("0x80040220")), reply(204, null)])).not.toThrow();
  });

  test.each([
    [403, AuthFailed],
    [404, TargetInvalid],
    [400, BatchRefused],
    [413, BatchRefused],
  ])("of a whole request: %i", (status, kind) => {
    expect(requestError(status, body("0x80040216"))).toBeInstanceOf(kind);
  });
  test.each([401, 429, 500, 503])("%i is the client's", (status) => {
    expect(requestError(status, null)).toBeUndefined();
  });
});

describe("requests", () => {
  test("stand in a batch as Microsoft's page has them", () => {
    const json = { firstname: "Ann" };
    const headers = { "If-Match": "*" };
    const text = encodeBatch("batch_1", [
      { id: 7, method: "PATCH", path: "/api/data/v9.2/contacts(no='1')", headers, json },
    ]);
    expect(text.split("\r\n")).toEqual([
      "--batch_1",
      "Content-Type: application/http",
      "Content-Transfer-Encoding: binary",
      "Content-ID: 7",
      "",
      "PATCH /api/data/v9.2/contacts(no='1') HTTP/1.1",
      "Content-Type: application/json",
      "If-Match: *",
      "",
      '{"firstname":"Ann"}',
      "--batch_1--",
      "",
    ]);
  });

  const guid = "00000000-0000-4000-8000-000000000001";
  test.each<[string, Parameters<typeof keyOf>, string]>([
    ["text", [{ no: "a b" }, { columns: ["no"], byId: false }], "no='a%20b'"],
    ["an apostrophe", [{ no: "O'Brien" }, { columns: ["no"], byId: false }], "no='O''Brien'"],
    [
      "two columns",
      [
        { a: "x", b: 5 },
        { columns: ["a", "b"], byId: false },
      ],
      "a='x',b=5",
    ],
    ["a lookup", [{ _parent_value: guid }, { columns: ["_parent_value"], byId: false }], `_parent_value=${guid}`],
    ["the id", [{ contactid: guid }, { columns: ["contactid"], byId: true }], guid],
    ["no value", [{ no: null }, { columns: ["no"], byId: false }], "MATCH_MISSING"],
    ["an id that is none", [{ contactid: "1" }, { columns: ["contactid"], byId: true }], "MATCH_MISSING"],
    ["a plus", [{ no: "ann+shop@example.com" }, { columns: ["no"], byId: false }], "KEY_CHARACTER"],
    ["a line break", [{ no: "a\r\nDELETE" }, { columns: ["no"], byId: false }], "KEY_CHARACTER"],
  ])("address a row by %s", (_name, [match, identity], want) => {
    const found = keyOf(match, identity);
    expect("key" in found ? found.key : "code" in found ? found.code : "").toBe(want);
  });

  test("write columns and links, and clear a link by its bare name", () => {
    const row = change(1, { no: "1", other: "2" }, { "parent@odata.bind": null, tags: ["1", "3"], at: null });
    const identity = { columns: ["no"], byId: false };
    expect(toColumns(row, identity, false)).toEqual({ other: "2", parent: null, tags: "1,3", at: null });
    expect(toColumns(row, identity, true)).toHaveProperty("no", "1");
  });

  test("need a key that match holds", () => {
    const named = (more: Parameters<typeof sync>[0]) => sync({ match: ["no"], ...more });
    expect(identityOf({ by_id: false }, named({}))).toEqual({ columns: ["no"], byId: false });
    expect(() => identityOf({ key: ["other"], by_id: false }, named({}))).toThrow(ConfigError);
    expect(() => identityOf({ by_id: true }, named({ mode: "insert" }))).toThrow(ConfigError);
    expect(() => identityOf({ by_id: false }, named({ fields: ["no such"] }))).toThrow(ConfigError);
  });
});

test("only signing in may go to the sign-in host, and rows only to the environment", () => {
  const account = dataverse.account.parse({
    base_url: "https://contoso.crm4.dynamics.com",
    tenant_id: "t",
    client_id: "c",
    client_secret: "s",
  });
  const post = { method: "POST", expect: "none" } as const;
  const token = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
  expect(outgoing(dataverse, account, { ...post, path: token, anonymous: true }, null).url.href).toBe(token);
  expect(() => outgoing(dataverse, account, { ...post, path: token }, { headers: {} })).toThrow(
    /login\.microsoftonline/,
  );
  const batch = outgoing(dataverse, account, { ...post, path: "/api/data/v9.2/$batch" }, { headers: {} });
  expect(batch.url.host).toBe("contoso.crm4.dynamics.com");
});
