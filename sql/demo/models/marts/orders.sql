select
    order_id,
    customer_id,
    ordered_at,
    order_type,
    country,
    items,
    revenue
from {{ ref('stg_shop__orders') }}
where ordered_at < {{ millrace.as_of() }}
