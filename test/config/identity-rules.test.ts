import { describe, expect, it } from "vitest";
import { envFrom } from "../../src/config/env.ts";
import { loadIdentity } from "../../src/config/load-identity.ts";
import { tempProject } from "./temp-project.ts";

const lines = (namespace: string, trait: string): string[] => {
  const text = `identity:
  namespaces:
    ${namespace}: { priority: 1 }
  sources:
    crm: { model: stg_crm, key: id, identifiers: { ${namespace}: a }, traits: { ${trait}: b } }
`;
  const { faults } = loadIdentity(tempProject({ "identity.yml": text }), envFrom({}));
  return faults.map(({ file, line, message }) => `${file}:${line}: ${message}`);
};

describe("names in identity.yml", () => {
  it("may be one for a namespace and a trait, and none that the golden record has a column of", () => {
    expect(lines("email", "city")).toEqual([]);
    expect(lines("email", "email")).toEqual([]);
    expect(lines("profile_id", "city")).toEqual(['identity.yml:3: "profile_id" has a meaning of its own']);
    expect(lines("email", "profile_id")).toEqual(["identity.yml:5: profile_id is the profile itself"]);
  });
});
