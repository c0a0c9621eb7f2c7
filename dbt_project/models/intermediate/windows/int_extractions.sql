select * from {{ ref('stg_extractions') }}
