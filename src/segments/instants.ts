/** Fewer than these are read more easily as the calls that everybody's models have. */
const many = 50;

const call = /\{\{ millrace\.(?:ago\((\d+), '(\w+)', '[^']*'\)|as_of\(\)) \}\}/g;
const inWords = /\[(?:\d+ (?:minute|hour|day|week|month|year)s? ago|now)\]/;

const models = /\{\{ ref\('(\w+)'\) \}\}/g;

/**
 * A compiled query that names hundreds of instants, with each in words, `[18 days ago]`, for the package's `at_instants` to fill in: dbt's
 * parse takes longer over a hundred calls than over a hundred models that only name others. A model named as often is looked up once.
 * A value of the files that reads like such words keeps the calls.
 */
export function withInstantsInWords(query: string, timeZone: string): string {
  if ((query.match(call)?.length ?? 0) < many || inWords.test(query)) return query;
  const words = query.replace(call, (_, count: string | undefined, unit: string) =>
    count === undefined ? "[now]" : `[${count} ${unit}${count === "1" ? "" : "s"} ago]`,
  );
  const { named, text } = withModelsNamedOnce(words.trimEnd());
  return `${named}{% call millrace.at_instants('${timeZone}') %}\n${text}\n{% endcall %}\n`;
}

/** dbt notes every call of `ref`, also the hundredth of one model: in its parse, and in the manifest that it writes. */
function withModelsNamedOnce(query: string): { readonly named: string; readonly text: string } {
  const calls = Map.groupBy(query.matchAll(models), ([, model = ""]) => model);
  const often = new Set([...calls].filter(([, all]) => all.length >= many).map(([model]) => model));
  return {
    named: [...often].map((model) => `{% set model_${model} = ref('${model}') %}\n`).join(""),
    text: query.replace(models, (whole, model: string) => (often.has(model) ? `{{ model_${model} }}` : whole)),
  };
}
