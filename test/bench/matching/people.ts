import { cityParts, familyNames, givenNames, streetKinds, streetWords } from "./names.ts";

/** How a set of generated people goes wrong. Shares are per value of a record, unless said otherwise. */
export interface Profile {
  readonly seed: number;
  readonly people: number;
  /** Records per person: how many have 1, 2, 3, … (weights). */
  readonly records: readonly number[];
  /** Languages of names by weight. */
  readonly languages: Readonly<Record<string, number>>;
  /** Share of people who live with others: a couple, children with the name and the address, twins among them. */
  readonly households: number;
  readonly missing: number;
  readonly typos: number;
  /** First and last name exchanged, per record. */
  readonly swapped: number;
  readonly nicknames: number;
  /** A date's day and month exchanged, or one of its digits wrong. */
  readonly wrongDates: number;
  /** Another address from this record on, per record. */
  readonly moves: number;
  /** Last name changed (marriage), per person. */
  readonly renamed: number;
  /** Accents lost, per record. */
  readonly plain: number;
  readonly emails: boolean;
}

export interface PersonRecord {
  readonly id: string;
  readonly person: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly date_of_birth: string | null;
  readonly street: string | null;
  readonly city: string | null;
  readonly postcode: string | null;
  readonly phone: string | null;
  readonly email: string | null;
}

