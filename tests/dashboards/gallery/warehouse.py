"""A small warehouse made from the marts' contracts, with names that try to be HTML."""

from datetime import UTC, date, datetime
from pathlib import Path

NEWEST = date(2026, 11, 20)  # the last complete day: today is the 21st
IMAGE = "<img src=x onerror=\"window.hacked='image'\">"
SCRIPT = "</script><script>window.hacked='script'</script>"

PEOPLE = ["ann@example.com", "bo@example.com", "cy@example.com", "unattributed", SCRIPT]
DEPARTMENTS = ["Data", "Engineering", IMAGE, "100%_sure", None]
PLATFORMS = ["claude_api", "claude_ai", "claude_code", "cursor"]
MODELS = [f"claude-{letter}" for letter in "abcdefghijk"]


def build(catalog, path: Path) -> Path:
    """The file of a warehouse with some 3,000 rows of cost and of use."""
    catalog.execute(f"attach '{path}' as built")
    try:
        catalog.execute("create schema built.marts")
        for name in catalog.models:
            catalog.execute(f'create table built.marts."{name}" as from marts."{name}"')
        for table, sql in rows().items():
            catalog.execute(f"insert into built.marts.{table} by name {sql}")
    finally:
        catalog.execute("detach built")
    return path


def one_of(values, number: str) -> str:
    """SQL of one of some values, by a number."""
    quoted = ("null" if v is None else "'" + v.replace("'", "''") + "'" for v in values)
    return f"([{', '.join(quoted)}])[1 + ({number}) % {len(values)}]"


def rows() -> dict[str, str]:
    who = f"{one_of(PEOPLE, 'i // 3')} as user_email, {one_of(DEPARTMENTS, 'i // 3')} as department"
    what = f"""
        {one_of(PLATFORMS, "i * 7 // 5")} as platform_code, {one_of(MODELS, "i // 5")} as model,
        {one_of(["direct", "seat", "unattributed"], "i // 2")} as attribution_method
    """
    day = f"date '{NEWEST}' - (i * 11 % 260)::int"
    return {
        "dim_dates": f"""
            select day::date as date_day, day <= date '{NEWEST}' as is_complete
            from generate_series(date '2026-01-01', date '2026-12-31', interval 1 day) as t(day)
        """,
        "fct_cost_daily": f"""
            select {day} as cost_date, {who}, {what},
                {one_of(["usage", "seat", "tool"], "i")} as cost_type,
                {one_of(["usage", "seat"], "i")} as allocation_method,
                (i % 11) / 10.0 as attribution_confidence, i % 7 > 0 as is_attributed,
                {one_of(["Core", "Growth", None], "i // 3")} as team,
                {one_of(["CC-1", "CC-2", None], "i // 9")} as cost_center,
                {one_of(["key_a", "key_b", "unattributed"], "i // 4")} as api_key_id,
                {one_of(["input", "output", None], "i // 8")} as token_type,
                -- Some are nothing, some a discount, most have more digits than a cent.
                case when i % 17 = 0 then 0 when i % 23 = 0 then -0.015
                    else (i % 97 / 8)::decimal(18, 3) end
                    as list_cost_usd,
                list_cost_usd * 0.9 as effective_cost_usd, list_cost_usd as billed_cost_usd
            from range(3000) as t(i)
        """,
        "dim_annotations": f"""
            select * from (values
                (date '2026-09-15', null, 'Seats reviewed'),
                (date '2026-10-01', 'cursor', 'Price change {IMAGE.replace("'", "''")}'),
                (date '2026-10-20', 'claude_ai', 'New plan'),
                (date '2025-12-24', null, 'Before all that is known')
            ) as t(annotation_date, platform_code, annotation)
        """,
        "metric_costs": """
            select * exclude (invoice_month, service_account_id, service_tier, source,
                    is_estimated, billing_currency, billed_cost_in_currency),
                'name of ' || api_key_id as api_key_label
            from built.marts.fct_cost_daily
        """,
        "fct_usage_daily": f"""
            select {day} as usage_date, {who}, {what}, i % 3 as requests,
                case when i % 5 > 2 then 0 else i % 40 end as lines_accepted,
                case when i // 3 % 5 = 1 then 1 end as commits
            from range(2000) as t(i)
        """,
        "fct_data_quality_daily": f"""
            select date '{NEWEST}' - i::int as quality_date, 'cursor' as source_name,
                3 as windows_expected,
                3 as windows_landed,
                timestamp '{datetime(2026, 11, 21, 6, 30, tzinfo=UTC):%Y-%m-%d %H:%M}'
                    as last_loaded_at
            from range(30) as t(i)
        """,
    }
