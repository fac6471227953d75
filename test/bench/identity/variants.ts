/** The bench's work on the DuckDB file itself, each in a process of its own. */
import { DuckDBInstance } from "@duckdb/node-api";
import { measured, type Variants } from "../measure.ts";
import { type GraphName, graphs } from "./graphs.ts";
import { addRecords, makeRecords } from "./records.ts";

async function ask(database: unknown, statements: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const instance = await DuckDBInstance.create(String(database), { threads: "2", memory_limit: "4GB" });
  const connection = await instance.connect();
  try {
    let facts: Record<string, number> = {};
    for (const statement of statements) {
      const [row] = (await connection.runAndReadAll(statement)).getRowObjects();
      facts = Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
    }
    return facts;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export const variants: Variants = {
  graph: ({ database, name, edges }) =>
    measured(() =>
      ask(database, [
        ...graphs[name as GraphName](Number(edges)),
        "checkpoint",
        "select (select count(*) from edges) as edges, (select count(*) from vertices) as vertices",
      ]),
    ),

  /** `wrong`: vertices whose label is not the least id of their component as another one's partition has it, or differs between two runs. */
  compare: ({ database, other }) =>
    measured(() =>
      ask(database, [
        `select
          (select count(*) from labels_once) as labelled,
          (select count(*) from (
            select label, min(id) over (partition by other_label) as least from (
              select l.id, l.label, o.label as other_label from labels_once as l full outer join ${String(other)} as o on o.id = l.id)
          ) where label is distinct from least) as wrong,
          (select count(*) from labels_once as l full outer join labels as n on n.id = l.id and n.label = l.label where l.id is null or n.id is null) as unsteady`,
      ]),
    ),

  records: ({ database, people }) => measured(() => ask(database, makeRecords(Number(people)))),
  more: ({ database, people, records }) => measured(() => ask(database, addRecords(Number(people), Number(records)))),

  /** Who is together, as a number that is the same for the same groups, whatever their profiles' ids. */
  groups: ({ database }) =>
    measured(() =>
      ask(database, [
        `select (select count(*) from identity_component) as identifiers, count(*) as profiles, sum(mark % 1000000007) as mark
        from (select sum(hash(namespace, value) >> 20) as mark from identity_component group by profile_id)`,
      ]),
    ),
};
