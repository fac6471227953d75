const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

// 15m · 24h · 90 days · 1 minute
const written = /^(\d{1,6})\s*(s|sec|second|m|min|minute|h|hour|d|day)s?$/;

export const durationForm = "a number and a unit: 30s, 15m, 24h or 90 days";

/** Milliseconds of "15m", "24h", "90 days"; undefined if it is not written so, or nothing. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = written.exec(text.trim()) ?? [];
  const ms = Number(count) * (unitMs[unit?.[0] ?? ""] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}

/** The fraction of "20%"; undefined if it is not written so. */
export function percent(text: string): number | undefined {
  const digits = /^(\d{1,4}(?:\.\d{1,4})?)\s*%$/.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number(digits) / 100;
}

const sizeUnits: Readonly<Record<string, number>> = { "": 1, K: 1000, M: 1_000_000, KI: 1024, MI: 1024 * 1024 };

/** Bytes of "5MB", "512 KiB" or "4000"; undefined if it is not written so, or nothing. */
export function byteSize(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,12})\s*([KM]i?)?B?$/i.exec(text.trim()) ?? [];
  const bytes = Number(count) * (sizeUnits[(unit ?? "").toUpperCase()] ?? Number.NaN);
  return bytes > 0 ? bytes : undefined;
}
