import { z } from "zod";
import { maskValue } from "../destinations/pii.ts";
import { readMeta } from "../state/ensure.ts";
import { raw, sql } from "../warehouse/sql.ts";
import { chooseSyncs } from "./pipeline/prepare.ts";
import type { VerbAction } from "./run-verb.ts";

const reject = z.object({
  sync: z.string(),
  key: z.string().nullable(),
  op: z.string(),
  code: z.string(),
  message: z.string().nullable(),
  attempts: z.number(),
  first_at: z.string(),
  last_at: z.string(),
  last_run: z.string(),
});

const shown = 200;

/** `rejects [SYNC]`: what was refused and why. The table `millrace.rejects` has all of them. */
export const rejects =
  (syncName: string | undefined): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const [sync] = syncName === undefined ? [] : chooseSyncs(app, [syncName]);
    const warehouse = await app.warehouse();
    const found = await warehouse.session(
      "read",
      async (session) => {
        const { dialect } = session;
        if ((await readMeta(session, app.tables)) === null || (await session.describe(app.tables.rejects)) === null)
          return { rows: [], total: 0 };
        const where = sync === undefined ? raw("true") : sql`sync = ${sync.name}`;
        const at = (name: string) =>
          sql`${dialect.text(dialect.ident(name), { name, type: "timestamp", nativeType: "TIMESTAMP" })} as ${dialect.ident(name)}`;
        const [count] = await session.query(
          sql`select count(*) as ${dialect.ident("rows")} from ${dialect.relation(app.tables.rejects)} where ${where}`,
          z.object({ rows: z.number() }),
        );
        const rows = await session.query(
          sql`select sync, key, op, code, message, attempts, ${at("first_at")}, ${at("last_at")}, last_run
            from ${dialect.relation(app.tables.rejects)} where ${where} order by sync, code, key limit ${raw(String(shown))}`,
          reject,
        );
        return { rows, total: count?.rows ?? 0 };
      },
      app.signal,
    );
    const rows = found.rows.map((row) => ({
      ...row,
      key: app.showValues ? row.key : row.key === null ? null : keyText(row.key),
    }));
    if (found.total === 0) app.out.print("nothing is rejected");
    for (const row of rows) {
      app.out.print(
        `${row.sync}  ${row.key ?? "(no key)"}  ${row.op}  ${row.code}: ${row.message ?? ""}  ${row.attempts}× since ${row.first_at}`,
      );
    }
    if (found.total > rows.length)
      app.out.print(`… and ${found.total - rows.length} more in ${app.tables.schema}.${app.tables.rejects.name}`);
    app.out.emit({ rejects: rows, total: found.total });
    return 0;
  };

/** A key is what `why` asks for, so it stays readable unless it is a person's address. */
const keyText = (key: string): string => (key.includes("@") ? String(maskValue(key)) : key);
