import type { Value } from "../../core/value.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach } from "./errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly links: { readonly [name: string]: Value };
}

/** Cuts the page that `page[cursor]` and `page[size]` ask for: https://developers.klaviyo.com/en/reference/api_overview#pagination */
export function cutPage<T>(
  call: Call,
  all: readonly T[],
  sizes: { readonly usual: number; readonly max: number },
): Page<T> | Answer {
  const asked = call.query.get("page[size]");
  const size = asked === null ? sizes.usual : Number(asked);
  if (!Number.isInteger(size) || size < 1 || size > sizes.max) {
    return breach(400, `page[size] must be between 1 and ${sizes.max}`, "page[size]");
  }
  const cursor = call.query.get("page[cursor]");
  const from =
    cursor === null
      ? 0
      : Number(
          Buffer.from(cursor, "base64url")
            .toString("utf8")
            .replace(/^next::/, ""),
        );
  if (!Number.isInteger(from) || from < 0) return breach(400, "invalid page cursor", "page[cursor]");
  const link = (start: number) => {
    const query = new URLSearchParams(call.query);
    query.set("page[cursor]", Buffer.from(`next::${start}`).toString("base64url"));
    return `${call.base}${call.path}?${query.toString()}`;
  };
  const next = from + size < all.length ? { next: link(from + size) } : {};
  const prev = from > 0 ? { prev: link(Math.max(0, from - size)) } : {};
  return {
    items: all.slice(from, from + size),
    links: { self: `${call.base}${call.path}`, ...prev, ...next },
  };
}
