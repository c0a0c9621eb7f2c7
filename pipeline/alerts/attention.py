"""What needs attention: days that do not tie, new anomalies, budgets at risk."""

from __future__ import annotations

from typing import Any

from foundation.settings import Settings
from foundation.warehouse import Ask
from pipeline.alerts.marts import Marts, Part, scope_name
from pipeline.alerts.told import Told, is_news
from pipeline.words import counted, dollars, share, signed


def ties(settings: Settings, ask: Ask) -> Part:
    """Independent of the day, since rpt_cost_ties is a view of the current state."""
    lines = [
        f"{vendor} {organization}: {counted(days, 'day', 'days')}, "
        f"{signed(difference)} in the marts"
        for vendor, organization, days, difference in differences(settings, ask)
    ]
    return Part("Does not tie to what the vendor reported", lines)


def differences(settings: Settings, ask: Ask) -> list[tuple[Any, ...]]:
    """A row for each vendor and organization to which the marts do not tie: on how many days, and
    by how many dollars in all."""
    return ask(f"""
        select vendor, organization, differing_days, difference_usd
        from {settings.dataset("marts")}.rpt_cost_ties
        where differing_days > 0
        order by vendor, organization
    """)


def anomalies(marts: Marts, told: Told) -> Part | None:
    """The anomalies that are news."""
    rows = marts.rows(
        "rpt_alerts_anomalies",
        "anomaly_date, scope_type, scope, severity,"
        " scope_name, cost_usd, baseline_usd, excess_usd, explained_by",
        "severity, anomaly_date desc, excess_usd desc, scope_type, scope",
    )
    news = [row for row in rows if is_news(told, "anomaly", *row[:4])]
    if not news:
        return None
    lines = []
    for day, scope_type, _, severity, name, cost, baseline, excess, reason in news:
        what = f"${dollars(cost)}, usually ${dollars(baseline)} ({signed(excess)})"
        because = f", most of it {reason}" if reason else ""
        lines.append(f"{severity}, {day}, {scope_name(scope_type, name)}: {what}{because}")
    return Part(
        "New anomalies",
        lines,
        counted(len(news), "new anomaly", "new anomalies"),
        "select 'anomaly' as kind, anomaly_date as alert_date, scope_type, scope, severity "
        + marts.of_the_day("rpt_alerts_anomalies"),
    )


def disputes(marts: Marts) -> Part | None:
    """The invoices in dispute, of a year."""
    rows = marts.rows(
        "rpt_alerts_disputes",
        "month, platform_code, organization, reason,"
        " report_difference_usd, invoice_difference_usd, snapshot_difference_usd",
        "month desc, platform_code, vendor, organization",
    )
    lines = []
    for month, platform, organization, reason, *differences in rows:
        named = zip(("report", "invoice", "console"), differences, strict=True)
        words = ", ".join(f"{name} {signed(amount)}" for name, amount in named if amount)
        who = " ".join(dict.fromkeys((platform, organization)))
        detail = "; ".join(filter(None, (words, reason)))
        lines.append(f"{month:%Y-%m}, {who}: {detail}")
    if not lines:
        return None
    return Part(
        "Open disputes", lines, counted(len(lines), "invoice in dispute", "invoices in dispute")
    )


def budgets(marts: Marts, told: Told, is_digest: bool) -> Part | None:
    """The budgets that are news; in the digest all of them."""
    rows = marts.rows(
        "rpt_alerts_budgets",
        "month, scope_type, scope, budget_status, budget_usd, actual_cost_usd, projected_cost_usd,"
        " is_of_broadest_kind",
        # The company's first, or what is nearest to it.
        "is_of_broadest_kind desc, budget_status, actual_cost_usd - budget_usd desc,"
        " scope_type, scope",
    )
    # Those of narrower kinds are of the same money.
    narrower = sum(not row[-1] for row in rows)
    news = [row for row in rows if row[-1] and (is_digest or is_news(told, "budget", *row[:4]))]
    if not news:
        return None
    lines = []
    for _, scope_type, scope, status, budget, actual, projected, _ in news:
        spent = f"${dollars(actual)} of ${dollars(budget)} spent ({share(actual, budget)})"
        is_over = "is over its budget" if status == "Over Budget" else "will be over its budget"
        name = scope_name(scope_type, scope)
        lines.append(f"{name} {is_over}: {spent}, ${dollars(projected)} by the end of the month")
    if narrower:
        what = counted(narrower, "budget", "budgets")
        lines.append(f"of the same money {what} of narrower kinds: the tab Budget under Finance")
    return Part(
        f"Budgets of {news[0][0]:%Y-%m}",
        lines,
        counted(len(news), "budget at risk", "budgets at risk"),
        "select 'budget' as kind, month as alert_date, scope_type, scope,"
        f" budget_status as severity {marts.of_the_day('rpt_alerts_budgets')}"
        " and is_of_broadest_kind",
    )
