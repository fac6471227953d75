import { randomBytes } from "node:crypto";

/** e.g. 20261122-113015-3f9a1c: sorts by time, short enough to type. */
export function newRunId(now: Date): string {
  const [date = "", time = ""] = now.toISOString().split("T");
  return `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${randomBytes(3).toString("hex")}`;
}
