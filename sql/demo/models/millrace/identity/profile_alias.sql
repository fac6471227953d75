-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}
{{ millrace.identity_view("profile_alias", this) }}
