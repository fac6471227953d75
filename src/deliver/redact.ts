/** Shorter values would blot out ordinary words, and nobody's credential is that short. */
const minSecretLength = 6;

/** A text without any of the secrets, as they are or as a URL or JSON writes them. */
export function redact(text: string, secrets: Iterable<string>): string {
  let out = text;
  for (const secret of secrets) {
    if (secret.length < minSecretLength) continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      out = out.replaceAll(form, "***");
    }
  }
  return out;
}

/** The same error with secrets taken out of what people read; errors of connectors may quote an answer that repeats them. */
export function redactError<E extends Error>(error: E, secrets: Iterable<string>): E {
  const list = [...secrets];
  error.message = redact(error.message, list);
  const hint: unknown = Reflect.get(error, "hint");
  if (typeof hint === "string") Object.defineProperty(error, "hint", { value: redact(hint, list), enumerable: true });
  return error;
}
