-- GRAIN: one row per line item, with what the seed openai_line_items says it means
with line_items as (

    select * from {{ ref('base_openai__line_items') }}

),

words as (

    select * from {{ ref('openai_line_items') }}

),

{{ meanings_of_words(
    'line_items', 'line_item', 'line_item_pattern', ['tool', 'token_type', 'service_tier']
) }},

-- A model's tokens are called `model, kind of tokens`; a tool is of no model.
described as (

    select
        line_items.line_item,
        meanings.service_tier,
        coalesce(meanings.tool, meanings.token_type) as token_type,
        case
            when meanings.tool is null and meanings.token_type is not null
                then
                    lower(
                        {{ trimmed("regexp_extract(line_items.line_item, '^[^,]+')") }}
                    )
        end as model,
        case when meanings.tool is null then 'usage' else 'tool' end as cost_type,
        coalesce(meanings.tool, meanings.token_type) is not null as is_known
    from line_items
    left join meanings
        on line_items.line_item = meanings.line_item

)

select * from described
