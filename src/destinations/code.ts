/** A platform's code in the form of ours: `invalid-email` → INVALID_EMAIL; "" where it is no code, since it may be a sentence. */
export function codeOf(text: unknown): string {
  const code = (typeof text === "string" ? text : "").trim().toUpperCase().replaceAll(/[-. ]/g, "_");
  return /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : "";
}
