import { describe, expect, it } from "vitest";
import { jsonOf, type Loose, runCli } from "./cli.ts";
import { platform } from "./platform.ts";
import { persons, type TinyProject, tinyProject } from "./project.ts";

const custom = { objects: { Contact: { fields: { No__c: { external_id: true, unique: true } }, only_listed: true } } };

const sync = (fields: string): string => `sync: contacts
table: main.people
key: id
match: { No__c: id }
to: { account: sales, target: record, object: Contact }
mode: upsert
fields:
${fields}`;

async function salesProject(fields: string): Promise<{ project: TinyProject; at: Loose; url: string }> {
  const sandbox = await platform({ salesforce: custom });
  const project = tinyProject({ "syncs/contacts.yml": sync(fields) });
  const account = `  sales: { connector: salesforce, base_url: "${sandbox.url}/salesforce", client_id: sandbox-id, client_secret: sandbox-secret }`;
  project.write("millrace.yml", `${project.read("millrace.yml")}${account}\n`);
  await project.people(...persons(1, 3));
  return { project, at: { cwd: project.dir, env: sandbox.env }, url: sandbox.url };
}

describe("fields", { timeout: 90_000 }, () => {
  it("lists what the platform says of a target's fields", async () => {
    const { at } = await salesProject("  LastName: name\n");
    const args = ["fields", "sales", "record", "--options", '{"object": "Contact"}'];
    const told = await jsonOf(args, at);
    const byName = new Map<string, Loose>(told.fields.map((field: Loose) => [field.name, field]));
    expect(told.asked).toBe(true);
    expect(byName.get("LastName")).toMatchObject({ type: "text", required: true, writable: true });
    expect(byName.get("Birthdate")).toMatchObject({ type: "date", required: false });
    expect(byName.get("Name")).toMatchObject({ writable: false });
    expect((await runCli(args, at)).stdout).toMatch(/^LastName {2}text · required/m);
    expect((await jsonOf(["fields", "hook", "request"], at)).asked).toBe(false);
    expect(await runCli(["fields", "sales", "record"], at)).toMatchObject({ code: 2 });
    expect((await runCli(["fields", "sales", "record", "--options", '{"object": "Nothing__x"}'], at)).code).toBe(1);
  });

  it("holds a mapping against them in check --connect, with file and line", async () => {
    const { at } = await salesProject("  FristName: name\n  Name: name\n  Title: { value: Dr }\n");
    const { connections } = await jsonOf(["check", "--connect"], at, 1);
    const mapping = connections.find((one: Loose) => one.what === "mapping of contacts");
    expect(mapping).toMatchObject({ ok: false, code: "CONFIG" });
    expect(mapping.message).toContain(
      'syncs/contacts.yml:1: the destination has no field FristName: did you mean "FirstName"?',
    );
    expect(mapping.message).toContain("Name cannot be written");
    expect(mapping.message).toContain("LastName is required to create a record, and is not mapped");
    expect(mapping.message).not.toContain("Title");
  });

  it("refuses a value that the platform's field cannot hold before it is sent", async () => {
    const { at, project, url } = await salesProject("  LastName: name\n  Birthdate: score\n");
    await project.sql(
      "update people set score = '1980-02-03' where id = 'c1'",
      "update people set score = null where id = 'c2'",
    );
    const { runs } = await jsonOf(["run"], at, 3);
    expect(runs[0].counts).toMatchObject({ planned: 2, delivered: 2 });
    const held = (await (await fetch(`${url}/_sandbox/state`)).json()) as Loose;
    const contacts = Object.values<Loose>(held.salesforce.objects.Contact);
    expect(contacts.map(({ No__c, Birthdate }) => [No__c, Birthdate ?? null])).toEqual([
      ["c1", "1980-02-03"],
      ["c2", null],
    ]);
    const { rejects } = await jsonOf(["rejects"], at);
    expect(rejects).toMatchObject([{ key: "c3", code: "NOT_COERCIBLE" }]);
  });

  it("plans without them where the platform cannot be reached, and says so", async () => {
    const { at, project } = await salesProject("  LastName: name\n");
    project.write(
      "millrace.yml",
      project.read("millrace.yml").replace(/base_url: "http:[^"]+salesforce"/, 'base_url: "http://127.0.0.1:9"'),
    );
    const planned = await runCli(["plan"], at);
    expect(planned.code).toBe(0);
    expect(planned.stderr).toContain("did not tell its fields' types");
  });
});
