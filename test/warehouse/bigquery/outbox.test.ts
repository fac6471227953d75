import { describe, expect, it } from "vitest";
import { BEGIN, COMMIT, doingOf, Outbox } from "../../../src/warehouse/bigquery/outbox.ts";
import { raw, type Sql } from "../../../src/warehouse/sql.ts";

const texts = (list: readonly Sql[]) => list.map(({ text }) => text);
const insert = raw("insert into `m`.`bindings` (`a`) values (?)");
const other = raw("delete from `m`.`ledger` where true");

describe("what a statement does", () => {
  it.each([
    ["select 1", { kind: "read" }],
    ["with a as (select 1) select * from a", { kind: "read" }],
    ["create temporary table diff as select 1", { kind: "temporary", table: "diff" }],
    ["drop table if exists _SESSION.diff", { kind: "temporary", table: "diff" }],
    ["insert into staged (n) values (1)", { kind: "temporary", table: "staged" }],
    ["insert into `m`.`t` (n) values (1)", { kind: "write", table: "m.t" }],
    ["delete from `m`.`t` as r where true", { kind: "write", table: "m.t" }],
    ["update `m`.`t` as l set a = 1 where true", { kind: "write", table: "m.t" }],
    ["create or replace table `m`.`t`\n partition by x as select 1", { kind: "definition", table: "m.t" }],
    ["create table if not exists `m`.`t` (n int64)", { kind: "definition", table: "m.t" }],
    ["drop view if exists `m`.`v`", { kind: "definition", table: "m.v" }],
    ["alter table `m`.`t` rename to `u`", { kind: "definition", table: "m.t" }],
    ["create schema if not exists `m`", { kind: "definition", table: "m" }],
  ])("%s", (text, doing) => {
    expect(doingOf(raw(text))).toEqual(doing);
  });
});

describe("a transaction", () => {
  it("is one script at its end where nothing reads what it wrote", () => {
    const box = new Outbox();
    expect(box.take([insert, other])).toEqual([]);
    expect(texts(box.take([raw("select count(*) from `m`.`model`")]))).toEqual(["select count(*) from `m`.`model`"]);
    expect(texts(box.commit())).toEqual([BEGIN.text, insert.text, other.text, COMMIT.text]);
  });

  it("needs none of BigQuery's for a single statement, and nothing for none", () => {
    const box = new Outbox();
    box.take([insert]);
    expect(texts(box.commit())).toEqual([insert.text]);
    expect(new Outbox().commit()).toEqual([]);
  });

  it("is opened by whatever reads what it wrote, and stays open", () => {
    const box = new Outbox();
    box.take([insert]);
    const read = raw("select * from `m`.`bindings`");
    expect(texts(box.take([read]))).toEqual([BEGIN.text, insert.text, read.text]);
    expect(box.open).toBe(true);
    expect(box.take([other])).toEqual([]);
    expect(texts(box.commit())).toEqual([other.text, COMMIT.text]);
  });

  it("does not take bindings2 for bindings", () => {
    const box = new Outbox();
    box.take([insert]);
    expect(texts(box.take([raw("select * from `m`.`bindings2`")]))).toHaveLength(1);
    expect(box.open).toBe(false);
  });

  it("keeps a temporary table until the write that reads it has been sent", () => {
    const box = new Outbox();
    const from = raw("insert into `m`.`ledger` select * from rebased");
    box.take([raw("create temporary table rebased as select 1"), from]);
    const drop = raw("drop table if exists _SESSION.rebased");
    expect(texts(box.take([drop]))).toEqual([BEGIN.text, from.text, drop.text]);
  });

  it("sends definitions at once, outside of BigQuery's transaction", () => {
    const box = new Outbox();
    box.take([insert]);
    const define = raw("create or replace table `m`.`plan` as select 1");
    expect(texts(box.take([define]))).toEqual([define.text]);
    box.take([raw("select * from `m`.`bindings`")]);
    expect(texts(box.take([other, define]))).toEqual([COMMIT.text, define.text]);
    expect(texts(box.commit())).toEqual([other.text]);
  });
});
