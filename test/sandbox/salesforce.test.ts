import { describe, expect, it } from "vitest";
import { type Loose, salesforceCaller, start } from "./support.ts";

const contact = (no: string, more: object = {}) => ({
  attributes: { type: "Contact" },
  Customer_No__c: no,
  LastName: `N${no}`,
  ...more,
});
const UPSERT = "/composite/sobjects/Contact/Customer_No__c";
const form = { "content-type": "application/x-www-form-urlencoded" };

describe("sign-in", () => {
  it("hands out a session for the right client and names what is wrong with another", async () => {
    const sandbox = await start();
    const token = async (body: string, headers: Record<string, string> = {}) =>
      (await sandbox.call("POST", "/salesforce/services/oauth2/token", { headers: { ...form, ...headers }, body }))
        .body;
    const good = "grant_type=client_credentials&client_id=sandbox-id&client_secret=sandbox-secret";
    expect(await token(good)).toMatchObject({ instance_url: `${sandbox.url}/salesforce`, token_type: "Bearer" });
    expect(await token(good.replace("sandbox-secret", "no"))).toMatchObject({ error: "invalid_client" });
    expect(await token(good.replace("sandbox-id", "no"))).toMatchObject({ error: "invalid_client_id" });
    expect(await token("grant_type=password")).toMatchObject({ error: "unsupported_grant_type" });
    const basic = Buffer.from("sandbox-id:sandbox-secret").toString("base64");
    expect(await token("grant_type=client_credentials", { authorization: `Basic ${basic}` })).toHaveProperty(
      "access_token",
    );
    expect(
      await token(good.replace("client_credentials", "refresh_token&refresh_token=sandbox-refresh")),
    ).toHaveProperty("access_token");
    expect(await token(good.replace("client_credentials", "refresh_token&refresh_token=old"))).toMatchObject({
      error: "invalid_grant",
    });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwt = (claims: object, alg = "RS256") => `${part({ alg })}.${part(claims)}.y`;
    const claims = {
      iss: "sandbox-id",
      sub: "me@example.com",
      aud: "https://login.salesforce.com",
      exp: 1_785_542_500,
    };
    const bearer = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    expect(await token(bearer + jwt(claims))).toHaveProperty("access_token");
    expect(await token(bearer + jwt({ ...claims, exp: 1 }))).toMatchObject({ error: "invalid_grant" });
    expect(await token(bearer + jwt({ ...claims, exp: 2e9 }))).toMatchObject({ error: "invalid_grant" });
    expect(await token(bearer + jwt({ ...claims, aud: "https://example.com" }))).toMatchObject({
      error: "invalid_grant",
    });
    expect(await token(bearer + jwt(claims, "none"))).toMatchObject({ error: "invalid_grant" });
  });

  it("ends a session in time, or when told", async () => {
    const sandbox = await start({ salesforce: { token_seconds: 60 } });
    const sf = await salesforceCaller(sandbox);
    expect((await sf("GET", "/limits")).status).toBe(200);
    sandbox.clock.advance(60_000);
    const ended = await sf("GET", "/limits");
    expect([ended.status, ended.body]).toEqual([
      401,
      [{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }],
    ]);
    const again = await salesforceCaller(sandbox);
    await sandbox.misbehave({ kind: "expire_token" });
    expect((await again("GET", "/limits")).status).toBe(401);
    expect(await sandbox.violations()).toEqual([]);
  });
});

