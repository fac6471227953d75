import type { IdentityConfig, SurvivorshipRule } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import { goldenNamespaces, usual } from "./subjects.ts";

/** Of one record's several values (`email`, `email_2`) the one declared first is worth most. */
const last = ["o.worth", "o.source", "d.value"];

const orderOf: Readonly<Record<SurvivorshipRule, string>> = {
  trust: "o.trust",
  most_recent: "case when o.seen_at is null then 1 else 0 end, o.seen_at desc",
  most_frequent: "count(*) over (partition by o.code) desc",
  longest: "length(d.value) desc",
};

/**
 * The best value per profile and namespace: profile_id, trait (the namespace), value. Read at the pointer from what the
 * published tables are made of, so that a value which a guard gave to another profile, or that is blocked, is nobody's here.
 */
export function identifierQuery(config: IdentityConfig): string | null {
  const names = goldenNamespaces(config);
  if (names.length === 0) return null;
  const order = config.survivorship.find(({ name }) => name === "default")?.order ?? usual;
  const trust = config.sources.map(({ name, trust: of }) => `when ${text(name)} then ${of}`).join(" ");
  const open = (alias: string) => `{{ millrace.identity_is_open(${JSON.stringify(alias)}, pointer) }}`;
  const state = (name: string) => `{{ millrace.identity_state(this, ${JSON.stringify(name)}) }}`;
  return `select profile_id, namespace as trait, value
  from (
    select
      c.profile_id,
      d.namespace,
      d.value,
      row_number() over (
        partition by c.profile_id, d.namespace
        order by ${[...order.map((rule) => orderOf[rule]), ...last].join(", ")}
      ) as place
    from (
      select o.*, case o.source ${trust} end as trust
      from ${state("state_observation")} as o
      where ${open("o")}
    ) as o
    inner join ${state("dictionary")} as d on d.code = o.code
    inner join ${state("state_component")} as c on c.code = o.code and ${open("c")}
    where d.namespace in (${names.map(text).join(", ")})
  ) as ranked
  where place = 1`;
}

/** Says which run is published, for `identifierQuery`. */
export const atPointer = `{%- set pointer = '(select max(run) from ' ~ millrace.identity_state(this, 'state_pointer') ~ ')' -%}`;
