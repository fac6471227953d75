const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/**
 * The 18-character form of a record id: 15 case-sensitive characters plus three that encode which of them are capitals.
 * undefined: not an id at all.
 */
export function longId(id: string): string | undefined {
  if (!/^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$/.test(id)) return undefined;
  const short = id.slice(0, 15);
  let suffix = "";
  for (let block = 0; block < 3; block += 1) {
    let bits = 0;
    for (let at = 0; at < 5; at += 1) {
      const char = short[block * 5 + at] ?? "";
      if (char >= "A" && char <= "Z") bits += 1 << at;
    }
    suffix += DIGITS[bits] ?? "";
  }
  return short + suffix;
}

/** The n-th id of a kind; the three-character prefix says which. */
export function numberedId(prefix: string, n: number): string {
  const short = `${prefix}SB${n.toString(36).padStart(10, "0")}`;
  return longId(short) ?? short;
}
