with models as (

    select * from {{ ref('models') }}

),

members as (

    select member as model
    from {{ ref('int_dimension_members') }}
    where dimension = 'model'

),

ids as (

    select model from models

    union distinct

    select model from members

),

described as (

    select
        ids.model,
        coalesce(models.model_vendor, 'unknown') as model_vendor,
        coalesce(models.model_family, 'unknown') as model_family,
        models.model is not null as is_known
    from ids
    left join models
        on ids.model = models.model

    union all

    select
        {{ unattributed() }} as model,
        {{ unattributed() }} as model_vendor,
        {{ unattributed() }} as model_family,
        true as is_known

    union all

    select
        {{ model_of_seats() }} as model,
        {{ model_of_seats() }} as model_vendor,
        {{ model_of_seats() }} as model_family,
        true as is_known

)

select * from described
