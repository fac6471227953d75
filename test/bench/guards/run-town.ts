import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, declare } from "../../identity/stitching.ts";
import type { IdentityLab } from "../../support/identity-lab.ts";
import { type Town, traces } from "./town.ts";

/** How well a town's people were told apart: of identifiers that are somebody's own, pairwise. */
export interface TownOutcome {
  readonly precision: number;
  readonly recall: number;
  /** Profiles that hold identifiers of more than one person. */
  readonly mixed: number;
  /** People in the profile that mixes most. */
  readonly worst: number;
  readonly identifiers: number;
  readonly cpuSeconds: number;
}

/** As a user would write it: guards at their defaults. */
export const townYaml = `identity:
  namespaces:
    user_id: { unique: true, verified: true, priority: 1 }
    email: { normalise: email, priority: 2 }
    phone: { normalise: { phone: GB }, priority: 3 }
    device_id: { priority: 9, limit: { email: 3, within: 365 days } }
  sources:
    crm: { table: crm, key: contact_id, at: updated_at, identifiers: { user_id: customer_no, email: email, phone: phone }, traits: { city: city } }
    web: { table: web, key: message_id, at: received_at, identifiers: { device_id: anonymous_id, user_id: user_id, email: email } }
    shop: { table: shop, key: order_id, at: ordered_at, identifiers: { email: email, phone: phone } }
`;

const tables = {
  crm: "contact_id text, updated_at timestamp, customer_no text, email text, phone text",
  web: "message_id text, received_at timestamp, anonymous_id text, user_id text, email text",
  shop: "order_id text, ordered_at timestamp, email text, phone text",
  truth: "namespace text, value text, person integer",
} as const;

/** Stitches a town anew with the real models on DuckDB. */
export async function runTown(lab: IdentityLab, town: Town, yaml: string = townYaml): Promise<TownOutcome> {
  await declare(lab, yaml);
  const made = traces(town);
  for (const name of ["crm", "web", "shop", "truth"] as const) {
    const file = join(lab.dir, `${name}.csv`);
    await writeFile(file, made[name].map((row) => row.map((cell) => cell ?? "").join(",")).join("\n"));
    await lab.sql(`create or replace table ${name} (${tables[name]})`, `copy ${name} from '${file}' (header false)`);
  }
  await lab.sql("alter table crm add column city text");
  const { cpu } = await build(lab, { args: ["--full-refresh"] });
  const [told] = await lab.sql(`
    with cell as (
      select t.person, c.profile_id, count(*) as n
      from truth as t
      inner join (select distinct namespace, value from identifier) as seen on seen.namespace = t.namespace and seen.value = t.value
      left join identity_component as c on c.namespace = t.namespace and c.value = t.value
      group by t.person, c.profile_id
    ),
    person as (select person, sum(n) as n from cell group by person),
    profile as (select profile_id, sum(n) as n, count(*) as people from cell where profile_id is not null group by profile_id)
    select
      (select sum(n * (n - 1)) from cell where profile_id is not null) / (select sum(n * (n - 1)) from profile) as "precision",
      (select sum(n * (n - 1)) from cell where profile_id is not null) / (select sum(n * (n - 1)) from person) as recall,
      (select count(*) from profile where people > 1) as mixed,
      (select max(people) from profile) as worst,
      (select sum(n) from person) as identifiers`);
  const figure = (name: string): number => Number(told?.[name]);
  return {
    precision: figure("precision"),
    recall: figure("recall"),
    mixed: figure("mixed"),
    worst: figure("worst"),
    identifiers: figure("identifiers"),
    cpuSeconds: cpu,
  };
}
