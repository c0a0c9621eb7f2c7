"""What needs attention: days that do not tie, new anomalies, budgets at risk."""

from __future__ import annotations

from foundation.settings import Settings
from foundation.warehouse import Ask
from pipeline.alerts.marts import Marts, Part, scope_name
from pipeline.alerts.told import Told, is_news
from pipeline.words import counted, dollars, share, signed

# Anomalies of older days are history, not news.
ANOMALY_DAYS = 7


def ties(settings: Settings, ask: Ask) -> Part:
    rows = ask(f"""
        select vendor, organization, count(distinct cost_date), sum(difference_usd)
        from {settings.dataset("intermediate")}.int_cost_ties
        where difference_usd <> 0
        group by 1, 2
        order by 1, 2
    """)
    lines = [
        f"{vendor} {organization}: {days:,} days, {signed(difference)} in the marts"
        for vendor, organization, days, difference in rows
    ]
    return Part("Does not tie to what the vendor reported", lines)


def anomalies(marts: Marts, told: Told) -> Part | None:
    table = marts.name("fct_cost_anomalies")
    wanted = f"""
        where
            anomaly_date >= date '{marts.day(-ANOMALY_DAYS)}'
            and anomaly_date < date '{marts.as_of}'
            and severity in ('critical', 'warning')
    """
    rows = marts.ask(f"""
        select
            anomaly_date, scope_type, scope, severity,
            cost_usd, baseline_usd, excess_usd, explained_by, api_key_name
        from {table} as anomalies
        left join {marts.name("dim_api_keys")} as api_keys
            on anomalies.scope = api_keys.api_key_id and anomalies.scope_type = 'api_key'
        {wanted}
        order by severity, anomaly_date desc, excess_usd desc, scope_type, scope
    """)
    news = [row for row in rows if is_news(told, "anomaly", *row[:4])]
    if not news:
        return None
    lines = []
    for day, scope_type, scope, severity, cost, baseline, excess, reason, key_name in news:
        usually = f", usually ${dollars(baseline)}" if baseline is not None else ""
        because = f", most of it {reason}" if reason else ""
        what = f"${dollars(cost)}{usually} ({signed(excess)})"
        name = scope_name(scope_type, key_name or scope)
        lines.append(f"{severity}, {day}, {name}: {what}{because}")
    return Part(
        "New anomalies",
        lines,
        counted(len(news), "new anomaly", "new anomalies"),
        "select 'anomaly' as kind, anomaly_date as alert_date, scope_type, scope, severity"
        f" from {table} {wanted}",
    )


def budgets(marts: Marts, told: Told, is_digest: bool) -> Part | None:
    """Those that are news; in the digest all."""
    month = marts.month
    wanted = f"""
        from {marts.name("fct_budget_monthly")}
        where
            month = date '{month}'
            and budget_status in ('Over Budget', 'Projected Over Budget')
    """
    rows = marts.ask(f"""
        select
            scope_type, scope, budget_status,
            budget_usd, actual_cost_usd, projected_cost_usd
        {wanted}
        order by budget_status, actual_cost_usd - budget_usd desc, scope_type, scope
    """)
    news = [row for row in rows if is_digest or is_news(told, "budget", month, *row[:3])]
    if not news:
        return None
    lines = []
    for scope_type, scope, status, budget, actual, projected in news:
        spent = f"${dollars(actual)} of ${dollars(budget)} spent ({share(actual, budget)})"
        pace = f", projected ${dollars(projected)}" if projected is not None else ""
        lines.append(f"{status}, {scope_name(scope_type, scope)}: {spent}{pace}")
    return Part(
        f"Budgets of {month:%Y-%m}",
        lines,
        counted(len(news), "budget at risk", "budgets at risk"),
        "select 'budget' as kind, month as alert_date, scope_type, scope,"
        f" budget_status as severity {wanted}",
    )
