/** Marks a SQLite file as a Millrace store ("Mill"): `PRAGMA application_id`. */
export const APPLICATION_ID = 0x4d696c6c;

/**
 * One step per schema version, applied in order, each in its own transaction; `PRAGMA user_version` is the last one applied.
 * A released step is never edited: change the schema by appending one, with a fixture of the version before it in the tests.
 * Instants are milliseconds since 1970 (UTC); JSON is text.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table meta (
    name text primary key,
    value text not null
  ) strict, without rowid;

  -- A released lease keeps its row: the fence must rise for ever.
  create table leases (
    resource text primary key,
    fence integer not null,
    owner text,
    expires_at integer not null,
    machine text not null,
    pid integer not null
  ) strict, without rowid;

  create table runs (
    n integer primary key,
    id text not null unique,
    sync text not null,
    trigger text not null,
    stage text not null,
    status text not null,
    started_at integer not null,
    ended_at integer,
    total integer,
    config text,
    plan text,
    held_for text not null default '[]',
    counts text,
    error text
  ) strict;
  create index runs_by_sync on runs (sync, started_at);
  create index runs_by_status on runs (status);

  create table batches (
    run_id text not null references runs (id),
    from_seq integer not null,
    to_seq integer not null,
    id text not null,
    attempt integer not null default 0,
    next_at integer,
    state text not null default 'planned',
    job text,
    delivered integer not null default 0,
    accepted integer not null default 0,
    rejected integer not null default 0,
    retry integer not null default 0,
    unknown integer not null default 0,
    primary key (run_id, from_seq),
    unique (run_id, id)
  ) strict, without rowid;

  -- Apart from batches, because they are large and leave when the warehouse has them.
  create table batch_results (
    run_id text not null,
    from_seq integer not null,
    results text not null,
    primary key (run_id, from_seq)
  ) strict;

  create table syncs (
    name text primary key,
    last_settled text,
    target_state text,
    last_tick integer
  ) strict, without rowid;
  `,
  `
  -- What platforms said of their targets' fields: names and types, JSON.
  create table targets (
    name text primary key,
    field_types text not null
  ) strict, without rowid;
  `,
];