describe("collections", () => {
  it("create, then update by external id, with a result for each record in order", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const first = await sf("PATCH", UPSERT, {
      allOrNone: false,
      records: [contact("1"), contact("2", { Email: "nonsense" })],
    });
    expect(first.status).toBe(200);
    expect(first.body).toEqual([
      { id: expect.stringMatching(/^003\w{15}$/), success: true, errors: [], created: true },
      {
        success: false,
        errors: [
          { statusCode: "INVALID_EMAIL_ADDRESS", message: "Email: invalid email address: nonsense", fields: ["Email"] },
        ],
      },
    ]);
    const second = await sf("PATCH", UPSERT, { records: [contact("1", { Tier__c: "VIP" })] });
    expect(second.body).toEqual([{ ...first.body[0], created: false }]);
    expect(Object.values((await sandbox.state()).salesforce.objects.Contact)).toMatchObject([
      { Customer_No__c: "1", Tier__c: "VIP", Name: "N1" },
    ]);
    expect((await sandbox.log()).slice(1).map((entry) => entry.rows)).toEqual([
      { created: ["1"], rejected: ["2"] },
      { updated: ["1"] },
    ]);
    expect(second.headers.get("sforce-limit-info")).toBe("api-usage=2/100000");
  });

  it("refuse rows for what Salesforce refuses", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    await sandbox.misbehave({ kind: "reject_rows", field: "FirstName", values: ["locked"], times: 1 });
    const codes = async (...records: object[]) =>
      (await sf("PATCH", UPSERT, { records })).body.map((result: Loose) => result.errors[0]?.statusCode ?? "ok");
    expect(await codes({ attributes: { type: "Contact" }, Customer_No__c: "1" })).toEqual(["REQUIRED_FIELD_MISSING"]);
    expect(await codes(contact("1", { FirstName: "x".repeat(41) }))).toEqual(["STRING_TOO_LONG"]);
    expect(await codes(contact("1"), contact("1"))).toEqual(["DUPLICATE_VALUE", "DUPLICATE_VALUE"]);
    expect(await codes({ attributes: { type: "Contact" }, LastName: "x" })).toEqual(["MISSING_ARGUMENT"]);
    expect(await codes(contact("1", { Name: "read only" }))).toEqual(["INVALID_FIELD_FOR_INSERT_UPDATE"]);
    expect(await codes(contact("1", { AccountId: "001000000000001AAA" }))).toEqual(["INVALID_CROSS_REFERENCE_KEY"]);
    expect(await codes(contact("1", { FirstName: "locked" }))).toEqual(["UNABLE_TO_LOCK_ROW"]);
    expect(await codes(contact("1", { FirstName: "locked" }))).toEqual(["ok"]);
    expect(await codes(contact("1", { LastName: null }))).toEqual(["REQUIRED_FIELD_MISSING"]);
    expect(await sandbox.violations()).toEqual([]);
  });

  it("refuse the whole request for an unknown field or a value of the wrong type, which is no breach of the API", async () => {
    const sandbox = await start({
      salesforce: {
        objects: {
          Contact: {
            only_listed: true,
            fields: { Customer_No__c: { external_id: true }, Score__c: { type: "double" } },
          },
        },
      },
    });
    const sf = await salesforceCaller(sandbox);
    const refusal = async (more: object) => {
      const reply = await sf("PATCH", UPSERT, { records: [contact("1"), contact("2", more)] });
      return [reply.status, reply.body[0].errorCode, reply.body[0].message];
    };
    expect(await refusal({ Nope__c: 1 })).toEqual([
      400,
      "INVALID_FIELD",
      "No such column 'Nope__c' on sobject of type Contact",
    ]);
    expect((await refusal({ Score__c: "much" })).slice(0, 2)).toEqual([400, "JSON_PARSER_ERROR"]);
    expect((await refusal({ Birthdate: "1.2.1990" })).slice(0, 2)).toEqual([400, "JSON_PARSER_ERROR"]);
    expect((await sandbox.state()).salesforce.objects).toEqual({});
    expect(await sandbox.violations()).toEqual([]);
  });

  it("keep nothing of an all-or-none request with a bad record", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    await sf("PATCH", UPSERT, { records: [contact("1", { FirstName: "before" })] });
    const records = [contact("1", { FirstName: "after" }), contact("2"), contact("3", { Email: "nonsense" })];
    const { body } = await sf("PATCH", UPSERT, { allOrNone: true, records });
    expect(body.map((result: Loose) => result.errors[0].statusCode)).toEqual([
      "ALL_OR_NONE_OPERATION_ROLLED_BACK",
      "ALL_OR_NONE_OPERATION_ROLLED_BACK",
      "INVALID_EMAIL_ADDRESS",
    ]);
    const rows: Loose[] = Object.values((await sandbox.state()).salesforce.objects.Contact);
    expect(rows.map((row) => row.FirstName)).toEqual(["before"]);
    expect((await sf("PATCH", UPSERT, { records: [contact("2")] })).body).toMatchObject([{ created: true }]);
  });

  it("record every breach of the API's own rules", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const many = Array.from({ length: 201 }, (_, at) => contact(String(at)));
    const chunks = Array.from({ length: 11 }, (_, at) => ({
      attributes: { type: at % 2 === 0 ? "Contact" : "Account" },
      LastName: "x",
      Name: "x",
    }));
    const replies = [
      await sf("PATCH", UPSERT, { records: many }),
      await sf("PATCH", UPSERT, { records: [{ LastName: "no attributes" }] }),
      await sf("PATCH", UPSERT, { records: [contact("1")], surplus: true }),
      await sf("PATCH", UPSERT, { records: [contact("1", { Id: "003SB0000000001AAA" })] }),
      await sf("PATCH", "/composite/sobjects/Contact/Id", { records: [contact("1")] }),
      await sf("POST", "/composite/sobjects", {
        records: chunks.map(({ attributes, ...row }) => ({
          attributes,
          ...(attributes.type === "Contact" ? { LastName: row.LastName } : { Name: row.Name }),
        })),
      }),
      await sf("DELETE", `/composite/sobjects?ids=${many.map(() => "003SB0000000001AAA").join(",")}`),
      await sf("GET", "/nonsense"),
      await sandbox.call("GET", "/salesforce/services/data/v30.0/limits", { headers: {} }),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([400, 400, 400, 400, 400, 400, 400, 404, 401]);
    expect(await sandbox.violations()).toHaveLength(replies.length);
  });

  it("update and delete by id, and know a deleted record from one that never was", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const made = await sf("POST", "/composite/sobjects", { records: [contact("1"), contact("2")] });
    const [one, two] = made.body.map((result: Loose) => result.id) as [string, string];
    const update = await sf("PATCH", "/composite/sobjects", {
      records: [
        { attributes: { type: "Contact" }, Id: one.slice(0, 15), FirstName: "Ann" },
        { attributes: { type: "Contact" }, id: two, FirstName: "Bob" },
        { attributes: { type: "Contact" }, FirstName: "nobody" },
      ],
    });
    expect(update.body).toMatchObject([
      { id: one, success: true },
      { id: two, success: true },
      { errors: [{ statusCode: "MISSING_ARGUMENT" }] },
    ]);
    const removal = await sf("DELETE", `/composite/sobjects?ids=${one},003SB9999999999AAA,xyz&allOrNone=false`);
    expect(removal.body.map((result: Loose) => result.errors[0]?.statusCode ?? result.id)).toEqual([
      one,
      "INVALID_CROSS_REFERENCE_KEY",
      "MALFORMED_ID",
    ]);
    expect((await sf("DELETE", `/composite/sobjects?ids=${one}`)).body[0].errors[0].statusCode).toBe(
      "ENTITY_IS_DELETED",
    );
    expect(Object.keys((await sandbox.state()).salesforce.objects.Contact)).toEqual([two]);
  });
});

