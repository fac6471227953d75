import { describe, expect, it } from "vitest";
import { cronFault, isTimeZone } from "../../src/config/cron.ts";
import { byteSize, durationMs, percent } from "../../src/config/duration.ts";
import { envFrom } from "../../src/config/env.ts";
import { inOrder } from "../../src/config/fault.ts";
import { interpolate } from "../../src/config/interpolate.ts";
import { nearest } from "../../src/config/nearest.ts";
import { clockUses } from "../../src/config/sql-clock.ts";
import { parseTemplate } from "../../src/config/template.ts";
import { variable } from "./faulty.ts";

describe("what a user writes as text", () => {
  it.each([
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["90 days", 7_776_000_000],
    ["1 minute", 60_000],
    ["30s", 30_000],
    ["0m", undefined],
    ["m", undefined],
    ["15", undefined],
    ["-5m", undefined],
  ])("%s is a duration of %s ms", (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each([
    ["20%", 0.2],
    ["0.5 %", 0.005],
    ["100%", 1],
    ["20", undefined],
    ["-1%", undefined],
  ])("%s is the share %s", (text, share) => expect(percent(text)).toBe(share));

  it.each([
    ["4000", 4000],
    ["5MB", 5_000_000],
    ["512KiB", 524_288],
    ["5 m", 5_000_000],
    ["0", undefined],
    ["big", undefined],
  ])("%s is %s bytes", (text, bytes) => expect(byteSize(text)).toBe(bytes));

  it.each(["0 6 * * 1-5", "*/15 * * * *", "0 0 1,15 jan-mar SUN", "5-55/10 0 * * 7", "0 0 29 2 *", "0 0 30 2 1"])(
    "%s is a cron expression",
    (text) => expect(cronFault(text)).toBeUndefined(),
  );

  it.each([
    "",
    "* * * *",
    "60 * * * *",
    "5-1 * * * *",
    "*/0 * * * *",
    "5/10 * * * *",
    "a * * * *",
    "1-2-3 * * * *",
    "0 0 31 4,6 *",
    "0 0 0 * *",
    "@daily",
  ])("%s is no cron expression", (text) => expect(cronFault(text)).toBeTypeOf("string"));

  it("a time zone has an IANA name, not an offset", () => {
    expect(isTimeZone("Europe/London")).toBe(true);
    expect(isTimeZone("+01:00")).toBe(false);
    expect(isTimeZone("Mars/Base")).toBe(false);
  });

  it("a template is text and columns", () => {
    expect(parseTemplate("a {{b}} {{ c_1 }}")).toEqual({
      parts: [{ text: "a " }, { column: "b" }, { text: " " }, { column: "c_1" }],
    });
    expect(parseTemplate("no braces { }")).toEqual({ parts: [{ text: "no braces { }" }] });
    expect(parseTemplate("ab }} c")).toMatchObject({ offset: 3 });
    expect(parseTemplate("ab {{ c.d }}")).toMatchObject({ offset: 3 });
  });
});

describe("variables in text", () => {
  const env = envFrom({ A: "1", EMPTY: "" });

  it("are filled in, with a default where they are unset or empty", () => {
    const written = `${variable("A")}-${variable("B:-two")}-${variable("EMPTY:-three")}-${variable("B:-")}`;
    expect(interpolate(written, env)).toMatchObject({ text: "1-two-three-", missing: [], references: true });
  });

  it("stay as written where they are unset, and are named", () => {
    expect(interpolate(`x${variable("NO")}`, env)).toMatchObject({ text: `x${variable("NO")}`, missing: ["NO"] });
    expect(interpolate(variable("EMPTY"), env).missing).toEqual(["EMPTY"]);
  });

  it("are not what `$${` begins", () => {
    expect(interpolate(`$${variable("A")}`, env)).toMatchObject({ text: variable("A"), references: false });
  });

  it("do not reach into values: what a variable holds is not filled in again", () => {
    expect(interpolate(variable("X"), envFrom({ X: variable("A"), A: "1" })).text).toBe(variable("A"));
  });
});

describe("the nearest name", () => {
  it.each([
    ["feilds", "fields"],
    ["Fields", "fields"],
    ["when-removed", "when_removed"],
    ["field", "fields"],
    ["xyzzy", undefined],
    ["z", undefined],
  ])("to %s is %s", (word, near) => {
    expect(nearest(word, ["fields", "match", "when_removed", "key"])).toBe(near);
  });
});

describe("the machine's clock in SQL", () => {
  it("is found outside of comments and texts, with line and column", () => {
    const sql =
      "select 'now()' as a, -- current_date\n/* now()\n*/ current_timestamp,\n{# now() #} NOW ( ), known()\n, current_date_x";
    expect(clockUses(sql)).toEqual([
      { line: 3, column: 4, word: "current_timestamp" },
      { line: 4, column: 13, word: "now()" },
    ]);
  });
});

describe("faults", () => {
  it("are told once, in reading order", () => {
    const at = (file: string, line: number) => ({
      file,
      line,
      column: 1,
      level: "error" as const,
      message: "m",
      mend: "",
    });
    expect(inOrder([at("b", 1), at("a", 10), at("a", 9), at("a", 10)])).toEqual([at("a", 9), at("a", 10), at("b", 1)]);
  });
});
