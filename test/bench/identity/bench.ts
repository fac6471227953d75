import type { Figure } from "../report.ts";
import { allGraphs, benchComponents } from "./components.ts";
import { benchIncremental } from "./incremental.ts";
import { perPerson } from "./records.ts";

export interface IdentityBenchOptions {
  readonly dir: string;
  /** Edges of the large graph; the others have a tenth. */
  readonly rows: number;
  readonly against: "peers" | "nobody";
  /** Only these parts (components, large, incremental, incremental-large); empty: all. */
  readonly only: readonly string[];
  readonly tell: (figure: Figure) => void;
}

/** What identity costs: components against scipy and Splink, and incremental runs against full ones. */
export async function benchIdentity({ dir, rows, against, only, tell }: IdentityBenchOptions): Promise<void> {
  const wants = (part: string): boolean => only.length === 0 || only.includes(part);
  const some = Math.round(rows / 10);
  const shared = { dir, against, tell };
  if (wants("components")) await benchComponents({ ...shared, edges: some, names: allGraphs, tries: 2 });
  if (wants("large")) await benchComponents({ ...shared, edges: rows, names: ["small clusters"], tries: 1 });
  // 1,600,000 identifiers where the large graph has 10,000,000 edges
  const people = Math.round((0.16 * rows) / perPerson.identifiers);
  if (wants("incremental")) await benchIncremental({ dir, people, added: Math.round(rows / 500), most: 20, tell });
  const many = Math.round(rows / perPerson.records);
  if (wants("incremental-large"))
    await benchIncremental({ dir, people: many, added: Math.round(rows / 100), most: 10, tell });
}
