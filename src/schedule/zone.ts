const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A time zone's rules, from the ICU data that comes with Node. */
export interface Zone {
  /** What clocks on the wall show at an instant, as if it were UTC (milliseconds since 1970). */
  wallAt(instant: number): number;
  /** The instants at which clocks show `wall`: one; two where it is repeated in autumn; none where spring skips it. In order. */
  instantsOf(wall: number): readonly number[];
  /** The instant at which clocks jump over `wall`, which they never show. */
  jumpOver(wall: number): number;
  /** The zone's offset when it is the same all around a day that begins at `wall`; null when clocks change near it. */
  steadyOffset(wall: number): number | null;
}

/** Rules of an IANA time zone, such as Europe/London. Throws RangeError for a zone that does not exist. */
export function zone(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });

  function wallAt(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  const offsetAt = (instant: number): number => wallAt(instant) - instant;

  return {
    wallAt,

    instantsOf(wall) {
      const offsets = new Set([offsetAt(wall - DAY), offsetAt(wall + DAY)]);
      const found: number[] = [];
      for (const offset of offsets) if (wallAt(wall - offset) === wall) found.push(wall - offset);
      return found.sort((a, b) => a - b);
    },

    jumpOver(wall) {
      // Clocks change on a full minute: halve the two days around it until one minute is left.
      let [before, after] = [wall - DAY, wall + DAY];
      const old = offsetAt(before);
      while (after - before > MINUTE) {
        const middle = before + Math.floor((after - before) / 2 / MINUTE) * MINUTE;
        if (offsetAt(middle) === old) before = middle;
        else after = middle;
      }
      return after;
    },

    steadyOffset(wall) {
      const offset = offsetAt(wall - DAY);
      return offset === offsetAt(wall + 2 * DAY) ? offset : null;
    },
  };
}