describe("single records", () => {
  it("are upserted by external id, 201 or 200, not created under updateOnly, and 300 when several match", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const path = "/sobjects/Contact/Customer_No__c/C%2F1";
    expect((await sf("PATCH", `${path}?updateOnly=true`, { LastName: "x" })).status).toBe(404);
    expect((await sf("PATCH", path, { LastName: "x" })).body).toMatchObject({ success: true, created: true });
    expect((await sf("PATCH", path, { FirstName: "y" })).status).toBe(200);
    expect((await sf("GET", `${path}?fields=LastName,FirstName`)).body).toMatchObject({
      LastName: "x",
      FirstName: "y",
    });
    expect((await sf("PATCH", path, { Customer_No__c: "C/1" })).body[0].errorCode).toBe("INVALID_FIELD");
    await sf("POST", "/sobjects/Contact", { LastName: "twin", Customer_No__c: "C/1" });
    const ambiguous = await sf("PATCH", path, { FirstName: "z" });
    expect([ambiguous.status, ambiguous.body.length]).toEqual([300, 2]);
    expect((await sf("PATCH", UPSERT, { records: [contact("C/1")] })).body[0].errors[0].statusCode).toBe(
      "DUPLICATE_EXTERNAL_ID",
    );
  });

  it("can be read, changed and deleted by id", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const { body } = await sf("POST", "/sobjects/Lead", { LastName: "x", Company: "c" });
    const path = `/sobjects/Lead/${body.id}`;
    expect((await sf("PATCH", path, { Status: "Open" })).status).toBe(204);
    expect((await sf("GET", path)).body).toMatchObject({ attributes: { type: "Lead" }, Status: "Open", Company: "c" });
    expect((await sf("PATCH", path, { Email: "bad" })).body).toEqual([
      { message: "Email: invalid email address: bad", errorCode: "INVALID_EMAIL_ADDRESS", fields: ["Email"] },
    ]);
    expect((await sf("DELETE", path)).status).toBe(204);
    expect((await sf("DELETE", path)).body[0].errorCode).toBe("ENTITY_IS_DELETED");
  });

  it("are campaign members once, and only of what exists", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    const campaign = (await sf("POST", "/sobjects/Campaign", { Name: "spring" })).body.id;
    const person = (await sf("POST", "/sobjects/Contact", { LastName: "x", Ext__c: "e1" })).body.id;
    const member = async (fields: object) => {
      const { body } = await sf("POST", "/sobjects/CampaignMember", fields);
      return body.id === undefined ? body[0].errorCode : "ok";
    };
    expect(await member({ CampaignId: campaign })).toBe("REQUIRED_FIELD_MISSING");
    expect(await member({ CampaignId: campaign, ContactId: "003000000000000AAA" })).toBe("INVALID_CROSS_REFERENCE_KEY");
    expect(await member({ CampaignId: campaign, Contact: { Ext__c: "e1" } })).toBe("ok");
    expect(await member({ CampaignId: campaign, ContactId: person })).toBe("DUPLICATE_VALUE");
  });
});

