/** What an incremental identity run is measured on: a contact of each person with four traits, and logins; each shows two identifiers. */
export const identityYaml = `identity:
  namespaces:
    user_id: { priority: 1, verified: true, unique: true }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3, limit: { email: 3, within: 365 days } }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
    crm:
      table: crm
      key: id
      at: changed
      identifiers: { user_id: user_id, email: email }
      traits: { first_name: first_name, last_name: last_name, city: city, plan: plan }
`;

/** Identifiers of a person: an account, 1.25 addresses and 2 devices on average; records: a contact and 3.25 logins. */
export const perPerson = { identifiers: 4.25, records: 4.25 } as const;

const contactOf = (person: string): string =>
  `'u' || ${person}, 'person.' || ${person} || '.0@example.com', 'First ' || ${person} % 5000, 'Last ' || ${person} % 70000, 'City ' || ${person} % 900, 'plan ' || ${person} % 4`;

export const makeRecords = (people: number): readonly string[] => [
  "create table web (id bigint, seen timestamp, user_id varchar, email varchar, device_id varchar)",
  `insert into web
    select row_number() over (), timestamp '2025-01-01' + to_seconds((hash(p, k) % 20000000)::bigint),
      case when k < 2 then 'u' || p end,
      'Person.' || p || '.' || (case when k = 1 then 1 else 0 end) || '@Example.com',
      case when k >= 2 then 'd' || p || '-' || k end
    from range(${people}) as t(p), range(5) as s(k)
    where k = 0 or (k = 1 and p % 4 = 0) or k = 2 or (k = 3 and hash(p) % 3 > 0) or (k = 4 and hash(p) % 3 > 1)
    order by hash(p, k, 1)`,
  "create table crm (id bigint, changed timestamp, user_id varchar, email varchar, first_name varchar, last_name varchar, city varchar, plan varchar)",
  `insert into crm
    select p, timestamp '2025-01-01' + to_seconds((hash(p) % 20000000)::bigint), ${contactOf("p")}
    from range(${people}) as t(p)
    order by hash(p)`,
  "checkpoint",
];

/**
 * Later records: half are a known person on a new device, a quarter give a known account a new address, a quarter are contacts of new people;
 * one device in a hundred is another person's, which `unique` keeps from making two people one.
 */
export const addRecords = (people: number, records: number): readonly string[] => [
  `insert into web
    select (select max(id) from web) + 1 + i, timestamp '2025-10-01' + to_seconds(i),
      case i % 4 when 2 then 'u' || p end,
      'Person.' || p || '.' || (case i % 4 when 2 then 7 else 0 end) || '@Example.com',
      case when i % 4 < 2 then 'd' || (case when i % 200 = 0 then (p + 1) % ${people} || '-2' else p || '-9' end) end
    from (select i, (hash(i) % ${people})::bigint as p from range(${records}) as t(i))
    where i % 4 < 3`,
  `insert into crm
    select ${people} + i, timestamp '2025-10-01' + to_seconds(i), ${contactOf(`(${people} + i)`)}
    from range(${records}) as t(i)
    where i % 4 = 3`,
  "checkpoint",
];
