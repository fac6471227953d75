import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/core/value.ts";
import { fileRun, withFolder } from "./run.ts";

interface Wanted {
  readonly options?: Row;
  readonly match?: Row;
  readonly fields: Row;
}

const written = ({ options = {}, match = {}, fields }: Wanted): Promise<string> =>
  withFolder(async (folder) => {
    const run = fileRun({
      folder,
      target: "csv",
      options: { path: "out.csv", ...options },
      match: Object.keys(match),
      fields: Object.keys(fields),
      changes: [{ op: "add", key: "k1", match, fields }],
    });
    await run.send(1, 1);
    await run.finish();
    return readFile(join(folder, "out.csv"), "utf8");
  });

describe("CSV files", () => {
  test("put identifiers first, then the fields in the order of the YAML", async () => {
    const text = await written({ match: { email: "a@example.com" }, fields: { z: 1, a: true } });
    expect(text).toBe("email,z,a\na@example.com,1,true\n");
  });

  test("have the key in a column of its own where the sync has no match", async () => {
    expect(await written({ fields: { name: "Ann" } })).toBe("key,name\nk1,Ann\n");
    expect(await written({ fields: { name: "Ann" }, options: { key_column: "id" } })).toBe("id,name\nk1,Ann\n");
    expect(await written({ fields: { name: "Ann" }, options: { key_column: false } })).toBe("name\nAnn\n");
    expect(await written({ fields: { key: "own", name: "Ann" } })).toBe("key,name\nown,Ann\n");
  });

  test("write NULL as an empty field and empty text as two quotes", async () => {
    expect(await written({ match: { id: "1" }, fields: { a: null, b: "", c: "x" } })).toBe('id,a,b,c\n1,,"",x\n');
  });

  test("quote delimiters, quotes and line breaks as RFC 4180 says", async () => {
    const text = await written({ match: { id: "1" }, fields: { a: 'say "hi", you', b: "two\nlines", c: "cr\rhere" } });
    expect(text).toBe('id,a,b,c\n1,"say ""hi"", you","two\nlines","cr\rhere"\n');
  });

  test.each(["=cmd()", "+1 (555) 010", "-1-1", "@SUM(A1)", "=1", "-", "+"])(
    "neutralise the formula %s",
    async (cell) => {
      expect(await written({ match: { id: "1" }, fields: { a: cell } })).toBe(`id,a\n1,'${cell}\n`);
    },
  );

  test.each(["-1", "+44123", "-1.5e-3", "-.5", "+1."])("leave the number %s alone", async (cell) => {
    expect(await written({ match: { id: "1" }, fields: { a: cell } })).toBe(`id,a\n1,${cell}\n`);
  });

  test("leave negative numbers alone and write JSON as text", async () => {
    const text = await written({ match: { id: "1" }, fields: { a: -3, b: [1, "x"] } });
    expect(text).toBe('id,a,b\n1,-3,"[1,""x""]"\n');
  });

  test("take a delimiter, a byte order mark and no header", async () => {
    const options = { delimiter: ";", bom: true, header: false };
    expect(await written({ options, match: { id: "1" }, fields: { a: "x;y" } })).toBe('\ufeff1;"x;y"\n');
  });
});
