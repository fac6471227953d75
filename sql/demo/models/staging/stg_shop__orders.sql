with source as (

    select * from {{ ref('online_retail_ii_2009_2010_orders') }}

)

select
    order_id,
    customer_id,
    order_ts as ordered_at,
    case when is_return then 'credit_note' else 'purchase' end as order_type,
    -- the file spells Ireland in Irish
    case when country = 'EIRE' then 'Ireland' else country end as country,
    items,
    revenue
from source
