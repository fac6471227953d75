select
    customer_id,
    first_name,
    last_name,
    email,
    phone,
    source,
    country,
    lifetime_value,
    order_count,
    first_order_on,
    last_order_on,
    days_since_last_order,
    recency_score,
    frequency_score,
    monetary_score
from {{ ref('customers') }}
where
    lifetime_value >= 2000
    and order_count >= 5
    and days_since_last_order <= 180
