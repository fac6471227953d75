import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";

/** Clocks in Berlin go back on 2026-10-25 at 01:00 UTC, in New York on 2026-11-01 at 06:00 UTC: 02:30 and 01:30 come twice there. */
const cases = [
  // a day of twenty-five hours, from midnight to midnight
  ["millrace.start_of_day('2026-10-25', 0, 'Europe/Berlin')", "2026-10-24 22:00:00"],
  ["millrace.start_of_day('2026-10-25', 1, 'Europe/Berlin')", "2026-10-25 23:00:00"],
  ["millrace.start_of_day('2026-11-01', 0, 'America/New_York')", "2026-11-01 04:00:00"],
  ["millrace.start_of_day('2026-11-01', 1, 'America/New_York')", "2026-11-02 05:00:00"],
  ["millrace.start_of_day('2026-10-25', 1, 'UTC')", "2026-10-26 00:00:00"],
  // the run is at 02:30 on the 26th in Berlin: a day earlier is the second 02:30 of the 25th, two days earlier the only one of the 24th
  ["millrace.ago(1, 'day', 'Europe/Berlin')", "2026-10-25 01:30:00"],
  ["millrace.ago(2, 'day', 'Europe/Berlin')", "2026-10-24 00:30:00"],
  ["millrace.ago(1, 'week', 'Europe/Berlin')", "2026-10-19 00:30:00"],
  ["millrace.ago(1, 'month', 'Europe/Berlin')", "2026-09-26 00:30:00"],
  ["millrace.ago(1, 'day', 'UTC')", "2026-10-25 01:30:00"],
  // hours are hours
  ["millrace.ago(25, 'hour', 'Europe/Berlin')", "2026-10-25 00:30:00"],
  ["millrace.day_ago(1, 'day', 'Europe/Berlin')", "2026-10-25 00:00:00"],
  // both half past twos are of that day, and so is all until midnight on its clocks
  ["millrace.local_date(\"timestamp '2026-10-24 21:59:59'\", 'Europe/Berlin')", "2026-10-24 00:00:00"],
  ["millrace.local_date(\"timestamp '2026-10-25 00:30:00'\", 'Europe/Berlin')", "2026-10-25 00:00:00"],
  ["millrace.local_date(\"timestamp '2026-10-25 22:59:59'\", 'Europe/Berlin')", "2026-10-25 00:00:00"],
  ["millrace.local_date(\"timestamp '2026-10-25 23:00:00'\", 'Europe/Berlin')", "2026-10-26 00:00:00"],
  // a date is that day everywhere, east and west of Greenwich
  ["millrace.local_date(\"date '2026-10-25'\", 'Europe/Berlin')", "2026-10-25 00:00:00"],
  ["millrace.local_date(\"date '2026-10-25'\", 'America/New_York')", "2026-10-25 00:00:00"],
  ["millrace.local_date(\"date '2026-10-25'\", 'UTC')", "2026-10-25 00:00:00"],
  ["millrace.local_date(\"timestamp '2026-10-25 03:59:59'\", 'America/New_York')", "2026-10-24 00:00:00"],
] as const;

describe("the calendar of segments when clocks go back", () => {
  let lab: IdentityLab;
  let came: ReadonlyMap<unknown, unknown>;
  beforeAll(async () => {
    const model = cases.map(([call], i) => `select ${i} as number, cast({{ ${call} }} as timestamp) as instant`);
    lab = await openIdentityLab({ "models/instants.sql": model.join("\nunion all\n") });
    await lab.dbt(["run", "--quiet"], { MILLRACE_AS_OF: "2026-10-26 01:30:00.000000" });
    const rows = await lab.sql("select number, strftime(instant, '%Y-%m-%d %H:%M:%S') as instant from instants");
    came = new Map(rows.map(({ number, instant }) => [number, instant]));
  }, 240_000);
  afterAll(() => lab?.close());

  it.each(cases.map(([call, instant], i) => [call, instant, i] as const))("%s is %s", (_call, instant, i) => {
    expect(came.get(i)).toBe(instant);
  });
});
