"""The week, told on Mondays: the last seven days beside the seven before them."""

from __future__ import annotations

from decimal import Decimal

from pipeline.alerts.marts import Marts, Part, scope_name
from pipeline.words import compared, dollars, share, signed

DISPUTE_DAYS = 366
MOVERS = {"department": 3, "user_email": 5}


def spend(marts: Marts) -> Part:
    rows = marts.ask(f"""
        select
            platform_name,
            sum(now_usd),
            sum(before_usd),
            sum(case when attribution_method = 'unattributed' then 0 else now_usd end),
            sum(case when attribution_method = 'unattributed' then 0 else before_usd end)
        from {_costs(marts)}
        inner join {marts.name("dim_platforms")} as platforms
            on costs.platform_code = platforms.platform_code
        group by 1
        order by 2 desc, 1
    """)
    now, before, owned_now, owned_before = (
        sum((row[column] for row in rows), Decimal(0)) for column in (1, 2, 3, 4)
    )
    lines = [f"{row[0]}: {compared(row[1], row[2])}" for row in rows]
    lines.append(f"all: {compared(now, before)}")
    lines.append(
        f"attributed: {share(owned_now, now)} of it ({share(owned_before, before)} the week before)"
    )
    title = f"Effective cost, {marts.day(-7)} to {marts.day(-1)}, and the 7 days before"
    return Part(title, lines)


def people(marts: Marts) -> Part:
    usage = f"""
        from {marts.name("fct_usage_daily")} as usages
        inner join {marts.name("dim_platforms")} as platforms
            on usages.platform_code = platforms.platform_code
        where
            usage_date >= date '{marts.day(-14)}'
            and usage_date < date '{marts.as_of}'
            and user_email <> 'unattributed'
    """
    week = f"usage_date >= date '{marts.day(-7)}'"
    counts = f"""
        count(distinct case when {week} then user_email end),
        count(distinct case when not {week} then user_email end)
    """
    rows = marts.ask(f"select platform_name, {counts} {usage} group by 1 order by 2 desc, 1")
    rows += marts.ask(f"select 'any', {counts} {usage}")
    lines = [f"{name}: {now:,} ({before:,} the week before)" for name, now, before in rows]
    return Part("Active people", lines)


def movers(marts: Marts) -> Part:
    lines = []
    for column, most in MOVERS.items():
        rows = marts.ask(f"""
            select {column}, sum(now_usd) as week_usd, sum(now_usd - before_usd) as change_usd
            from {_costs(marts)}
            group by 1
            order by abs(change_usd) desc, 1
            limit {most}
        """)
        kind = {"department": "department", "user_email": "user"}[column]
        lines += [
            f"{scope_name(kind, name or '(none)')}: {signed(change)}, now ${dollars(week)}"
            for name, week, change in rows
            if round(change, 2)
        ]
    return Part("Top movers", lines)


def disputes(marts: Marts) -> Part:
    rows = marts.ask(f"""
        select
            month, platform_code, vendor, organization, reason,
            report_difference_usd, invoice_difference_usd, snapshot_difference_usd
        from {marts.name("fct_cost_reconciliation")}
        where
            reconciliation_status = 'disputed'
            and month >= date '{marts.day(-DISPUTE_DAYS).replace(day=1)}'
        order by month desc, platform_code, vendor, organization
    """)
    lines = []
    for month, platform, vendor, organization, reason, *differences in rows:
        named = zip(("report", "invoice", "console"), differences, strict=True)
        words = ", ".join(f"{name} {signed(amount)}" for name, amount in named if amount)
        who = " ".join(dict.fromkeys(filter(None, (platform or vendor, organization))))
        detail = "; ".join(filter(None, (words, reason)))
        lines.append(f"{month:%Y-%m}, {who}: {detail}")
    return Part("Open disputes", lines)


def gaps(marts: Marts) -> Part:
    """A week may look cheap because a vendor has not published it yet."""
    rows = marts.ask(f"""
        select
            source_name, organization,
            sum(windows_expected) as expected, sum(windows_landed) as landed
        from {marts.name("fct_data_quality_daily")}
        where
            quality_date >= date '{marts.day(-7)}'
            and quality_date < date '{marts.as_of}'
        group by 1, 2
        having sum(windows_landed) < sum(windows_expected)
        order by 1, 2
    """)
    lines = [
        f"{' '.join(dict.fromkeys(names))}: {expected - landed:,} of {expected:,} windows"
        for *names, expected, landed in rows
    ]
    return Part("Not landed yet of this week", lines)


def _costs(marts: Marts) -> str:
    """Two weeks of costs, each row with what it adds to this week and to the one before."""
    return f"""(
        select
            platform_code, department, user_email, attribution_method,
            case when cost_date >= date '{marts.day(-7)}' then effective_cost_usd else 0 end
                as now_usd,
            case when cost_date < date '{marts.day(-7)}' then effective_cost_usd else 0 end
                as before_usd
        from {marts.name("fct_cost_daily")}
        where cost_date >= date '{marts.day(-14)}' and cost_date < date '{marts.as_of}'
    ) as costs"""
