import { randomOf } from "../matching/people.ts";

/** How the people of a generated town leave traces. Shares are 0–1. */
export interface Town {
  readonly seed: number;
  readonly people: number;
  /** People with a customer number; the others are known by what they typed. */
  readonly accounts: number;
  /** People who live in twos to fours and share one device beside their own. */
  readonly families: number;
  /** Devices in shops and libraries, and how many people use each. */
  readonly kiosks: number;
  readonly visitors: number;
  /** Records that bear one and the same address, which is nobody's. */
  readonly junk: number;
  /** People with a second address. */
  readonly secondEmail: number;
}

/** What the figure is measured on: the town. */
export const usual: Omit<Town, "seed" | "people"> = {
  accounts: 1,
  families: 0.3,
  kiosks: 1 / 1_500,
  visitors: 150,
  junk: 0.02,
  secondEmail: 0.25,
};

export interface Traces {
  /** contact_id, updated_at, customer_no, email, phone. */
  readonly crm: Row[];
  /** message_id, received_at, anonymous_id, user_id, email. */
  readonly web: Row[];
  /** order_id, ordered_at, email, phone. */
  readonly shop: Row[];
  /** namespace, value, person: identifiers that are one person's own; shared ones are nobody's. */
  readonly truth: Row[];
}

type Row = readonly (string | number | null)[];

interface Person {
  readonly user: string | null;
  readonly emails: readonly string[];
  readonly phone: string | null;
  readonly devices: readonly string[];
}

const junk = "none@example.org";

/** The same traces for the same town, every time. */
export function traces(town: Town): Traces {
  const next = randomOf(town.seed);
  const chance = (share: number): boolean => next() < share;
  const below = (n: number): number => Math.floor(next() * n);
  const one = <T>(list: readonly T[]): T | null => list[below(list.length)] ?? null;
  const instant = (): string => new Date(Date.UTC(2025, 0, 1) + below(300 * 86_400) * 1_000).toISOString().slice(0, 19);
  const all: Traces = { crm: [], web: [], shop: [], truth: [] };

  const people = Array.from({ length: town.people }, (_, n): Person => {
    const emails = [`p${n}@example.com`, ...(chance(town.secondEmail) ? [`p${n}.work@example.net`] : [])];
    return {
      user: chance(town.accounts) ? `c${n}` : null,
      emails,
      phone: chance(0.7) ? `+4477${String(n).padStart(8, "0")}` : null,
      devices: Array.from({ length: 1 + below(3) }, (_, i) => `device-${n}-${i}`),
    };
  });
  /** Somebody says who they are on a device: logs in, types an address, or both. */
  const identify = (device: string, { user, emails }: Person): void => {
    const logsIn = user !== null && chance(0.6);
    const types = !logsIn || chance(0.4);
    const email = chance(town.junk) ? junk : one(emails);
    all.web.push([`m${all.web.length}`, instant(), device, logsIn ? user : null, types ? email : null]);
  };

  for (const [n, person] of people.entries()) {
    const { user, emails, phone, devices } = person;
    const own: (readonly [string, string | null])[] = [
      ["user_id", user],
      ["phone", phone],
      ...emails.map((email) => ["email", email] as const),
      ...devices.map((device) => ["device_id", device] as const),
    ];
    for (const [namespace, value] of own) if (value !== null) all.truth.push([namespace, value, n]);
    const [first = null, second] = emails;
    if (user !== null) all.crm.push([`k${n}`, instant(), user, chance(town.junk) ? junk : first, phone]);
    for (const device of devices) for (let i = 1 + below(4); i > 0; i--) identify(device, person);
    for (let i = below(3); i > 0; i--)
      all.shop.push([
        `o${all.shop.length}`,
        instant(),
        chance(town.junk) ? junk : one(emails),
        chance(0.8) ? phone : null,
      ]);
    // a second address becomes known where it is used
    if (second !== undefined && chance(0.5)) all.shop.push([`o${all.shop.length}`, instant(), second, phone]);
  }
  for (let n = 0, home = 0; n < town.people * town.families; home++) {
    const family = people.slice(n, n + 2 + below(3));
    n += family.length;
    for (const member of family) for (let i = 1 + below(5); i > 0; i--) identify(`home-${home}`, member);
  }
  for (let kiosk = 0; kiosk < town.people * town.kiosks; kiosk++)
    for (let i = 0; i < town.visitors; i++) {
      const visitor = one(people);
      if (visitor !== null) identify(`kiosk-${kiosk}`, visitor);
    }
  return all;
}
