select
    customer_id,
    registered_at,
    first_name,
    last_name,
    email,
    phone,
    source
from {{ ref('stg_shop__contacts') }}
where registered_at < {{ millrace.as_of() }}
