{#-
  Visits to the shop's web pages: the browser's cookie, and who logged in or typed an address. Generated around the real orders, the
  same every time. One device is shared by strangers, some by two people of one home.
-#}
{{ config(materialized='table') }}
{%- set text = dbt.type_string() -%}

with customers as (

    select
        *,
        lead(customer_id) over (order by customer_id) as housemate_id,
        lead(registered_at) over (order by customer_id) as housemate_since
    from {{ ref('stg_shop__contacts') }}

),

purchases as (

    select
        orders.customer_id,
        orders.order_id,
        orders.ordered_at,
        customers.email,
        row_number() over (partition by orders.customer_id order by orders.ordered_at, orders.order_id) as nth
    from {{ ref('stg_shop__orders') }} as orders
    inner join customers on customers.customer_id = orders.customer_id
    where orders.order_type = 'purchase' and customers.source = 'Web'

),

visits as (

    -- before an order: first as a guest with an address, then from a second device without a word, later logged in
    select
        'v' || order_id as visit_id,
        {{ millrace.instant_plus(-20, 'minute', 'ordered_at') }} as visited_at,
        case when mod(nth, 2) = 1 then 'laptop-' else 'mobile-' end || cast(customer_id as {{ text }}) as device_id,
        case when nth > 2 then cast(customer_id as {{ text }}) end as user_id,
        case when nth = 1 then email end as email
    from purchases

    union all

    -- a tablet at the shop's stand at a fair: everybody types an address, nobody logs in
    select
        'f' || cast(customer_id as {{ text }}),
        {{ millrace.instant_plus('mod(customer_id, 480)', 'minute', "cast('2010-02-09 09:00:00' as " ~ dbt.type_timestamp() ~ ")") }},
        'fair-tablet',
        null,
        email
    from customers
    where source = 'Trade fair' and mod(customer_id, 50) = 1

    union all

    -- two people of one home, each with an account, at one computer
    select
        'h' || cast(customer_id as {{ text }}),
        {{ millrace.instant_plus(1, 'day', 'registered_at') }},
        'home-' || cast(customer_id as {{ text }}),
        cast(customer_id as {{ text }}),
        null
    from customers
    where mod(customer_id, 100) = 0

    union all

    select
        'i' || cast(customer_id as {{ text }}),
        {{ millrace.instant_plus(2, 'day', 'case when registered_at > housemate_since then registered_at else housemate_since end') }},
        'home-' || cast(customer_id as {{ text }}),
        cast(housemate_id as {{ text }}),
        null
    from customers
    where mod(customer_id, 100) = 0 and housemate_id is not null

    union all

    -- readers of the newsletter who never bought
    select
        'r' || cast(customer_id as {{ text }}),
        {{ millrace.instant_plus(-2, 'day', 'registered_at') }},
        'reader-' || cast(customer_id as {{ text }}),
        null,
        'reader.' || cast(customer_id as {{ text }}) || '@example.com'
    from customers
    where mod(customer_id, 20) = 5

)

select *
from visits
where visited_at < {{ millrace.as_of() }}
