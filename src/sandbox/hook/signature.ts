import { createHmac, timingSafeEqual } from "node:crypto";

const MAX_AGE_S = 300;

/**
 * Checks `X-Millrace-Signature: t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">`.
 * Returns what is wrong with it; undefined when it holds. Older or newer than five minutes is refused, against replays.
 */
export function signatureFault(
  header: string | undefined,
  body: Buffer,
  secret: string,
  now: Date,
): string | undefined {
  if (header === undefined) return "the request is not signed";
  const parts = new Map(header.split(",").map((part) => part.trim().split("=", 2) as [string, string | undefined]));
  const seconds = parts.get("t");
  const given = parts.get("v1");
  if (seconds === undefined || !/^\d+$/.test(seconds) || given === undefined)
    return "the signature header is malformed";
  const expected = createHmac("sha256", secret).update(`${seconds}.`).update(body).digest();
  const actual = Buffer.from(given, "hex");
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return "the signature does not match";
  if (Math.abs(now.getTime() / 1000 - Number(seconds)) > MAX_AGE_S) return "the signature is too old";
  return undefined;
}
