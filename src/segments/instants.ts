import { refCall } from "../rules/text.ts";

/** Fewer than these are read more easily as the calls that everybody's models have. */
const many = 50;

const call = /\{\{ millrace\.(?:ago\((\d+), '(\w+)', '[^']*'\)|as_of\(\)) \}\}/g;
const inWords = /\[(?:\d+ (?:minute|hour|day|week|month|year)s? ago|now)\]/;

const models = /\{\{ ref\('(\w+)'\) \}\}/g;

/**
 * A compiled query that names hundreds of instants, with each in words, `[18 days ago]`, for the package's `at_instants` to fill in: dbt's
 * parse takes longer over a hundred calls than over a hundred models that only name others. So does a model named as often, `[purchases]`.
 * A value of the files that reads like such words keeps the calls.
 */
export function withInstantsInWords(query: string, timeZone: string): string {
  if ((query.match(call)?.length ?? 0) < many || inWords.test(query)) return query;
  const words = query.replace(call, (_, count: string | undefined, unit: string) =>
    count === undefined ? "[now]" : `[${count} ${unit}${count === "1" ? "" : "s"} ago]`,
  );
  const often = modelsNamedOften(words);
  const text = words.replace(models, (whole, model: string) => (often.includes(model) ? `[${model}]` : whole));
  const named = often.length === 0 ? "" : `, {${often.map((model) => `'${model}': ${refCall(model)}`).join(", ")}}`;
  return `{% call millrace.at_instants('${timeZone}'${named}) %}\n${text.trimEnd()}\n{% endcall %}\n`;
}

/** dbt notes every call of `ref`, also the hundredth of one model: in its parse, and in the manifest that it writes. */
function modelsNamedOften(query: string): string[] {
  const calls = Map.groupBy(query.matchAll(models), ([, model = ""]) => model);
  return [...calls]
    .filter(([model, all]) => all.length >= many && !query.includes(`[${model}]`))
    .map(([model]) => model);
}
