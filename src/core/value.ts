/** A JSON value: what a cell becomes on its way to a destination. Integers beyond ±(2^53−1) and wide decimals are strings. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Named values; the names are the destination's unless said otherwise. */
export type Row = { readonly [name: string]: Value };
