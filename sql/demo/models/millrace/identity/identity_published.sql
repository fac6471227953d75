-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_pointer', meta={'millrace': {"merges": 0.1, "largest": 100}}) }}
-- depends_on: {{ ref('identity_golden') }}
select * from {{ ref('identity_resolution') }}
