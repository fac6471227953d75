{#-
  What the shop's sales people noted of customers, and of people who never bought. Generated from customer_id, the same every
  time, and written as people write: addresses in capitals, numbers as they are dialled at home, a filler where the form insists.
-#}
{{ config(materialized='table') }}
{%- set text = dbt.type_string() -%}
{%- set managers = ['Amara Quist', 'Bo Lindgren', 'Ciara Doyle', 'Dario Conti'] -%}

with customers as (

    select * from {{ ref('stg_shop__contacts') }}

),

noted as (

    -- by customer number
    select
        'c' || cast(customer_id as {{ text }}) as contact_id,
        customer_id,
        {{ millrace.instant_plus(3, 'day', 'registered_at') }} as updated_at,
        cast(customer_id as {{ text }}) as customer_no,
        first_name,
        last_name,
        upper(email) as email,
        cast(null as {{ text }}) as phone
    from customers
    where mod(customer_id, 6) in (0, 1)

    union all

    -- the same customers' private addresses, in a second contact
    select
        'd' || cast(customer_id as {{ text }}),
        customer_id,
        {{ millrace.instant_plus(40, 'day', 'registered_at') }},
        cast(customer_id as {{ text }}),
        left(first_name, 1) || '.',
        last_name,
        'home.' || cast(customer_id as {{ text }}) || '@example.com',
        null
    from customers
    where mod(customer_id, 36) = 0

    union all

    -- by address, a month before the first order
    select
        'e' || cast(customer_id as {{ text }}),
        customer_id,
        {{ millrace.instant_plus(-30, 'day', 'registered_at') }},
        null,
        first_name,
        last_name,
        ' ' || email,
        null
    from customers
    where mod(customer_id, 6) = 2

    union all

    -- by number alone: the address is a filler
    select
        'p' || cast(customer_id as {{ text }}),
        customer_id,
        {{ millrace.instant_plus(10, 'day', 'registered_at') }},
        null,
        first_name,
        last_name,
        'info@example.com',
        '0' || substring(phone, 4, 3) || ' ' || substring(phone, 7, 3) || ' ' || substring(phone, 10)
    from customers
    where mod(customer_id, 6) = 3 and phone is not null

    union all

    -- whoever never bought
    select
        'n' || cast(customer_id as {{ text }}),
        customer_id,
        {{ millrace.instant_plus(-5, 'day', 'registered_at') }},
        null,
        last_name,
        first_name,
        'prospect.' || cast(customer_id as {{ text }}) || '@example.com',
        null
    from customers
    where mod(customer_id, 15) = 4

)

select
    contact_id,
    updated_at,
    customer_no,
    first_name,
    last_name,
    email,
    phone,
    {{ pick(managers, 'mod(customer_id, ' ~ managers | length ~ ')') }} as account_manager
from noted
where updated_at < {{ millrace.as_of() }}
