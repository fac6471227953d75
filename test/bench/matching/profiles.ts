import type { Profile } from "./people.ts";

const usual: Profile = {
  seed: 1,
  people: 8_000,
  records: [5, 3, 2, 1],
  languages: { en: 1 },
  households: 0.4,
  missing: 0.08,
  typos: 0.06,
  swapped: 0.01,
  nicknames: 0.1,
  wrongDates: 0.04,
  moves: 0.1,
  renamed: 0.05,
  plain: 0,
  emails: false,
};

/** Generated sets of different trouble; weights were set by hand and not fitted to them, but the design was chosen while watching them. */
export const profiles: Readonly<Record<string, Profile>> = {
  usual,
  clean: {
    ...usual,
    seed: 2,
    missing: 0.02,
    typos: 0.01,
    nicknames: 0.02,
    wrongDates: 0.01,
    moves: 0.02,
    renamed: 0.01,
  },
  dirty: {
    ...usual,
    seed: 3,
    missing: 0.2,
    typos: 0.18,
    nicknames: 0.25,
    wrongDates: 0.12,
    moves: 0.25,
    swapped: 0.04,
  },
  households: { ...usual, seed: 4, households: 1 },
  many_records: {
    ...usual,
    seed: 5,
    people: 2_500,
    records: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    typos: 0.1,
    missing: 0.15,
  },
  languages: {
    ...usual,
    seed: 6,
    languages: { en: 1, de: 1, fr: 1, es: 1, pl: 1, tr: 1, in: 1, vi: 1, zh: 1 },
    plain: 0.3,
  },
  emails: { ...usual, seed: 7, emails: true, missing: 0.25 },
  singles: { ...usual, seed: 8, records: [20, 1], people: 20_000 },
};