describe("queries", () => {
  it("find by lists of values, page by 2,000 and count", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    for (let from = 0; from < 2200; from += 200) {
      await sf("PATCH", UPSERT, { records: Array.from({ length: 200 }, (_, at) => contact(`C${from + at}`)) });
    }
    const query = (soql: string) => sf("GET", `/query?q=${encodeURIComponent(soql)}`);
    const some = await query(
      "SELECT Id, Customer_No__c FROM Contact WHERE Customer_No__c IN ('c7', 'C8', 'O\\'Brien') AND LastName != null ORDER BY Customer_No__c DESC",
    );
    expect(some.body).toMatchObject({
      totalSize: 2,
      done: true,
      records: [{ Customer_No__c: "C8" }, { Customer_No__c: "C7" }],
    });
    const all = await query("select Id from Contact");
    expect([all.body.totalSize, all.body.done, all.body.records.length]).toEqual([2200, false, 2000]);
    const rest = await sf("GET", all.body.nextRecordsUrl.replace("/services/data/v64.0", ""));
    expect([rest.body.done, rest.body.records.length]).toEqual([true, 200]);
    expect((await query("SELECT COUNT() FROM Contact WHERE Customer_No__c > 'C1' LIMIT 5")).body).toEqual({
      totalSize: 5,
      done: true,
      records: [],
    });
    expect((await query("SELECT Nope FROM Contact")).body[0].errorCode).toBe("INVALID_FIELD");
    expect((await query("SELECT Id FROM Nope")).body[0].errorCode).toBe("INVALID_TYPE");
    expect((await query("SELECT Id FROM Contact WHERE")).body[0].errorCode).toBe("MALFORMED_QUERY");
    const long = "x".repeat(17_000);
    expect((await query(`SELECT Id FROM Contact WHERE LastName = '${long}'`)).status).toBe(414);
  });

  it("reach the record a reference points at", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    await sf("POST", "/sobjects/Account", { Name: "Acme", Ext__c: "A1" });
    await sf("POST", "/sobjects/Contact", { LastName: "in", Account: { Ext__c: "A1" } });
    await sf("POST", "/sobjects/Contact", { LastName: "out" });
    const query = (soql: string) => sf("GET", `/query?q=${encodeURIComponent(soql)}`);
    const { body } = await query("SELECT LastName, Account.Name FROM Contact ORDER BY LastName");
    expect(body.records).toMatchObject([
      { LastName: "in", Account: { attributes: { type: "Account" }, Name: "Acme" } },
      { LastName: "out", Account: null },
    ]);
    expect((await query("SELECT Id FROM Contact WHERE Account.Ext__c IN ('A1')")).body.totalSize).toBe(1);
  });

  it("describe an object's fields, listed or seen", async () => {
    const sandbox = await start({
      salesforce: {
        objects: { Contact: { fields: { Customer_No__c: { external_id: true, unique: true, length: 20 } } } },
      },
    });
    const sf = await salesforceCaller(sandbox);
    const { body } = await sf("GET", "/sobjects/Contact/describe");
    const named = (name: string) => body.fields.find((field: Loose) => field.name === name);
    expect(named("LastName")).toMatchObject({ type: "string", length: 80, nillable: false, createable: true });
    expect(named("Customer_No__c")).toMatchObject({
      externalId: true,
      unique: true,
      idLookup: true,
      custom: true,
      length: 20,
    });
    expect(named("Name").updateable).toBe(false);
    expect((await sf("GET", "/sobjects/Nope/describe")).status).toBe(404);
  });

  it("stop when the day's allowance is used up, until the next day", async () => {
    const sandbox = await start({ salesforce: { daily_requests: 2, token_seconds: 200_000 } });
    const sf = await salesforceCaller(sandbox);
    expect((await sf("GET", "/limits")).body).toEqual({ DailyApiRequests: { Max: 2, Remaining: 1 } });
    await sf("GET", "/limits");
    const refused = await sf("GET", "/limits");
    expect([refused.status, refused.body[0].errorCode, refused.headers.get("sforce-limit-info")]).toEqual([
      403,
      "REQUEST_LIMIT_EXCEEDED",
      "api-usage=2/2",
    ]);
    sandbox.clock.advance(86_400_000);
    expect((await sf("GET", "/limits")).status).toBe(200);
  });
});

