import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { openIdentityLab } from "../../support/identity-lab.ts";
import type { Figure } from "../report.ts";
import { comparedColumns } from "./columns.ts";
import { generate } from "./people.ts";
import { profiles } from "./profiles.ts";
import { fixed, type LabelledSet, runSet } from "./run-set.ts";

/** What the sets that are known by name are held to; none was used to choose a weight. */
const targets: Readonly<Record<string, number>> = {
  febrl3: 0.99,
  "febrl3 without soc_sec_id": 0.985,
  historical_50k: 0.85,
};

export interface MatchingBenchOptions {
  /** A folder of CSV files with cluster_id; none: generated sets only. */
  readonly data: string | undefined;
  /** Only sets whose name holds one of these; empty: all. */
  readonly only: readonly string[];
  readonly tell: (figure: Figure) => void;
}

/** Matching by default weights at one threshold: how well each set's people are told apart, and what that costs. */
export async function benchMatching({ data, only, tell }: MatchingBenchOptions): Promise<void> {
  const sets = [...(data === undefined ? [] : labelledSets(data)), ...generatedSets()];
  const lab = await openIdentityLab({});
  try {
    for (const set of sets) {
      if (only.length > 0 && !only.some((part) => set.name.includes(part))) continue;
      const { quality, uncut, cpuSeconds, pairs } = await runSet(lab, set);
      const least = targets[set.name];
      const of = `${set.name}, ${set.rows.length} records`;
      tell({
        what: `${of}: F1 at ${fixed.threshold}`,
        value: quality.f1,
        unit: "F1",
        ...(least !== undefined && { target: { least } }),
      });
      tell({ what: `${set.name}: precision`, value: quality.precision, unit: "F1" });
      tell({ what: `${set.name}: recall`, value: quality.recall, unit: "F1" });
      tell({ what: `${set.name}: F1 without the re-cut`, value: uncut.f1, unit: "F1" });
      tell({ what: `${set.name}: pairs compared`, value: pairs, unit: "rows" });
      tell({ what: `${set.name}: SQL`, value: cpuSeconds, unit: "CPU-s" });
    }
  } finally {
    await lab.close();
  }
}

/** Every CSV file of a folder, and once more without what alone says who somebody is. */
export function labelledSets(folder: string): readonly LabelledSet[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".csv"))
    .sort()
    .flatMap((file) => {
      const rows: Readonly<Record<string, string>>[] = parse(readFileSync(join(folder, file)), { columns: true });
      const columns = Object.keys(rows[0] ?? {});
      const key = columns.find((column) => /^(rec|unique)_id$|^id$/.test(column));
      const person = columns.find((column) => /^cluster/.test(column));
      if (key === undefined || person === undefined) return [];
      const name = file.replace(/\.csv$/, "");
      const compare = comparedColumns(columns);
      const number = compare.find(({ trait }) => /soc_sec|ssn/.test(trait));
      const whole = { name, compare, key, person, rows };
      if (number === undefined) return [whole];
      const fewer = compare.filter((each) => each !== number);
      return [whole, { ...whole, name: `${name} without ${number.trait}`, compare: fewer }];
    });
}

export function generatedSets(): readonly LabelledSet[] {
  return Object.entries(profiles).map(([name, profile]) => {
    const rows = generate(profile).map((row): Readonly<Record<string, string | null>> => ({ ...row }));
    const columns = Object.keys(rows[0] ?? {}).filter((column) => profile.emails || column !== "email");
    return { name: `generated ${name}`, compare: comparedColumns(columns), key: "id", person: "person", rows };
  });
}
