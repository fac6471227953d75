/** What a row of an engine's tables has room for, where that ends before the traits of a project may. */
export interface RowRoom {
  /** Of the engine, as people call it. */
  readonly engine: string;
  /** Of a row with its header. */
  readonly bytes: number;
  /** Rows above this have their longest values moved to another place, which costs a look-up per value. */
  readonly compactBytes: number;
  /** Of a table or a view. */
  readonly columns: number;
}

/**
 * Postgres keeps a row in one page: 8,192 bytes without the page's own header and the pointer to the row. From 2,032 bytes on (a quarter
 * of a page) TOAST moves values out. A view ends where a table does, at 1,600 columns.
 * https://www.postgresql.org/docs/current/limits.html, https://www.postgresql.org/docs/current/storage-toast.html
 */
const rooms: ReadonlyMap<string, RowRoom> = new Map([
  ["postgres", { engine: "Postgres", bytes: 8160, compactBytes: 2032, columns: 1600 }],
]);

/** The tightest of the engines; undefined: none of them ends before a project does. */
export const rowRoomOf = (engines: readonly string[]): RowRoom | undefined =>
  engines.flatMap((engine) => rooms.get(engine) ?? [])[0];
