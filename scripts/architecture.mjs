// Holds the imports against .dependency-cruiser.mjs. A tool that looked at nothing would be green, too: the count is asserted.

import { cruise } from "dependency-cruiser";
import config from "../.dependency-cruiser.mjs";

const least = 250;
const { output } = await cruise(["src"], {
  ...config.options,
  ruleSet: { forbidden: config.forbidden },
  validate: true,
});
const { violations, totalCruised } = output.summary;
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
if (totalCruised < least) console.error(`only ${totalCruised} modules were looked at; at least ${least} were expected`);
console.log(`${totalCruised} modules, ${violations.length} violations`);
process.exitCode = violations.length > 0 || totalCruised < least ? 1 : 0;
