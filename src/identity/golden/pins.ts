import { text } from "../jinja.ts";

/** Relations as Jinja or SQL. */
export interface PinInputs {
  /** namespace, value, profile_id: who is who, records among them. */
  readonly component: string;
  /** namespace, value, trait, pinned_value, decided_at: what people decided; null: nothing can be. */
  readonly pin: string | null;
}

/**
 * The last pin of a profile and trait, which stands before all that sources say: profile_id, trait, value, rule, source, record_key,
 * seen_at, place. A pin of an identifier chooses among the profile's own: one that the profile does not bear (any more) says nothing.
 */
export function pinnedSelect({ pin, component }: PinInputs, namespaces: readonly string[]): string | null {
  if (pin === null) return null;
  const own =
    namespaces.length === 0
      ? ""
      : `
    left join ${component} as own
      on own.namespace = pin.trait and own.value = pin.pinned_value and own.profile_id = component.profile_id
    where pin.trait not in (${namespaces.map(text).join(", ")}) or own.profile_id is not null`;
  return `select
    profile_id,
    trait,
    value,
    'pinned' as rule,
    'decision' as source,
    cast(null as {{ dbt.type_string() }}) as record_key,
    decided_at as seen_at,
    0 as place
  from (
    select
      component.profile_id,
      pin.trait,
      pin.pinned_value as value,
      pin.decided_at,
      row_number() over (
        partition by component.profile_id, pin.trait
        order by pin.decided_at desc, pin.pinned_value
      ) as place
    from ${pin} as pin
    inner join ${component} as component on component.namespace = pin.namespace and component.value = pin.value${own}
  ) as pins
  where place = 1`;
}
