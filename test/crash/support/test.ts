import { test as base } from "vitest";
import { type Lab, openLab } from "./lab.ts";

/** A test with labs that are closed after it, their processes ended and their folders removed. */
export const test = base.extend<{ readonly open: typeof openLab }>({
  open: async ({ task: _ }, use) => {
    const labs: Lab[] = [];
    await use(async (scenario, o) => {
      const lab = await openLab(scenario, o);
      labs.push(lab);
      return lab;
    });
    for (const lab of labs) await lab.close();
  },
});

/** A later audience: 20 leave, 30 change, 25 come. */
export const laterAudience: readonly string[] = [
  "delete from people where id between 1 and 20",
  "update people set tier = 'platinum' where id between 41 and 70",
  "insert into people select i, 'n' || i || '@example.com', 'New ' || i, 'silver' from range(1001, 1026) t(i)",
];

/** Long enough for processes on a busy machine. */
export const timeout = 180_000;