describe("bulk jobs", () => {
  const csv = 'Customer_No__c,LastName,Email\nC1,"O\'Brien, ""Bo""",bo@example.com\nC2,Zoë,nonsense\nC3,#N/A,\n';
  const job = {
    object: "Contact",
    operation: "upsert",
    externalIdFieldName: "Customer_No__c",
    contentType: "CSV",
    lineEnding: "LF",
  };
  const text = { "content-type": "text/csv; charset=UTF-8" };

  async function filled(sandbox: Awaited<ReturnType<typeof start>>, data = csv, settings: object = job) {
    const sf = await salesforceCaller(sandbox);
    const made = await sf("POST", "/jobs/ingest", settings);
    const path = `/jobs/ingest/${made.body.id}`;
    expect((await sf("PUT", `${path}/batches`, data, text)).status).toBe(201);
    const close = () => sf("PATCH", path, { state: "UploadComplete" });
    const states = async (polls: number) => {
      const seen: string[] = [];
      for (let poll = 0; poll < polls; poll += 1) seen.push((await sf("GET", path)).body.state);
      return seen;
    };
    return { sf, path, close, states, made: made.body };
  }

  it("run once closed, show progress by polls, and tell every row's fate as CSV", async () => {
    const sandbox = await start({ salesforce: { job_polls: 2 } });
    const { sf, path, close, states, made } = await filled(sandbox);
    expect(made).toMatchObject({ state: "Open", contentUrl: `services/data/v64.0${path}/batches`, apiVersion: 64 });
    expect(await states(2)).toEqual(["Open", "Open"]);
    expect((await sandbox.state()).salesforce.objects).toEqual({});
    expect((await close()).body.state).toBe("UploadComplete");
    expect((await sf("GET", `${path}/successfulResults`)).status).toBe(404);
    expect(await states(3)).toEqual(["InProgress", "InProgress", "JobComplete"]);
    expect((await sf("GET", path)).body).toMatchObject({ numberRecordsProcessed: 3, numberRecordsFailed: 2 });
    const good = await sf("GET", `${path}/successfulResults`);
    expect(good.text).toMatch(
      /^"sf__Id","sf__Created","Customer_No__c","LastName","Email"\n"003\w{15}","true","C1","O'Brien, ""Bo""","bo@example.com"\n$/,
    );
    const bad = await sf("GET", `${path}/failedResults`);
    expect(bad.text.split("\n").slice(1, 3)).toEqual([
      '"","INVALID_EMAIL_ADDRESS:Email: invalid email address: nonsense:Email --","C2","Zoë","nonsense"',
      '"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","C3","#N/A",""',
    ]);
    expect((await sf("GET", `${path}/unprocessedrecords`)).text).toBe('"Customer_No__c","LastName","Email"\n');
    expect((await sandbox.log()).find((entry) => entry.method === "PATCH")?.rows).toEqual({
      upsert: ["C1"],
      rejected: ["C2", "C3"],
    });
    expect((await sf("DELETE", path)).status).toBe(204);
    expect((await sf("GET", path)).status).toBe(404);
  });

  it("leave empty cells alone and clear #N/A", async () => {
    const sandbox = await start({ salesforce: { job_polls: 0 } });
    const { close, states } = await filled(sandbox, "Customer_No__c,LastName,Title,Score__c\nC1,x,boss,1\n");
    await close();
    await states(1);
    const again = await filled(sandbox, "Customer_No__c,LastName,Title,Score__c\r\nC1,,#N/A,2\r\n", {
      ...job,
      lineEnding: "CRLF",
    });
    await again.close();
    expect(await again.states(1)).toEqual(["JobComplete"]);
    expect(Object.values((await sandbox.state()).salesforce.objects.Contact)).toMatchObject([
      { LastName: "x", Title: null, Score__c: "2" },
    ]);
  });

  it("insert, update and delete by Id with any delimiter", async () => {
    const sandbox = await start({ salesforce: { job_polls: 0 } });
    const insert = await filled(sandbox, "LastName|FirstName\nx|a\n", {
      object: "Contact",
      operation: "insert",
      columnDelimiter: "PIPE",
    });
    await insert.close();
    await insert.states(1);
    const [id] = Object.keys((await sandbox.state()).salesforce.objects.Contact);
    const update = await filled(sandbox, `Id,FirstName\n${id},b\n003000000000000,c\n`, {
      object: "Contact",
      operation: "update",
    });
    await update.close();
    await update.states(1);
    expect((await update.sf("GET", `${update.path}/failedResults`)).text).toContain("INVALID_CROSS_REFERENCE_KEY");
    expect((await sandbox.state()).salesforce.objects.Contact[id ?? ""].FirstName).toBe("b");
    const removal = await filled(sandbox, `Id\n${id}\n`, { object: "Contact", operation: "delete" });
    await removal.close();
    expect((await sandbox.state()).salesforce.objects.Contact).toEqual({});
  });

  it("fail as a whole for an unknown column or other line ends, leaving rows unprocessed", async () => {
    const sandbox = await start({ salesforce: { job_polls: 0 } });
    for (const [data, message] of [
      ["Customer_No__c,Nope\nC1,x\n", "InvalidBatch : Field name not found : Nope"],
      [
        "Customer_No__c,LastName\r\nC1,x\r\n",
        "InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is LF",
      ],
    ] as const) {
      const { sf, path, close, states } = await filled(sandbox, data);
      await close();
      expect(await states(1)).toEqual(["Failed"]);
      expect((await sf("GET", path)).body.errorMessage).toBe(message);
    }
    const { sf, path, close, states } = await filled(sandbox, "Customer_No__c,Nope\nC1,x\n");
    await close();
    await states(1);
    expect((await sf("GET", `${path}/unprocessedrecords`)).text).toBe('"Customer_No__c","Nope"\n"C1","x"\n');
  });

  it("can be slow, lost or failed half-way when told", async () => {
    const sandbox = await start();
    await sandbox.misbehave(
      { kind: "slow_job", polls: 4 },
      { kind: "lost_job", skip: 1 },
      { kind: "fail_job", skip: 2, processed: 1 },
    );
    const slow = await filled(sandbox);
    await slow.close();
    expect(await slow.states(5)).toEqual(["InProgress", "InProgress", "InProgress", "InProgress", "JobComplete"]);
    await sandbox.call("DELETE", "/_sandbox/state");
    const lost = await filled(sandbox);
    expect((await lost.close()).status).toBe(200);
    expect((await lost.sf("GET", lost.path)).status).toBe(404);
    expect((await sandbox.state()).salesforce.objects).toEqual({});
    const failed = await filled(sandbox);
    await failed.close();
    expect(await failed.states(2)).toEqual(["InProgress", "Failed"]);
    expect((await failed.sf("GET", `${failed.path}/unprocessedrecords`)).text.split("\n")).toHaveLength(4);
    expect(Object.values((await sandbox.state()).salesforce.objects.Contact)).toHaveLength(1);
  });

  it("take data once, end by abortion, and record misuse", async () => {
    const sandbox = await start();
    const { sf, path, close } = await filled(sandbox);
    expect((await sf("PUT", `${path}/batches`, csv, text)).body[0].message).toContain("Found multiple contents");
    expect((await sf("PATCH", path, { state: "Closed" })).status).toBe(400);
    expect((await sf("DELETE", path)).status).toBe(400);
    expect((await sf("PATCH", path, { state: "Aborted" })).body.state).toBe("Aborted");
    expect((await close()).body[0].errorCode).toBe("INVALIDJOBSTATE");
    expect((await sf("POST", "/jobs/ingest", { object: "Contact", operation: "upsert" })).status).toBe(400);
    expect((await sf("POST", "/jobs/ingest", { object: "Nope", operation: "insert" })).body[0].errorCode).toBe(
      "INVALIDENTITY",
    );
    expect((await sf("GET", "/jobs/ingest")).body).toMatchObject({ done: true, records: [{ state: "Aborted" }] });
    expect(await sandbox.violations()).toHaveLength(3);
    expect((await sandbox.state()).salesforce.objects).toEqual({});
  });
});
