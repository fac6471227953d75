import { describe, expect, it } from "vitest";
import { envFrom } from "../../src/config/env.ts";
import { loadIdentity } from "../../src/config/load-identity.ts";
import { tempProject } from "./temp-project.ts";

const identity = `identity:
  namespaces:
    email: { priority: 1 }
  sources:
    crm: { model: stg_crm, key: id, traits: { first_name: f, last_name: l, born: b, postcode: p } }
  matching:
    compare: { first_name: name, last_name: name, born: date, postcode: code }
    weights: ./identity.weights.yml
    threshold: 0.95
`;

function load(weights: string | null) {
  const files = { "identity.yml": identity, ...(weights !== null && { "identity.weights.yml": weights }) };
  const { config, faults } = loadIdentity(tempProject(files), envFrom({}));
  return {
    weighing: config?.matching?.weighing,
    lines: faults.map(({ file, line, message, mend }) => `${file}:${line}: ${message} — ${mend}`),
  };
}

describe("the file of weights", () => {
  it("may be missing: people's default stands, by the traits' names", () => {
    const { weighing, lines } = load(null);
    expect(lines).toEqual([]);
    expect(weighing?.from).toBeNull();
    expect(weighing?.traits.map(({ trait, role }) => `${trait} ${role}`)).toEqual([
      "first_name given_name",
      "last_name family_name",
      "born date",
      "postcode postcode",
    ]);
  });

  it("replaces the default of the traits it names", () => {
    const { weighing, lines } = load(`weights:
  matches_per_record: 0.5
  housemates_per_record: learn
  traits:
    postcode: { as: code }
    born:
      levels:
        different: { match: 0.1, housemate: 0.9, other: 0.99 }
        exact: { match: 0.8, housemate: { frequency_at_least: 0.02 }, other: frequency }
        typo: { match: 0.06, housemate: 0.01, other: 0.001 }
        near: { match: 0.04, housemate: 0.01, other: 0.01 }
`);
    expect(lines).toEqual([]);
    expect(weighing).toMatchObject({ from: "identity.weights.yml", matchesPerRecord: 0.5, housematesPerRecord: null });
    expect(weighing?.traits[3]).toMatchObject({ role: "code" });
    // The order is that in which levels are tried, whatever the file's.
    expect(weighing?.traits[2]?.levels.map(({ level }) => level)).toEqual(["exact", "typo", "near", "different"]);
    expect(weighing?.traits[2]?.levels[0]?.housemate).toEqual({ frequencyAtLeast: 0.02 });
  });

  it.each([
    [
      "an unknown trait",
      "weights:\n  traits:\n    firstname: { as: given_name }\n",
      ['identity.weights.yml:3: matching compares no trait "firstname" — did you mean "first_name"?'],
    ],
    [
      "a chance above 1",
      "weights:\n  traits:\n    postcode:\n      levels:\n        exact: { match: 1.2, housemate: 0.5, other: 0.5 }\n",
      [expect.stringContaining("identity.weights.yml:5: ")],
    ],
    [
      "a level that the trait has not",
      "weights:\n  traits:\n    postcode:\n      levels:\n        swapped: { match: 1, housemate: 0.5, other: 0.5 }\n",
      [
        expect.stringContaining('identity.weights.yml:5: postcode has no level "swapped"'),
        expect.stringContaining("identity.weights.yml:4: levels of postcode are missing: exact, typo, near, different"),
      ],
    ],
    [
      "chances that add up to something else",
      `weights:
  traits:
    born:
      levels:
        exact: { match: 0.5, housemate: 0.01, other: frequency }
        typo: { match: 0.06, housemate: 0.01, other: 0.001 }
        near: { match: 0.04, housemate: 0.01, other: 0.01 }
        different: { match: 0.1, housemate: 0.9, other: 0.99 }
`,
      [
        "identity.weights.yml:4: the chances of born in a match add up to 0.7 — every pair is at one level: make them add up to 1",
      ],
    ],
    ["what is no YAML", "weights: [\n", [expect.stringContaining("identity.weights.yml:")]],
  ])("refuses %s", (_what, text, lines) => {
    const { weighing, lines: said } = load(text);
    expect(said).toEqual(lines);
    expect(weighing).toBeUndefined();
  });
});
