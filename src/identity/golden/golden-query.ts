import { type IdentityConfig, identityTraits } from "../../core/identity.ts";
import { text } from "../jinja.ts";

/** One row per profile, one column per trait, from rows per profile and trait. */
export function goldenQuery(config: IdentityConfig, profile: string, provenance: string): string {
  const columns = identityTraits(config).map(
    (trait) => `max(case when said.trait = ${text(trait)} then said.value end) as ${trait}`,
  );
  return `select
  profile.profile_id,
  ${columns.join(",\n  ")}
from ${profile} as profile
left join ${provenance} as said on said.profile_id = profile.profile_id
group by profile.profile_id`;
}
