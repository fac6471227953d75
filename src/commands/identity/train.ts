import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { ExitCode } from "../../core/exit.ts";
import { type Evidence, estimate } from "../../identity/matching/estimate.ts";
import { weightsText } from "../../identity/matching/weights-text.ts";
import { join as joinSql, sql } from "../../warehouse/sql.ts";
import type { App } from "../app.ts";

const usualFile = "./identity.weights.yml";
const count = z.coerce.number();

/**
 * `identity train`: estimates the weights of matching from the pairs of the last build and writes them for review. The
 * warehouse counts which agreements occur how often; only these counts leave it.
 */
export async function train(app: App, options: { readonly print?: boolean }): Promise<ExitCode> {
  const matching = app.identity?.matching;
  if (matching === null || matching === undefined) {
    throw new ConfigError("identity.yml declares no matching", {
      hint: "Say what is compared: `matching: {compare: {…}, threshold: 0.95}`.",
    });
  }
  const traits = matching.weighing.traits.map(({ trait }) => trait);
  const evidence = await read(app, traits, matching.blockOn);
  const pairs = evidence.patterns.reduce((all, each) => all + each.pairs, 0);
  if (pairs === 0) {
    throw new ConfigError("there are no pairs to learn from", { hint: "`millrace build` makes them." });
  }
  const text = weightsText(estimate(matching.weighing, evidence));
  const shown = options.print === true;
  const file = matching.weights ?? usualFile;
  if (shown) app.out.print(text);
  else await writeFile(join(app.dir, file), text);
  const told = shown ? "" : `; wrote ${file}: review it, then \`millrace compile\``;
  app.out.print(`${pairs} pairs of ${evidence.patterns.length} patterns${told}`);
  if (!shown && matching.weights === null)
    app.out.print(`identity.yml does not name it yet: \`weights: ${usualFile}\` below \`matching:\``);
  app.out.emit({ pairs, patterns: evidence.patterns.length, file: shown ? null : file });
  return 0;
}

async function read(app: App, traits: readonly string[], blockOn: Evidence["blockOn"]): Promise<Evidence> {
  const [pair, random] = [await app.model("identity_match_pair"), await app.model("identity_match_random")];
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session) => {
      const { dialect } = session;
      const columns = joinSql(traits.map((trait) => dialect.ident(trait)));
      const patterns = await session.query(
        sql`select ${columns}, count(*) as pairs from ${dialect.relation(pair)} group by ${columns}`,
        z.record(z.string(), z.union([z.string(), z.number()])),
      );
      const drawn = await session.query(
        sql`select trait, level, pairs from ${dialect.relation(random)}`,
        z.object({ trait: z.string(), level: z.string(), pairs: count }),
      );
      return {
        patterns: patterns.map((row) => ({
          levels: Object.fromEntries(traits.map((trait) => [trait, String(row[trait] ?? "missing")])),
          pairs: Number(row.pairs),
        })),
        random: drawn,
        blockOn,
      };
    },
    app.signal,
  );
}
