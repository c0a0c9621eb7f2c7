{# What DuckDB and BigQuery write differently, behind one name each. #}

{# The scalar at a path of the record, as text; null if it is missing or JSON null. #}
{% macro json_text(path) -%}
    {{ return(adapter.dispatch('json_text')(path)) }}
{%- endmacro %}

{% macro duckdb__json_text(path) -%}
    json_extract_string(payload, '$.{{ path }}')
{%- endmacro %}

{% macro bigquery__json_text(path) -%}
    json_value(payload, '$.{{ path }}')
{%- endmacro %}

{#
SQL that asks for all paths at once wherever it asks for one. DuckDB parses the record for
each call of json_extract_string and keeps what that takes; equal calls are one to it.
#}
{% macro parse_payload_once(sql) -%}
    {%- set one_path = "json_extract_string\\(payload, '(\\$\\.[^'*]*)'\\)" -%}
    {%- set found = modules.re.findall(one_path, sql) -%}
    {%- set paths = found | unique(case_sensitive=true) | sort(case_sensitive=true) -%}
    {%- if paths | length < 2 -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set all_paths = "json_extract_string(payload, ['" ~ paths | join("', '") ~ "'])" -%}
    {%- set rewritten = namespace(sql=sql) -%}
    {%- for path in paths -%}
        {%- set one = "json_extract_string(payload, '" ~ path ~ "')" -%}
        {%- set rewritten.sql = rewritten.sql.replace(one, all_paths ~ '[' ~ loop.index ~ ']') -%}
    {%- endfor -%}
    {{ return(rewritten.sql) }}
{%- endmacro %}

{% macro type_money() -%}
    {{ return(var('money_type')[target.type]) }}
{%- endmacro %}

{% macro type_number() -%}
    {{ return(var('number_type')[target.type]) }}
{%- endmacro %}

{% macro type_float64() -%}
    {{ return(var('float_type')[target.type]) }}
{%- endmacro %}

{# Dollars given as text, with the 18 decimals that both engines keep. #}
{% macro text_to_usd(text) -%}
    {{ return(adapter.dispatch('text_to_usd')(text)) }}
{%- endmacro %}

{% macro duckdb__text_to_usd(text) -%}
    {{ text_to_decimal(text, type_money()) }}
{%- endmacro %}

{% macro bigquery__text_to_usd(text) -%}
    round(cast({{ text }} as bignumeric), 18)
{%- endmacro %}

{# A number given as text. #}
{% macro text_to_number(text) -%}
    {{ return(adapter.dispatch('text_to_number')(text)) }}
{%- endmacro %}

{% macro duckdb__text_to_number(text) -%}
    {{ text_to_decimal(text, type_number()) }}
{%- endmacro %}

{% macro bigquery__text_to_number(text) -%}
    cast({{ text }} as {{ type_number() }})
{%- endmacro %}

{# A whole number given as text: 12 or 12.0. #}
{% macro text_to_integer(text) -%}
    {{ return(adapter.dispatch('text_to_integer')(text)) }}
{%- endmacro %}

{% macro duckdb__text_to_integer(text) -%}
    cast({{ text }} as int64)
{%- endmacro %}

{% macro bigquery__text_to_integer(text) -%}
    cast(cast({{ text }} as {{ type_number() }}) as int64)
{%- endmacro %}

{#
For DuckDB, which takes seventy times as long to read a decimal of over 18 digits as a bigint:
a number of up to 18 digits is read without its point, and divided by the digits after the
point (-1 if it has none). Both are exact. What is written in any other way is cast as it is.
#}
{% macro text_to_decimal(text, type) -%}
    {%- set tenths = ['1', '1'] -%}
    {%- for zeros in range(16) -%}
        {%- do tenths.append('0.' ~ '0' * zeros ~ '1') -%}
    {%- endfor -%}
    case
        when
            length({{ text }}) <= 18
            and regexp_full_match({{ text }}, '-?[0-9]*[.]?[0-9]{1,16}')
            then cast(
                cast(cast(replace({{ text }}, '.', '') as bigint) as decimal(19, 0))
                * cast([{{ tenths | join(', ') }}] as decimal(17, 16)[])[
                    2 + length({{ text }}) - strpos({{ text }} || '.', '.')
                ]
                as {{ type }}
            )
        else cast({{ text }} as {{ type }})
    end
{%- endmacro %}

{# A text in another type, null if it cannot be read as one. #}
{% macro cast_or_null(text, type) -%}
    {{ return(adapter.dispatch('cast_or_null')(text, type)) }}
{%- endmacro %}

{% macro duckdb__cast_or_null(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{% macro bigquery__cast_or_null(text, type) -%}
    safe_cast({{ text }} as {{ type }})
{%- endmacro %}

{# A decimal as text without trailing zeros, so that equal numbers have equal keys. #}
{% macro decimal_to_text(number) -%}
    {{ return(adapter.dispatch('decimal_to_text')(number)) }}
{%- endmacro %}

{% macro duckdb__decimal_to_text(number) -%}
    rtrim(rtrim(cast({{ number }} as varchar), '0'), '.')
{%- endmacro %}

{% macro bigquery__decimal_to_text(number) -%}
    cast({{ number }} as string)
{%- endmacro %}

{# Text without whitespace of any kind at its ends. #}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{# DuckDB's own trim keeps tabs and line ends. #}
{% macro duckdb__trimmed(text) -%}
    trim(trim({{ text }}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)))
{%- endmacro %}

{% macro bigquery__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}

{# Cents given as text, in dollars. Exact to the 16th decimal of a cent. #}
{% macro cents_to_usd(cents) -%}
    {{ return(adapter.dispatch('cents_to_usd')(cents)) }}
{%- endmacro %}

{% macro duckdb__cents_to_usd(cents) -%}
    cast(
        {{ text_to_decimal(cents, 'decimal(35, 16)') }} * cast(0.01 as decimal(3, 2))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__cents_to_usd(cents) -%}
    round(cast({{ cents }} as bignumeric) * bignumeric '0.01', 18)
{%- endmacro %}

{# A whole number of billionths of a dollar, in dollars. #}
{% macro nanos_to_usd(nanos) -%}
    {{ return(adapter.dispatch('nanos_to_usd')(nanos)) }}
{%- endmacro %}

{% macro duckdb__nanos_to_usd(nanos) -%}
    cast(
        cast({{ nanos }} as decimal(28, 0)) * cast(0.000000001 as decimal(10, 9))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__nanos_to_usd(nanos) -%}
    cast({{ nanos }} as bignumeric) * bignumeric '0.000000001'
{%- endmacro %}

{# Whole-number division, rounding down for positive numbers. #}
{% macro integer_divide(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_divide')(dividend, divisor)) }}
{%- endmacro %}

{% macro duckdb__integer_divide(dividend, divisor) -%}
    ({{ dividend }}) // ({{ divisor }})
{%- endmacro %}

{% macro bigquery__integer_divide(dividend, divisor) -%}
    div({{ dividend }}, {{ divisor }})
{%- endmacro %}

{# Milliseconds since 1970, given as text, as a UTC timestamp. #}
{% macro epoch_ms_to_timestamp(milliseconds) -%}
    {{ return(adapter.dispatch('epoch_ms_to_timestamp')(milliseconds)) }}
{%- endmacro %}

{% macro duckdb__epoch_ms_to_timestamp(milliseconds) -%}
    make_timestamp(cast({{ milliseconds }} as bigint) * 1000)
{%- endmacro %}

{% macro bigquery__epoch_ms_to_timestamp(milliseconds) -%}
    timestamp_millis(cast(cast({{ milliseconds }} as numeric) as int64))
{%- endmacro %}

{# An RFC 3339 text as a UTC timestamp. #}
{% macro text_to_timestamp(text) -%}
    {{ return(adapter.dispatch('text_to_timestamp')(text)) }}
{%- endmacro %}

{% macro duckdb__text_to_timestamp(text) -%}
    cast(cast({{ text }} as timestamp with time zone) as timestamp)
{%- endmacro %}

{% macro bigquery__text_to_timestamp(text) -%}
    cast({{ text }} as timestamp)
{%- endmacro %}

{# The day that is so many days later, but never after the last date that the engine has. #}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days')(date, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(date, days) -%}
    case
        when {{ date }} > {{ end_of_time() }} - cast({{ days }} as integer)
            then {{ end_of_time() }}
        else cast({{ date }} + cast({{ days }} as integer) as date)
    end
{%- endmacro %}

{% macro bigquery__add_days(date, days) -%}
    case
        when {{ date }} > date_sub({{ end_of_time() }}, interval {{ days }} day)
            then {{ end_of_time() }}
        else date_add({{ date }}, interval {{ days }} day)
    end
{%- endmacro %}

{% macro day_before(date) -%}
    {{ return(adapter.dispatch('day_before')(date)) }}
{%- endmacro %}

{% macro duckdb__day_before(date) -%}
    cast({{ date }} - 1 as date)
{%- endmacro %}

{% macro bigquery__day_before(date) -%}
    date_sub({{ date }}, interval 1 day)
{%- endmacro %}

{% macro days_between(later, earlier) -%}
    {{ return(adapter.dispatch('days_between')(later, earlier)) }}
{%- endmacro %}

{% macro duckdb__days_between(later, earlier) -%}
    cast({{ later }} - {{ earlier }} as bigint)
{%- endmacro %}

{% macro bigquery__days_between(later, earlier) -%}
    date_diff({{ later }}, {{ earlier }}, day)
{%- endmacro %}

{# The first day of a date's month or year. #}
{% macro first_day_of(part, date) -%}
    {{ return(adapter.dispatch('first_day_of')(part, date)) }}
{%- endmacro %}

{% macro duckdb__first_day_of(part, date) -%}
    cast(date_trunc('{{ part }}', {{ date }}) as date)
{%- endmacro %}

{% macro bigquery__first_day_of(part, date) -%}
    date_trunc({{ date }}, {{ part }})
{%- endmacro %}

{# The same day one month or year later, for the first day of a month or year. #}
{% macro next_first_day(part, date) -%}
    {{ return(adapter.dispatch('next_first_day')(part, date)) }}
{%- endmacro %}

{% macro duckdb__next_first_day(part, date) -%}
    cast({{ date }} + interval 1 {{ part }} as date)
{%- endmacro %}

{% macro bigquery__next_first_day(part, date) -%}
    date_add({{ date }}, interval 1 {{ part }})
{%- endmacro %}

{# The same day so many months later or earlier, or the last day of that month if it is shorter. #}
{% macro add_months(date, months) -%}
    {{ return(adapter.dispatch('add_months')(date, months)) }}
{%- endmacro %}

{% macro duckdb__add_months(date, months) -%}
    cast({{ date }} + interval ({{ months }}) month as date)
{%- endmacro %}

{% macro bigquery__add_months(date, months) -%}
    date_add({{ date }}, interval {{ months }} month)
{%- endmacro %}

{# One row per day from first to last, including both: a from-item with one column. #}
{% macro days_from_to(first, last, column) -%}
    {{ return(adapter.dispatch('days_from_to')(first, last, column)) }}
{%- endmacro %}

{% macro duckdb__days_from_to(first, last, column) -%}
    select cast(series.day as date) as {{ column }}
    from generate_series({{ first }}, {{ last }}, interval 1 day) as series (day)
{%- endmacro %}

{% macro bigquery__days_from_to(first, last, column) -%}
    select {{ column }}
    from unnest(generate_date_array({{ first }}, {{ last }})) as {{ column }}
{%- endmacro %}

{# Monday is 1, Sunday is 7. #}
{% macro iso_weekday(date) -%}
    {{ return(adapter.dispatch('iso_weekday')(date)) }}
{%- endmacro %}

{% macro duckdb__iso_weekday(date) -%}
    cast(extract(isodow from {{ date }}) as bigint)
{%- endmacro %}

{% macro bigquery__iso_weekday(date) -%}
    (mod(extract(dayofweek from {{ date }}) + 5, 7) + 1)
{%- endmacro %}

{# An amount in dollars times part / whole, in whole billionths: exact, and cut off. #}
{% macro share_of_nanos(amount, part, whole) -%}
    {{ return(adapter.dispatch('share_of_nanos')(amount, part, whole)) }}
{%- endmacro %}

{% macro duckdb__share_of_nanos(amount, part, whole) -%}
    cast(trunc({{ amount }} * 1000000000) as hugeint) * cast({{ part }} as hugeint)
    // cast({{ whole }} as hugeint)
{%- endmacro %}

{% macro bigquery__share_of_nanos(amount, part, whole) -%}
    div(
        trunc({{ amount }} * 1000000000) * cast({{ part }} as bignumeric),
        cast({{ whole }} as bignumeric)
    )
{%- endmacro %}

{# Dollars as a whole number of billionths, cut off, for any amount that money can have. #}
{% macro usd_to_nanos(amount) -%}
    {{ return(adapter.dispatch('usd_to_nanos')(amount)) }}
{%- endmacro %}

{% macro duckdb__usd_to_nanos(amount) -%}
    cast(trunc({{ amount }}) as hugeint) * 1000000000
    + cast(trunc(({{ amount }} - trunc({{ amount }})) * 1000000000) as hugeint)
{%- endmacro %}

{% macro bigquery__usd_to_nanos(amount) -%}
    trunc({{ amount }} * 1000000000)
{%- endmacro %}

{# An amount in dollars minus a percentage of it. Seven decimals of the percentage count,
because a product has at most 38 digits. #}
{% macro less_percent(amount, percent) -%}
    {{ return(adapter.dispatch('less_percent')(amount, percent)) }}
{%- endmacro %}

{% macro duckdb__less_percent(amount, percent) -%}
    cast(
        {{ amount }}
        * cast((100 - {{ percent }}) * cast(0.01 as decimal(3, 2)) as decimal(12, 9))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__less_percent(amount, percent) -%}
    round({{ amount }} * cast((100 - {{ percent }}) * numeric '0.01' as numeric), 18)
{%- endmacro %}

{# A field of each object in an array of the record, as an array of texts. #}
{% macro json_texts(array, field) -%}
    {{ return(adapter.dispatch('json_texts')(array, field)) }}
{%- endmacro %}

{% macro duckdb__json_texts(array, field) -%}
    json_extract_string(payload, '$.{{ array }}[*].{{ field }}')
{%- endmacro %}

{% macro bigquery__json_texts(array, field) -%}
    array(
        select json_value(element, '$.{{ field }}')
        from unnest(json_query_array(payload, '$.{{ array }}')) as element
    )
{%- endmacro %}

{# The elements of an array as rows: a from-item with one column. #}
{% macro elements_of(array, alias, column) -%}
    {{ return(adapter.dispatch('elements_of')(array, alias, column)) }}
{%- endmacro %}

{% macro duckdb__elements_of(array, alias, column) -%}
    unnest({{ array }}) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro bigquery__elements_of(array, alias, column) -%}
    unnest(array(
        select as struct element as {{ column }} from unnest({{ array }}) as element
    )) as {{ alias }}
{%- endmacro %}

{# The elements of an array of the record, as records of their own: `alias.part`. #}
{% macro json_parts_of(array, alias) -%}
    {{ return(adapter.dispatch('json_parts_of')(array, alias)) }}
{%- endmacro %}

{% macro duckdb__json_parts_of(array, alias) -%}
    unnest(json_extract(payload, '$.{{ array }}[*]')) as {{ alias }} (part)
{%- endmacro %}

{% macro bigquery__json_parts_of(array, alias) -%}
    unnest(array(
        select as struct element as part
        from unnest(json_query_array(payload, '$.{{ array }}')) as element
    )) as {{ alias }}
{%- endmacro %}

{# The value of a pair {"name": …, "value": …} of an array of the record; a vendor may call the name
something else. #}
{% macro json_named_text(array, name, called='name') -%}
    {{ return(adapter.dispatch('json_named_text')(array, name, called)) }}
{%- endmacro %}

{% macro duckdb__json_named_text(array, name, called) -%}
    (
        select max(json_extract_string(pairs.pair, '$.value'))
        from unnest(json_extract(payload, '$.{{ array }}[*]')) as pairs (pair)
        where json_extract_string(pairs.pair, '$.{{ called }}') = '{{ name }}'
    )
{%- endmacro %}

{% macro bigquery__json_named_text(array, name, called) -%}
    (
        select max(json_value(pair, '$.value'))
        from unnest(json_query_array(payload, '$.{{ array }}')) as pair
        where json_value(pair, '$.{{ called }}') = '{{ name }}'
    )
{%- endmacro %}

{# A UTC timestamp as the date and time on a clock in a time zone, such as Europe/Berlin. #}
{% macro local_time(timestamp, time_zone) -%}
    {{ return(adapter.dispatch('local_time')(timestamp, time_zone)) }}
{%- endmacro %}

{% macro duckdb__local_time(timestamp, time_zone) -%}
    timezone('{{ time_zone }}', timezone('UTC', {{ timestamp }}))
{%- endmacro %}

{% macro bigquery__local_time(timestamp, time_zone) -%}
    datetime({{ timestamp }}, '{{ time_zone }}')
{%- endmacro %}

{# Hooks of a model that needs more of DuckDB's memory than the rest: before it how much, after
it nothing. A limit that somebody set stays. #}
{% macro memory_limit(limit='') -%}
    {%- if target.type == 'duckdb' and not env_var('DUCKDB_MEMORY_LIMIT', '') -%}
        set memory_limit = '{{ limit or target.settings.memory_limit }}'
    {%- endif -%}
{%- endmacro %}

{# On-run-start: DuckDB's threads, where a build has to save memory. #}
{% macro limit_threads() -%}
    {%- if target.type == 'duckdb' and var('duckdb_threads', none) -%}
        set threads = {{ var('duckdb_threads') }}
    {%- endif -%}
{%- endmacro %}
