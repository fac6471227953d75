/** How a trait is compared, as identity.yml says it. */
export type ComparisonKind = "name" | "date" | "code" | "email" | "phone" | "text" | "exact";

/**
 * How likely a level of agreement is. `frequency`: the share of records that bear the value, so that agreeing on a rare
 * name says more than agreeing on a common one; `frequencyAtLeast`: that, and never less than the number.
 */
export type Chance = number | "frequency" | { readonly frequencyAtLeast: number };

/** One level of agreement of a trait in a pair of records that both have it; the first that fits counts. */
export interface MatchLevel {
  readonly level: string;
  /** In pairs of one person: m in Fellegi and Sunter's words. */
  readonly match: number;
  /** In pairs of two people of one household: parents and children, couples, twins. */
  readonly housemate: Chance;
  /** In pairs of any two people: u in Fellegi and Sunter's words. */
  readonly other: number | "frequency";
}

/** What a trait says of a person, which decides its levels. */
export type TraitRole =
  | "given_name"
  | "family_name"
  | "full_name"
  | "date"
  | "postcode"
  | "code"
  | "place"
  | "address"
  | "text"
  | "phone"
  | "email"
  | "shared"
  | "attribute";

export interface TraitWeights {
  readonly trait: string;
  readonly role: TraitRole;
  /** The strongest agreement first; the last one holds what no other does. */
  readonly levels: readonly MatchLevel[];
}

export interface MatchWeights {
  /** The file that says them; null: the default for people. */
  readonly from: string | null;
  /** Other records of the same person that a record has on average; null: learnt from the records of every run. */
  readonly matchesPerRecord: number | null;
  /** Records of housemates that a record has on average; null: learnt likewise. */
  readonly housematesPerRecord: number | null;
  readonly traits: readonly TraitWeights[];
}

/**
 * The default for data about people, by role. Set by hand from what is known of such data (about one value in seven is
 * written in two ways; a fiftieth of names is exchanged; couples and children share name and address, and hardly ever a
 * day of birth), not fitted to labels, though the design was chosen while watching labelled sets
 * (docs/identity-matching.md). How often any two people agree on a value is counted in the data.
 */
