-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}

select profile_id, trait, value, rule, source, record_key, seen_at, losing_values
from {{ millrace.identity_state(this, 'state_golden') }}
where run = (select max(run) from {{ millrace.identity_state(this, 'state_pointer') }})
