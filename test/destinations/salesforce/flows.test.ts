import { afterEach, describe, expect, test } from "vitest";
import type { Op } from "../../../src/core/change.ts";
import { AuthFailed, QuotaExhausted, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import type { AccountCtx } from "../../../src/destinations/connector.ts";
import type { SalesforceAccount } from "../../../src/destinations/salesforce/account.ts";
import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { idOf } from "./changes.ts";
import { type Answer, type Asked, type ScriptedPlatform, scriptedPlatform } from "./scripted-platform.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

interface Row0 {
  readonly key: string;
  readonly match: Row;
  readonly fields: Row;
  readonly op: Op;
}
const row = (n: number, op: Op = "add", fields: Row = { LastName: `L${n}` }): Row0 => ({
  key: `k${n}`,
  match: { No__c: `C${n}` },
  fields: op === "remove" ? {} : fields,
  op,
});

async function against(
  answer: (asked: Asked, platform: { url: string }) => Answer,
  options: Row = {},
  mode: Mode = "upsert",
) {
  const at = { url: "" };
  const platform: ScriptedPlatform = await scriptedPlatform((asked) => {
    if (asked.path === "/services/oauth2/token")
      return { json: { access_token: "token-of-the-session", instance_url: at.url } };
    return answer(asked, at);
  });
  at.url = platform.url;
  const driver = createDriver({
    connector: salesforce,
    account: { base_url: platform.url, client_id: "id-of-the-app", client_secret: "secret-of-the-app" },
    target: "record",
    options: { object: "Contact", ...options },
    mode,
    clock: testClock(),
    secrets: ["secret-of-the-app"],
    timeoutMs: 5_000,
  });
  open.push(driver, platform);
  const calls = () => platform.asked.filter((asked) => asked.path !== "/services/oauth2/token");
  return { driver, calls };
}

const api = "/services/data/v62.0";
const soqlReply = (records: readonly Row[]) => ({ json: { totalSize: records.length, done: true, records } });

describe("collections", () => {
  test("keeps each result with its record, and the ids that Salesforce gives", async () => {
    const { driver } = await against(() => ({
      json: [
        { id: idOf(1), success: true, errors: [], created: true },
        { success: false, errors: [{ statusCode: "REQUIRED_FIELD_MISSING", message: "m", fields: ["LastName"] }] },
        { success: false, errors: [{ statusCode: "UNABLE_TO_LOCK_ROW", message: "m", fields: [] }] },
      ],
    }));
    expect(await driver.deliver([row(1), row(2), row(3)])).toEqual([
      { status: "delivered", externalId: idOf(1) },
      { status: "rejected", code: "REQUIRED_FIELD_MISSING", message: "a required field has no value: LastName" },
      { status: "retry", code: "UNABLE_TO_LOCK_ROW", message: "somebody else holds the record" },
    ]);
  });

  test("gives retry to every row when a result is missing", async () => {
    const { driver } = await against(() => ({ json: [{ id: idOf(1), success: true, errors: [] }] }));
    const fates = await driver.deliver([row(1), row(2)]);
    expect(fates.map((fate) => fate.status)).toEqual(["retry", "retry"]);
  });

  test("gives unknown where a second attempt would make a second record", async () => {
    const { driver } = await against(() => ({ json: [] }), {}, "insert");
    const pair = { key: "k", match: { A__c: "a", B__c: "b" }, fields: { LastName: "L" }, op: "add" as const };
    expect((await driver.deliver([pair]))[0]).toMatchObject({ status: "unknown" });
  });

  test("looks Ids up to update, without creating, and refuses what is there twice", async () => {
    const { driver, calls } = await against(
      (asked) => {
        if (asked.path === `${api}/query`)
          return soqlReply([
            { Id: idOf(1), No__c: "c1" },
            { Id: idOf(3), No__c: "C3" },
            { Id: idOf(4), No__c: "C3" },
          ]);
        return { json: [{ id: idOf(1), success: true, errors: [] }] };
      },
      {},
      "update",
    );
    const fates = await driver.deliver([row(1), row(2), row(3)]);
    expect(fates).toMatchObject([
      { status: "delivered", externalId: idOf(1) },
      { status: "rejected", code: "NOT_FOUND" },
      { status: "rejected", code: "DUPLICATE_EXTERNAL_ID" },
    ]);
    expect(calls()[0]?.query.get("q")).toBe("SELECT Id,No__c FROM Contact WHERE No__c IN ('C1','C2','C3')");
    expect(JSON.parse(calls()[1]?.body ?? "")).toEqual({
      allOrNone: false,
      records: [{ attributes: { type: "Contact" }, id: idOf(1), LastName: "L1" }],
    });
  });

  test("asks nothing about records whose Id an earlier delivery returned", async () => {
    const { driver, calls } = await against(
      (asked) => {
        if (asked.method === "DELETE") return { json: [{ id: idOf(1), success: true, errors: [] }] };
        return { json: [{ id: idOf(1), success: true, errors: [], created: true }] };
      },
      {},
      "mirror",
    );
    await driver.deliver([row(1)]);
    const fates = await driver.deliver([row(1, "remove")]);
    expect(fates).toEqual([{ status: "delivered" }]);
    expect(calls().map((call) => call.method)).toEqual(["PATCH", "DELETE"]);
    expect(calls()[1]?.query.get("ids")).toBe(idOf(1));
  });

  test("reads every page of a long answer", async () => {
    const { driver, calls } = await against(
      (asked) => {
        if (asked.path === `${api}/query`)
          return {
            json: { done: false, records: [{ Id: idOf(1), No__c: "C1" }], nextRecordsUrl: `${api}/query/01g-2000` },
          };
        if (asked.path === `${api}/query/01g-2000`) return soqlReply([{ Id: idOf(2), No__c: "C2" }]);
        return {
          json: [
            { id: idOf(1), success: true, errors: [] },
            { id: idOf(2), success: true, errors: [] },
          ],
        };
      },
      {},
      "remove",
    );
    expect(await driver.deliver([row(1, "remove"), row(2, "remove")])).toEqual([
      { status: "delivered" },
      { status: "delivered" },
    ]);
    expect(calls()).toHaveLength(3);
  });

  test("leaves out a field that is not empty there", async () => {
    const { driver, calls } = await against((asked) =>
      asked.path === `${api}/query`
        ? soqlReply([
            { Id: idOf(1), No__c: "C1", LeadSource: "Web" },
            { Id: idOf(2), No__c: "C2", LeadSource: null },
          ])
        : { json: [idOf(1), idOf(2), idOf(3)].map((id) => ({ id, success: true, errors: [] })) },
    );
    const fields = { LastName: "L", LeadSource: "Shop" };
    await driver.deliver([row(1, "add", fields), row(2, "add", fields), row(3, "add", fields)], {
      onlyIfEmpty: ["LeadSource"],
    });
    const records = (JSON.parse(calls()[1]?.body ?? "") as { records: Row[] }).records;
    expect(records.map((record) => record.LeadSource)).toEqual([undefined, "Shop", "Shop"]);
  });

  test("does not touch the reserve of the daily allowance", async () => {
    const { driver, calls } = await against(() => ({
      headers: { "Sforce-Limit-Info": "api-usage=13500/15000" },
      json: [{ id: idOf(1), success: true, errors: [] }],
    }));
    await driver.deliver([row(1)]);
    await expect(driver.deliver([row(2)])).rejects.toThrow(QuotaExhausted);
    expect(calls()).toHaveLength(1);
  });
});

const failedFile = `"sf__Id","sf__Error","No__c","LastName"
"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","C2",""
"","UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--","C3","L3"
`;

describe("bulk jobs", () => {
  const bulk = { bulk: "always" };
  const job = (state: string, more: Row = {}) => ({ json: { id: "750x", state, ...more } });

  function server(
    states: readonly Row[],
    files: Readonly<Record<string, string>>,
    onUpload: () => Answer = () => ({ status: 201 }),
  ) {
    let polls = 0;
    return (asked: Asked): Answer => {
      if (asked.method === "POST") return job("Open");
      if (asked.method === "PUT") return onUpload();
      if (asked.method === "PATCH") return job((JSON.parse(asked.body) as { state: string }).state);
      if (asked.path === `${api}/jobs/ingest/750x`) {
        const state = states[Math.min(polls, states.length - 1)] ?? {};
        polls += 1;
        return { json: { id: "750x", ...state } };
      }
      return { text: files[asked.path.split("/").at(-1) ?? ""] ?? "", headers: { "content-type": "text/csv" } };
    };
  }

  test("match results, which come in any order, by the external id", async () => {
    const done = { state: "JobComplete", numberRecordsProcessed: 3, numberRecordsFailed: 2 };
    const { driver, calls } = await against(
      server([{ state: "InProgress" }, done], {
        successfulResults: `"sf__Id","sf__Created","No__c","LastName"\n"${idOf(1)}","true","C1","L1"\n`,
        failedResults: failedFile,
      }),
      bulk,
    );
    expect(await driver.deliver([row(1), row(2), row(3)])).toEqual([
      { status: "delivered", externalId: idOf(1) },
      { status: "rejected", code: "REQUIRED_FIELD_MISSING", message: "a required field has no value: LastName" },
      { status: "retry", code: "UNABLE_TO_LOCK_ROW", message: "somebody else holds the record" },
    ]);
    const [create, upload, complete] = calls();
    expect(JSON.parse(create?.body ?? "")).toEqual({
      object: "Contact",
      operation: "upsert",
      externalIdFieldName: "No__c",
      contentType: "CSV",
      lineEnding: "LF",
    });
    expect(upload?.headers["content-type"]).toContain("text/csv");
    expect(upload?.body).toBe("No__c,LastName\nC1,L1\nC2,L2\nC3,L3\n");
    expect(JSON.parse(complete?.body ?? "")).toEqual({ state: "UploadComplete" });
  });

  test("that failed keep what they did; unprocessed rows are tried again", async () => {
    const { driver } = await against(
      server(
        [
          {
            state: "Failed",
            numberRecordsProcessed: 1,
            numberRecordsFailed: 0,
            errorMessage: "InternalServerError : x",
          },
        ],
        {
          successfulResults: `"sf__Id","sf__Created","No__c"\n"${idOf(1)}","false","C1"\n`,
          unprocessedrecords: "No__c,LastName\nC2,L2\n",
        },
      ),
      bulk,
    );
    expect(await driver.deliver([row(1), row(2), row(3)])).toMatchObject([
      { status: "delivered", externalId: idOf(1) },
      { status: "retry", code: "UNPROCESSED" },
      { status: "retry", code: "RESULT_MISSING" },
    ]);
  });

  test("that Salesforce cannot read are the mapping's fault, not a row's", async () => {
    const message = "InvalidBatch : Field name not found : Tier__c";
    const { driver } = await against(server([{ state: "Failed", errorMessage: message }], {}), bulk);
    await expect(driver.deliver([row(1)])).rejects.toThrow(TargetInvalid);
  });

  test("created and not started before a crash are aborted and made again, recorded each time", async () => {
    let broken = true;
    const done = { state: "JobComplete", numberRecordsProcessed: 1, numberRecordsFailed: 0 };
    const { driver, calls } = await against(
      server([{ state: "Open" }, done], { successfulResults: `sf__Id,sf__Created,No__c\n${idOf(1)},true,C1\n` }, () => {
        const status = broken ? 500 : 201;
        broken = false;
        return { status };
      }),
      bulk,
    );
    const run = driver.plan([row(1)]);
    await expect(driver.send(run)).rejects.toThrow();
    expect(run.checkpoints).toMatchObject([{ id: "750x", phase: "created" }]);
    expect(await driver.send(run)).toEqual([{ status: "delivered", externalId: idOf(1) }]);
    expect(calls().map((call) => call.method)).toEqual([
      "POST",
      "PUT",
      "GET",
      "PATCH",
      "POST",
      "PUT",
      "PATCH",
      "GET",
      "GET",
    ]);
    expect(JSON.parse(calls()[3]?.body ?? "")).toEqual({ state: "Aborted" });
  });

  test("that nobody knows any more leave their rows open", async () => {
    const { driver } = await against((asked) => {
      if (asked.method === "GET") return { status: 404, json: [{ errorCode: "NOT_FOUND", message: "m" }] };
      return asked.method === "PUT" ? { status: 201 } : job("Open");
    }, bulk);
    expect(await driver.deliver([row(1)])).toMatchObject([{ status: "retry", code: "RESULT_MISSING" }]);
  });

  test("carry the Ids that were looked up, and the rows that were settled before", async () => {
    const done = { state: "JobComplete", numberRecordsProcessed: 1, numberRecordsFailed: 0 };
    const answers = server([done], {
      successfulResults: `sf__Id,sf__Created,Id,LastName\n${idOf(1)},false,${idOf(1)},L1\n`,
    });
    const { driver, calls } = await against(
      (asked) => (asked.path === `${api}/query` ? soqlReply([{ Id: idOf(1), No__c: "C1" }]) : answers(asked)),
      bulk,
      "update",
    );
    expect(await driver.deliver([row(1), row(2)])).toMatchObject([
      { status: "delivered", externalId: idOf(1) },
      { status: "rejected", code: "NOT_FOUND" },
    ]);
    expect(calls().find((call) => call.method === "PUT")?.body).toBe(`Id,LastName\n${idOf(1)},L1\n`);
  });

  test("refuse a value that would mean «make it empty»", async () => {
    const { driver, calls } = await against(() => job("Open"), bulk);
    expect(await driver.deliver([row(1, "add", { LastName: "#N/A" })])).toMatchObject([
      { status: "rejected", code: "RESERVED_VALUE" },
    ]);
    expect(calls()).toHaveLength(0);
  });
});

describe("signing in", () => {
  test("uses the refresh token where there is one, and tells neither it nor the secret when refused", async () => {
    const platform = await scriptedPlatform(() => ({
      status: 400,
      json: { error: "invalid_grant", error_description: "expired refresh-of-the-app" },
    }));
    const account = {
      base_url: platform.url,
      client_id: "i",
      client_secret: "secret-of-the-app",
      refresh_token: "refresh-of-the-app",
    };
    const driver = createDriver({
      connector: salesforce,
      account,
      target: "record",
      options: { object: "Contact" },
      mode: "upsert",
      clock: testClock(),
      secrets: ["secret-of-the-app", "refresh-of-the-app"],
      timeoutMs: 5_000,
    });
    open.push(driver, platform);
    const error = await salesforce
      .check(driver.ctx as AccountCtx<SalesforceAccount>)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthFailed);
    expect((error as AuthFailed).message).toContain("invalid_grant");
    expect(JSON.stringify(error)).not.toContain("refresh-of-the-app");
    expect(new URLSearchParams(platform.asked[0]?.body).get("grant_type")).toBe("refresh_token");
  });

  test("names the scope that is missing", async () => {
    const { driver } = await against(() => ({
      status: 403,
      json: [{ errorCode: "API_DISABLED_FOR_ORG", message: "m" }],
    }));
    await expect(salesforce.check(driver.ctx as AccountCtx<SalesforceAccount>)).rejects.toMatchObject({
      context: { scope: "api" },
    });
  });
});
