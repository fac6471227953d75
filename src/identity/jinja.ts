/** A value as a Jinja literal. Jinja reads the escapes of JSON's strings. */
export function jinja(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return `[${value.map(jinja).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}: ${jinja(each)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** A column of the user's model: as it stands where every engine can take it so, quoted otherwise. */
export const column = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `{{ adapter.quote(${jinja(name)}) }}`;

/** A text constant of SQL. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
