import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { raw } from "../../../src/warehouse/sql.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { type Peer, startPeer } from "../../support/bigquery/peer.ts";

const missing = emulatorMissing();
/** dbt writes who asks before each statement. */
const asked = '/* {"app": "dbt"} */\n';

// What dbt needs of BigQuery, and the emulator does only with the shim before it.
describe.skipIf(missing !== null)("the stand-in of BigQuery", { timeout: 120_000 }, () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startPeer();
    await rows("create schema if not exists `test`.`lab`");
  }, 120_000);
  afterAll(() => peer.stop());

  async function rows(...statements: readonly string[]): Promise<unknown[][]> {
    const warehouse = peer.open();
    const [last = "", ...before] = statements.toReversed();
    const found = await warehouse.session("write", async (session) => {
      for (const one of before.toReversed()) await session.execute([raw(one)]);
      return session.query(raw(last), z.record(z.string(), z.unknown()));
    });
    await warehouse.close();
    return found.map((row) => Object.values(row));
  }

  /** As Google's Python client loads dbt's seeds. */
  async function load(table: string, csv: string, types: Readonly<Record<string, string>>): Promise<Response> {
    const fields = Object.entries(types).map(([name, type]) => ({ name, type, mode: "NULLABLE" }));
    const begun = await fetch(`${peer.shim.url}/upload/bigquery/v2/projects/test/jobs?uploadType=resumable`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        configuration: {
          load: {
            skipLeadingRows: "1",
            schema: { fields },
            writeDisposition: "WRITE_TRUNCATE",
            destinationTable: { projectId: "test", datasetId: "lab", tableId: table },
          },
        },
      }),
    });
    return fetch(begun.headers.get("location") ?? "", {
      method: "PUT",
      headers: { "content-range": `bytes 0-${csv.length - 1}/${csv.length}` },
      body: csv,
    });
  }

  it("replaces a table, columns and all, by a seed that is loaded again, and says that the job is done", async () => {
    const first = await load("seed", "id,name\n1,Ann\n2,Ben\n", { id: "int64", name: "string" });
    expect(await first.json()).toMatchObject({ status: { state: "DONE" } });
    await load("seed", "id,paid\n3,true\n", { id: "int64", paid: "bool" });
    expect(await rows("select id, paid from lab.seed")).toEqual([[3, true]]);
  });

  it("refuses a seed whose types are named as in DDL", async () => {
    const refused = await load("typed", "name\nAnn\n", { name: "varchar(16)" });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("varchar(16)")]);
  });

  it("joins texts in an order where all are NULL", async () => {
    const from = "from unnest([struct(1 as g, 'b' as x, 2 as n), (1, 'a', 1), (2, null, 1)])";
    expect(await rows(`select g, string_agg(x, ', ' order by n) as xs ${from} group by g order by g`)).toEqual([
      [1, "a, b"],
      [2, null],
    ]);
  });

  it("merges from a subquery", async () => {
    expect(
      await rows(
        "create table lab.target as select 1 as id, 'old' as v union all select 2, 'kept'",
        `${asked}merge into lab.target as t using (select 1 as id, 'new' as v union all select 3, ')') as s on t.id = s.id
         when matched then update set v = s.v when not matched then insert (id, v) values (s.id, s.v)`,
        "select id, v from lab.target order by id",
      ),
    ).toEqual([
      [1, "new"],
      [2, "kept"],
      [3, ")"],
    ]);
  });

  it("changes and deletes by subqueries what they name, also behind a comment", async () => {
    expect(
      await rows(
        "create table lab.a as select 1 as k, 10 as v union all select 2, 20 union all select 3, 30",
        "create table lab.b as select 2 as k",
        `${asked}delete from lab.a as a where exists (select 1 from lab.b as b where b.k = a.k)`,
        `${asked}update lab.a as a set v = (select max(k) from lab.b where k > 0) where a.k not in (select k + 1 from lab.b)`,
        "select k, v from lab.a order by k",
      ),
    ).toEqual([
      [1, 2],
      [3, 30],
    ]);
  });

  it("takes a minus before an aggregate as an interval", async () => {
    const days = "from unnest([struct(1 as a, 3 as n), (1, 2)]) group by a";
    expect(
      await rows(`select cast(datetime_add(datetime '2024-03-01', interval -min(n) day) as date) as v ${days}`),
    ).toEqual([["2024-02-28"]]);
  });

  it("renames a table", async () => {
    await rows(
      "create table lab.former as select 1 as n",
      "alter table `lab`.former rename to `later`",
      "select 1 as n",
    );
    expect(await rows("select n from lab.later")).toEqual([[1]]);
    await expect(rows("select n from lab.former")).rejects.toThrow("former");
  });
});