/** Deterministic: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Person {
  readonly id: string;
  readonly forms: readonly string[];
  readonly last: string;
  readonly maiden: string | null;
  readonly born: string;
  readonly home: Home;
  readonly phone: string;
  readonly email: string;
}

interface Home {
  readonly street: string;
  readonly city: string;
  readonly postcode: string;
  readonly phone: string;
}

/** People, some in households, each with records that differ by the profile's errors. */
export function generate(profile: Profile): PersonRecord[] {
  const random = randomOf(profile.seed);
  const chance = (share: number) => random() < share;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  /** Common ones first: the rank is exponential-like, as names are. */
  const common = <T>(from: readonly T[]): T => from[Math.floor(from.length * random() ** 2)] as T;
  const weighted = (weights: readonly number[]): number => {
    let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return i;
    }
    return weights.length - 1;
  };
  const digits = (n: number) => Array.from({ length: n }, () => Math.floor(random() * 10)).join("");
  const letters = (n: number) => Array.from({ length: n }, () => pick([..."abcdefghijklmnopqrstuvwxyz"])).join("");
  const languages = Object.keys(profile.languages);
  const languageWeights = Object.values(profile.languages);
  const cities = Array.from({ length: Math.max(20, Math.floor(profile.people / 200)) }, () => {
    const name = `${chance(0.3) ? `${pick(cityParts[0])} ` : ""}${pick(cityParts[2])}${pick(cityParts[1])}`;
    return { name, area: `${letters(2)}${Math.floor(random() * 30) + 1}` };
  });

  const home = (): Home => {
    const city = common(cities);
    return {
      street: `${Math.floor(random() ** 2 * 180) + 1} ${pick(streetWords)} ${pick(streetKinds)}`,
      city: city.name,
      postcode: `${city.area} ${Math.floor(random() * 9)}${letters(2)}`,
      phone: `01${digits(8)}`,
    };
  };
  const lastName = (language: string): string => {
    if (chance(0.55)) return common(familyNames[language] ?? familyNames.en ?? []);
    const parts = cityParts[2];
    return `${pick(parts)}${pick(["a", "e", "i", "o", "er", "en", "an", "ing"])}${pick(["son", "ley", "man", "ski", "ova", "berg", "ez", "idis", "wood", "well"])}`;
  };
  const bornIn = (from: number, to: number): string => {
    const year = from + Math.floor(random() * (to - from));
    const month = 1 + Math.floor(random() * 12);
    const day = 1 + Math.floor(random() * 28);
    return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  };

  const people: Person[] = [];
  const add = (language: string, last: string, born: string, where: Home, maiden: string | null = null): void => {
    const forms = common(givenNames[language] ?? givenNames.en ?? []);
    const phone = chance(0.4) ? where.phone : `07${digits(9)}`;
    const short = (name: string) => name.normalize("NFD").replace(/[^a-z]/g, "");
    const email = `${short(forms[0] ?? "")}.${short(last)}${chance(0.7) ? digits(2) : ""}@${pick(["gmail.com", "mail.example", "web.example", "post.example"])}`;
    people.push({ id: `p${people.length}`, forms, last, maiden, born, home: where, phone, email });
  };
  while (people.length < profile.people) {
    const language = languages[weighted(languageWeights)] ?? "en";
    const last = lastName(language);
    const where = home();
    const renamed = () => (chance(profile.renamed) ? lastName(language) : null);
    if (!chance(profile.households)) {
      add(language, last, bornIn(1930, 2004), where, renamed());
      continue;
    }
    add(language, last, bornIn(1950, 1985), where);
    add(language, chance(0.75) ? last : lastName(language), bornIn(1950, 1985), where, renamed());
    const children = weighted([2, 3, 3, 1]);
    for (let child = 0; child < children; child++) {
      const born = bornIn(1985, 2012);
      add(language, last, born, where);
      if (chance(0.03)) add(language, last, born, where);
    }
  }

  const typo = (text: string): string => {
    const at = Math.floor(random() * text.length);
    const letter = /\d/.test(text[at] ?? "") ? digits(1) : letters(1);
    const kind = weighted([3, 2, 2, 2]);
    if (kind === 0) return text.slice(0, at) + letter + text.slice(at + 1);
    if (kind === 1) return text.slice(0, at) + text.slice(at + 1);
    if (kind === 2) return text.slice(0, at) + letter + text.slice(at);
    return text.slice(0, at) + (text[at + 1] ?? "") + (text[at] ?? "") + text.slice(at + 2);
  };
  const wrongDate = (date: string): string => {
    const [year = "", month = "", day = ""] = date.split("-");
    if (chance(0.3) && Number(day) <= 12) return `${year}-${day}-${month}`;
    if (chance(0.3)) return `${year}-${month}-${String(1 + Math.floor(random() * 28)).padStart(2, "0")}`;
    if (chance(0.2)) return `${year}-01-01`;
    if (chance(0.5)) return `${Number(year) + pick([-10, -1, 1, 10])}-${month}-${day}`;
    return `${year}-${String(1 + Math.floor(random() * 12)).padStart(2, "0")}-${day}`;
  };
  const value = (text: string, typos = profile.typos): string | null => {
    if (chance(profile.missing)) return null;
    return chance(typos) ? typo(text) : text;
  };
  const plain = (text: string | null): string | null =>
    text?.normalize("NFD").replace(/\p{M}/gu, "").replace(/ł/g, "l").replace(/ı/g, "i").replace(/đ/g, "d") ?? null;

  const records: PersonRecord[] = [];
  for (const person of people) {
    let at = person.home;
    let last = person.maiden ?? person.last;
    const count = 1 + weighted(profile.records);
    for (let i = 0; i < count; i++) {
      if (i > 0 && chance(profile.moves)) at = home();
      if (i > 0 && person.maiden !== null && chance(0.5)) last = person.last;
      const form = chance(profile.nicknames) ? pick(person.forms) : (person.forms[0] ?? "");
      const lost = chance(profile.plain);
      const names = [value(form), value(last)].map((name) => (lost ? plain(name) : name));
      if (chance(profile.swapped)) names.reverse();
      const born = chance(profile.wrongDates) ? wrongDate(person.born) : person.born;
      records.push({
        id: `${person.id}-${i}`,
        person: person.id,
        first_name: names[0] ?? null,
        last_name: names[1] ?? null,
        date_of_birth: value(born, 0),
        street: value(at.street),
        city: value(at.city),
        postcode: value(at.postcode),
        phone: chance(profile.missing) ? null : value(person.phone, profile.typos / 2),
        email: profile.emails ? value(person.email, profile.typos / 2) : null,
      });
    }
  }
  return records;
}
