import { type IdentityConfig, identityTraits } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import { goldenNamespaces } from "./subjects.ts";

/** One row per profile, one column per namespace and trait, from rows per profile and trait: profile_id, trait, value. */
export function goldenQuery(config: IdentityConfig, profile: string, said: string): string {
  const columns = [...goldenNamespaces(config), ...identityTraits(config)].map(
    (trait) => `max(case when said.trait = ${text(trait)} then said.value end) as ${trait}`,
  );
  return `select
  profile.profile_id,
  ${columns.join(",\n  ")}
from ${profile} as profile
left join ${said} as said on said.profile_id = profile.profile_id
group by profile.profile_id`;
}
