import { describe, expect, it } from "vitest";
import { envFrom } from "../../src/config/env.ts";
import { materialise } from "../../src/config/materialise.ts";
import { keyAt, nodeAt, placeAt } from "../../src/config/source.ts";
import { readYaml } from "../../src/config/yaml.ts";

const read = (text: string) => {
  const { root, faults } = readYaml(text, "f.yml");
  if (root === undefined) throw new Error(JSON.stringify(faults));
  return { root, faults, data: materialise(root, envFrom({}), { secretRefs: "none" }).data };
};

describe("YAML with places", () => {
  it("is YAML 1.2: yes, no and dates are text, keys are text", () => {
    const { data } = read(
      `"Customer No": no\n1: yes\n'it''s': 2024-01-01\nnull: ~\nt: true\nn: 0x10\nm: |\n  a\n  b\n`,
    );
    expect(data).toEqual({
      "Customer No": "no",
      1: "yes",
      "it's": "2024-01-01",
      null: null,
      t: true,
      n: 16,
      m: "a\nb\n",
    });
  });

  it("follows anchors, and says where a value is used", () => {
    const { root, data } = read("a: &x { b: 1 }\nc: *x\n");
    expect(data).toEqual({ a: { b: 1 }, c: { b: 1 } });
    expect(keyAt(root, ["c"])).toEqual({ file: "f.yml", line: 2, column: 1 });
  });

  it("knows the line and column of every key and value, with Windows line ends and wide characters too", () => {
    const { root } = read("a:\r\n  - b: é\r\n    c: 'x'\r\n");
    expect(placeAt(root, ["a", 0, "c"])).toEqual({ file: "f.yml", line: 3, column: 8 });
    expect(keyAt(root, ["a", 0, "c"])).toMatchObject({ line: 3, column: 5 });
    expect(nodeAt(root, ["a", 0, "c"])).toMatchObject({ value: "x" });
    expect(placeAt(root, ["a", 1, "zzz"])).toMatchObject({ line: 1 });
  });

  it("keeps names that JavaScript objects have already", () => {
    const { data } = read("constructor: a\ntoString: b\n");
    expect(Object.entries(data ?? {})).toEqual([
      ["constructor", "a"],
      ["toString", "b"],
    ]);
    expect(readYaml("__proto__: { a: 1 }\n", "f.yml").faults).toHaveLength(1);
  });

  it("refuses a file whose anchors multiply without end", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(", ")}]`);
    expect(readYaml(lines.join("\n"), "f.yml").faults[0]?.message).toBe("this alias cannot be followed");
  });
});
