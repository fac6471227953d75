/** A value as one segment of a path; null where no encoding keeps it one: "." and ".." are steps, however they are written. */
export function pathSegment(value: string): string | null {
  return value === "." || value === ".." ? null : encodeURIComponent(value.toWellFormed());
}