export const defaultLevels: Readonly<Record<TraitRole, readonly MatchLevel[]>> = {
  given_name: [
    { level: "exact", match: 0.73, housemate: { frequencyAtLeast: 0.01 }, other: "frequency" },
    { level: "swapped", match: 0.02, housemate: 0.0004, other: 0.0002 },
    { level: "close", match: 0.1, housemate: 0.004, other: 0.004 },
    { level: "near", match: 0.06, housemate: 0.01, other: 0.01 },
    { level: "initial", match: 0.01, housemate: 0.0015, other: 0.0015 },
    { level: "different", match: 0.08, housemate: 0.97, other: 0.98 },
  ],
  family_name: [
    { level: "exact", match: 0.78, housemate: 0.75, other: "frequency" },
    { level: "swapped", match: 0.02, housemate: 0.0004, other: 0.0002 },
    { level: "close", match: 0.08, housemate: 0.06, other: 0.004 },
    { level: "near", match: 0.04, housemate: 0.02, other: 0.01 },
    { level: "different", match: 0.08, housemate: 0.17, other: 0.98 },
  ],
  full_name: [
    { level: "exact", match: 0.6, housemate: { frequencyAtLeast: 0.01 }, other: "frequency" },
    { level: "close", match: 0.2, housemate: 0.02, other: 0.001 },
    { level: "near", match: 0.1, housemate: 0.1, other: 0.01 },
    { level: "different", match: 0.1, housemate: 0.87, other: 0.98 },
  ],
  date: [
    { level: "exact", match: 0.86, housemate: { frequencyAtLeast: 0.01 }, other: "frequency" },
    { level: "typo", match: 0.07, housemate: 0.003, other: 0.0012 },
    { level: "near", match: 0.03, housemate: 0.006, other: 0.006 },
    { level: "different", match: 0.04, housemate: 0.98, other: 0.99 },
  ],
  postcode: [
    { level: "exact", match: 0.72, housemate: 0.84, other: "frequency" },
    { level: "typo", match: 0.09, housemate: 0.09, other: 0.002 },
    { level: "near", match: 0.04, housemate: 0.02, other: 0.006 },
    { level: "different", match: 0.15, housemate: 0.05, other: 0.98 },
  ],
  code: [
    { level: "exact", match: 0.88, housemate: { frequencyAtLeast: 0.0005 }, other: "frequency" },
    { level: "typo", match: 0.06, housemate: 0.0005, other: 0.0005 },
    { level: "near", match: 0.02, housemate: 0.003, other: 0.003 },
    { level: "different", match: 0.04, housemate: 0.99, other: 0.99 },
  ],
  place: [
    { level: "exact", match: 0.72, housemate: 0.86, other: "frequency" },
    { level: "close", match: 0.08, housemate: 0.08, other: 0.002 },
    { level: "near", match: 0.05, housemate: 0.02, other: 0.01 },
    { level: "different", match: 0.15, housemate: 0.04, other: 0.98 },
  ],
  address: [
    { level: "exact", match: 0.66, housemate: 0.8, other: "frequency" },
    { level: "close", match: 0.1, housemate: 0.12, other: 0.001 },
    { level: "near", match: 0.06, housemate: 0.03, other: 0.01 },
    { level: "different", match: 0.18, housemate: 0.05, other: 0.98 },
  ],
  text: [
    { level: "exact", match: 0.7, housemate: "frequency", other: "frequency" },
    { level: "close", match: 0.1, housemate: 0.004, other: 0.002 },
    { level: "near", match: 0.05, housemate: 0.01, other: 0.01 },
    { level: "different", match: 0.15, housemate: 0.98, other: 0.98 },
  ],
  phone: [
    { level: "exact", match: 0.7, housemate: 0.4, other: "frequency" },
    { level: "typo", match: 0.05, housemate: 0.03, other: 0.0002 },
    { level: "different", match: 0.25, housemate: 0.57, other: 0.99 },
  ],
  email: [
    { level: "exact", match: 0.75, housemate: { frequencyAtLeast: 0.05 }, other: "frequency" },
    { level: "close", match: 0.07, housemate: 0.004, other: 0.002 },
    { level: "different", match: 0.18, housemate: 0.95, other: 0.99 },
  ],
  shared: [
    { level: "exact", match: 0.85, housemate: 0.95, other: "frequency" },
    { level: "different", match: 0.15, housemate: 0.05, other: 0.9 },
  ],
  attribute: [
    { level: "exact", match: 0.85, housemate: "frequency", other: "frequency" },
    { level: "different", match: 0.15, housemate: 0.9, other: 0.9 },
  ],
};

/**
 * How common a value of a trait is among people in general, to an order of magnitude: what is known before any record was
 * seen. A few records alone would make every value look common.
 */
export const usualShare: Readonly<Record<TraitRole, number>> = {
  given_name: 0.003,
  family_name: 0.0005,
  full_name: 0.00001,
  date: 0.00004,
  postcode: 0.00002,
  code: 0.000001,
  place: 0.003,
  address: 0.00002,
  text: 0.001,
  phone: 0.000001,
  email: 0.000001,
  shared: 0.2,
  attribute: 0.2,
};

/** As many records as that knowledge is worth. */
export const usualRecords = 1_000;

/** The role of a trait, from how it is compared and, where that leaves a choice, from its name. */
export function roleOf(trait: string, kind: ComparisonKind): TraitRole {
  const named = (pattern: RegExp) => pattern.test(trait.toLowerCase());
  switch (kind) {
    case "name":
      if (named(/first|given|fore|christian/)) return "given_name";
      return named(/last|sur|family/) ? "family_name" : "full_name";
    case "code":
      return named(/post|zip/) ? "postcode" : "code";
    case "text":
      if (named(/street|address|road/)) return "address";
      return named(/city|town|suburb|place|county|region|village|locality/) ? "place" : "text";
    case "exact":
      return named(/state|province|region|country|county|house|street/) ? "shared" : "attribute";
    default:
      return kind;
  }
}

export function defaultWeights(
  compare: readonly { readonly trait: string; readonly kind: ComparisonKind }[],
): MatchWeights {
  const traits = compare.map(({ trait, kind }) => {
    const role = roleOf(trait, kind);
    return { trait, role, levels: defaultLevels[role] };
  });
  return { from: null, matchesPerRecord: null, housematesPerRecord: null, traits };
}
