{#- The source has no contact details. Everything here is generated from customer_id, the same every time. -#}
{%- set first_names = [
    'Ada', 'Alan', 'Amelia', 'Ben', 'Bridget', 'Carla', 'Chidi', 'Daisy', 'Dev', 'Edith', 'Emil', 'Farah', 'Finn', 'Grace',
    'Hana', 'Hugo', 'Imani', 'Ivan', 'Jade', 'Jonas', 'Kemi', 'Kurt', 'Leila', 'Luca', 'Maeve', 'Milan', 'Nadia', 'Nils',
    'Olive', 'Omar', 'Petra', 'Quinn', 'Rosa', 'Ruben', 'Saskia', 'Tariq', 'Uma', 'Viktor', 'Wanda', 'Yusuf', 'Zoe',
] -%}
{%- set last_names = [
    'Abbott', 'Adeyemi', 'Baker', 'Bianchi', 'Carter', 'Chowdhury', 'Dubois', 'Eriksen', 'Fischer', 'Garcia', 'Hughes',
    'Ibrahim', 'Jansen', 'Kaur', 'Kowalski', 'Lindqvist', 'MacLeod', 'Müller', 'Novák', "O'Brien", 'Okafor', 'Patel',
    'Quigley', 'Rossi', 'Şahin', 'Schmidt', 'Silva', 'Tanaka', 'Ueda', 'van Dijk', 'Walsh', 'Williams', 'Young',
] -%}
{#- Seven of the blocks of 1,000 numbers that Ofcom keeps for drama, never given to anybody:
    https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama -#}
{%- set phone_blocks = [
    '+441134960', '+441144960', '+441154960', '+441164960', '+441174960', '+441214960', '+441314960',
] -%}

with customers as (

    select
        customer_id,
        min(ordered_at) as registered_at
    from {{ ref('stg_shop__orders') }}
    group by customer_id

),

names as (

    select
        customer_id,
        registered_at,
        {{ pick(first_names, 'mod(customer_id, ' ~ first_names | length ~ ')') }} as first_name,
        {{ pick(last_names, 'mod(customer_id, ' ~ last_names | length ~ ')') }} as last_name,
        {{ pick(phone_blocks, 'mod(cast(floor(customer_id / 1000.0) as integer), ' ~ phone_blocks | length ~ ')') }} as phone_block
    from customers

)

select
    customer_id,
    registered_at,
    first_name,
    last_name,
    case
        -- malformed on purpose: the one row of the demo that the platform refuses
        when customer_id = {{ var('malformed_email_customer_id') }} then 'not-an-email'
        else lower(first_name) || '.' || cast(customer_id as {{ dbt.type_string() }}) || '@example.com'
    end as email,
    -- every tenth customer never gave a number
    case
        when mod(customer_id, 10) <> 7
            then phone_block || right(cast(customer_id as {{ dbt.type_string() }}), 3)
    end as phone,
    case mod(customer_id, 3) when 0 then 'Catalogue' when 1 then 'Trade fair' else 'Web' end as source
from names
