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
    median_days_between_orders
from {{ ref('customers') }}
where
    order_count >= 3
    and days_since_last_order between 60 and 365
    and days_since_last_order > 2 * median_days_between_orders
