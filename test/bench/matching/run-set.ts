import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { compiledText } from "../../../src/core/compiled.ts";
import type { Matching } from "../../../src/core/identity.ts";
import { defaultWeights, type MatchWeights } from "../../../src/core/match-weights.ts";
import { compileMatching } from "../../../src/identity/matching/compile.ts";
import type { IdentityLab } from "../../support/identity-lab.ts";
import { type MatchedPair, type Quality, quality, recutClusters } from "./clusters.ts";
import type { Compared } from "./columns.ts";

/** One fixed threshold and one size for every set: those of the example's identity.yml. */
export const fixed = { threshold: 0.95, above: 20 } as const;

/** Records with their person, whose columns are compared. */
export interface LabelledSet {
  readonly name: string;
  readonly compare: readonly Compared[];
  readonly key: string;
  readonly person: string;
  readonly rows: readonly Readonly<Record<string, string | null>>[];
}

export interface SetOutcome {
  readonly quality: Quality;
  /** Without the re-cut of large clusters. */
  readonly uncut: Quality;
  /** Of all the SQL of matching, clustering apart. */
  readonly cpuSeconds: number;
  readonly pairs: number;
}

const models = ["record", "pair", "score", "histogram", "rate", "edge"].map((name) => `identity_match_${name}`);

/** Compiles the matching of a set as `millrace compile` and dbt do, and runs that SQL on a DuckDB in this process. */
export async function runSet(lab: IdentityLab, set: LabelledSet, weights?: MatchWeights): Promise<SetOutcome> {
  const weighing = weights ?? defaultWeights(set.compare);
  const matching: Matching = {
    compare: set.compare,
    blockOn: [],
    weights: null,
    weighing,
    threshold: fixed.threshold,
    recutAbove: fixed.above,
  };
  await lab.write("models/identity_record.sql", "select 1 as one\n");
  for (const file of compileMatching(matching, "identity.yml")) {
    await lab.write(join("models", "millrace", file.path), compiledText(file));
  }
  await lab.dbt(["compile", "--quiet"]);
  const instance = await DuckDBInstance.create();
  const db = await instance.connect();
  try {
    // dbt's compiled SQL names the lab's file.
    await db.run("attach ':memory:' as w");
    await db.run("use w");
    await fill(db, set);
    const before = process.cpuUsage();
    for (const model of models) {
      const sql = await readFile(
        join(lab.dir, "target", "compiled", "lab", "models", "millrace", "identity", "matching", `${model}.sql`),
        "utf8",
      );
      await db.run(`create table ${model} as ${sql}`);
    }
    const used = process.cpuUsage(before);
    const position = new Map(set.rows.map((row, i) => [row[set.key] ?? "", i]));
    const found = await db.runAndReadAll("select a_value, b_value, confidence from identity_match_edge");
    const edges = found.getRows().map(([a, b, confidence]): MatchedPair => {
      return { a: position.get(String(a)) ?? -1, b: position.get(String(b)) ?? -1, confidence: Number(confidence) };
    });
    const [[pairs] = []] = (await db.runAndReadAll("select count(*) from identity_match_pair")).getRows();
    const truth = set.rows.map((row) => row[set.person] ?? "");
    const options = { threshold: fixed.threshold, above: fixed.above };
    return {
      quality: quality(truth, recutClusters(truth.length, edges, options)),
      uncut: quality(truth, recutClusters(truth.length, edges, { ...options, above: Number.POSITIVE_INFINITY })),
      cpuSeconds: (used.user + used.system) / 1e6,
      pairs: Number(pairs),
    };
  } finally {
    db.closeSync();
    instance.closeSync();
  }
}

async function fill(db: Awaited<ReturnType<DuckDBInstance["connect"]>>, set: LabelledSet): Promise<void> {
  const columns = set.compare.map(({ trait }) => `trait_${trait} varchar`);
  await db.run(
    `create table identity_record (source varchar, record_key varchar, seen_at timestamp, ${columns.join(", ")})`,
  );
  const appender = await db.createAppender("identity_record", "main", "w");
  for (const row of set.rows) {
    appender.appendVarchar("set");
    appender.appendVarchar(row[set.key] ?? "");
    appender.appendNull();
    for (const { trait } of set.compare) {
      const value = row[trait] ?? null;
      if (value === null || value === "") appender.appendNull();
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
  appender.closeSync();
}
