import { openIdentityLab } from "../../support/identity-lab.ts";
import type { Figure } from "../report.ts";
import { runTown } from "./run-town.ts";
import { type Town, usual } from "./town.ts";

/** Other towns than the one that is held to the figure: what guards do where people leave other traces. */
const others: Readonly<Record<string, Partial<Town>>> = {
  "every second person lives in a family": { families: 0.6 },
  "five times the kiosks": { kiosks: usual.kiosks * 5 },
  "a tenth of the records bear the junk address": { junk: 0.1 },
  "every second person has two addresses": { secondEmail: 0.5 },
  "a fifth have no account": { accounts: 0.8 },
};

export interface GuardsBenchOptions {
  readonly people: number;
  readonly seeds: readonly number[];
  readonly tell: (figure: Figure) => void;
}

/** How well guards at their defaults keep the people of a town apart, and how much of each they keep together. */
export async function benchGuards({ people, seeds, tell }: GuardsBenchOptions): Promise<void> {
  const towns = [
    ...seeds.map((seed) => ({ name: `town ${seed}`, town: { ...usual, seed, people }, held: true })),
    ...Object.entries(others).map(([name, more]) => ({
      name,
      town: { ...usual, seed: 1, people: Math.ceil(people / 6), ...more },
      held: false,
    })),
  ];
  for (const { name, town, held } of towns) {
    // a lab each: codes and ids of another town would be left
    const lab = await openIdentityLab({});
    try {
      const { precision, recall, mixed, worst, identifiers, cpuSeconds } = await runTown(lab, town);
      const of = `${name}, ${identifiers.toLocaleString("en-US")} identifiers`;
      tell({ what: `${of}: precision`, value: precision, unit: "F1", ...(held && { target: { least: 0.999 } }) });
      tell({ what: `${name}: recall`, value: recall, unit: "F1", ...(held && { target: { least: 0.93 } }) });
      tell({
        what: `${name}: profiles that mix people`,
        value: mixed,
        unit: "rows",
        ...(held && { target: { most: 0 } }),
      });
      tell({ what: `${name}: people in the worst of them`, value: worst, unit: "rows" });
      tell({ what: `${name}: dbt, start-up included`, value: cpuSeconds, unit: "CPU-s" });
    } finally {
      await lab.close();
    }
  }
}
