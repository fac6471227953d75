/** Fewer than these are read more easily as the calls that everybody's models have. */
const many = 50;

const call = /\{\{ millrace\.(?:ago\((\d+), '(\w+)', '[^']*'\)|as_of\(\)) \}\}/g;
const inWords = /\[(?:\d+ (?:minute|hour|day|week|month|year)s? ago|now)\]/;

/**
 * A compiled query that names hundreds of instants, with each in words, `[18 days ago]`, for the package's `at_instants` to fill in: dbt's
 * parse takes longer over a hundred calls than over a hundred models that only name others. A value of the files that reads like such
 * words keeps the calls.
 */
export function withInstantsInWords(query: string, timeZone: string): string {
  if ((query.match(call)?.length ?? 0) < many || inWords.test(query)) return query;
  const words = query.replace(call, (_, count: string | undefined, unit: string) =>
    count === undefined ? "[now]" : `[${count} ${unit}${count === "1" ? "" : "s"} ago]`,
  );
  return `{% call millrace.at_instants('${timeZone}') %}\n${words.trimEnd()}\n{% endcall %}\n`;
}
