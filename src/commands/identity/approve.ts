import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { ExitCode } from "../../core/exit.ts";
import type { Relation } from "../../core/relation.ts";
import { sql } from "../../warehouse/sql.ts";
import type { App } from "../app.ts";
import type { Given } from "./identifier.ts";
import { identityTables, needStateVersion } from "./tables.ts";

/** The version of identity's state tables whose runs say whether their golden records are staged. */
const tellsGolden = 4;

/**
 * `identity approve RUN`: publishes a staged run that the brake holds, by the same update of the pointer that a build does. Throws
 * ConfigError where that run is not staged, or its golden records are not.
 */
export async function approve(app: App, _given: Given, [run]: readonly (string | undefined)[]): Promise<ExitCode> {
  const wanted = Number(run);
  if (run === undefined || !Number.isInteger(wanted))
    throw new ConfigError("approve needs the number of a run", {
      hint: "The brake's message and `millrace identity diff` name it.",
    });
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "write",
    async (session): Promise<ExitCode> => {
      const of = (relation: Relation) => session.dialect.relation(relation);
      await needStateVersion(session, at, tellsGolden);
      const staged = await session.query(
        sql`select golden from ${of(at.run)} where status = 'staged' and run = ${wanted} and run > (select max(run) from ${of(at.pointer)})`,
        z.object({ golden: z.string().nullable() }),
      );
      if (staged.length === 0) {
        throw new ConfigError(`identity run ${wanted} is not staged`, {
          hint: "A newer build may have replaced it: build again, and look at its message.",
        });
      }
      // A build that failed in between has staged who is who and no golden records: every profile would lose its own.
      if (staged[0]?.golden === null) {
        throw new ConfigError(`identity run ${wanted} has no golden records yet`, {
          hint: "The build ended before they were staged: run `millrace build` again.",
        });
      }
      await session.transaction(() =>
        session.execute([
          sql`update ${of(at.pointer)} set run = ${wanted}, published_at = ${session.dialect.now()}`,
          sql`update ${of(at.run)} set status = 'published' where run = ${wanted}`,
        ]),
      );
      app.out.print(`identity run ${wanted} is published. Tables made from it follow with the next build.`);
      app.out.emit({ published: wanted });
      return 0;
    },
    app.signal,
  );
}
