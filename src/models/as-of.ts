/** The variable that the macro `millrace.as_of()` reads while dbt executes, and never while it parses. */
export const AS_OF_VARIABLE = "MILLRACE_AS_OF";

/** UTC with microseconds and no zone, as the macro casts it to a timestamp: `2010-09-01 00:00:00.000000`. */
export function asOfText(instant: Date): string {
  return instant.toISOString().replace("T", " ").replace("Z", "000");
}
