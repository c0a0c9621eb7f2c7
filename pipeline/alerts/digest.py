"""The week, reported on Mondays: the last seven days compared with the seven before them."""

from __future__ import annotations

from pipeline.alerts.marts import Marts, Part, scope_name
from pipeline.words import compared, dollars, share, signed


def spend(marts: Marts) -> Part:
    rows = marts.rows(
        "rpt_alerts_spend",
        "platform_name, week_usd, week_before_usd, attributed_week_usd, attributed_week_before_usd",
        "is_total, week_usd desc, platform_name",
    )
    lines = [f"{name}: {compared(week, before)}" for name, week, before, *_ in rows]
    # The last row is the total of all platforms.
    for _, week, before, owned, owned_before in rows[-1:]:
        then = f"{share(owned_before, before)} the week before"
        lines.append(f"attributed: {share(owned, week)} of it ({then})")
    title = f"Effective cost, {marts.day(-7)} to {marts.day(-1)}, and the 7 days before"
    return Part(title, lines)


def people(marts: Marts) -> Part:
    rows = marts.rows(
        "rpt_alerts_people",
        "platform_name, week_people, week_before_people",
        "is_total, week_people desc, platform_name",
    )
    lines = [f"{name}: {week:,} ({before:,} the week before)" for name, week, before in rows]
    return Part("Active people", lines)


def movers(marts: Marts) -> Part:
    rows = marts.rows(
        "rpt_alerts_movers",
        "scope_type, scope, change_usd, week_usd",
        "scope_type, change_rank",
    )
    lines = [
        f"{scope_name(scope_type, scope or '(none)')}: {signed(change)}, now ${dollars(week)}"
        for scope_type, scope, change, week in rows
    ]
    return Part("Top movers", lines)


def gaps(marts: Marts) -> Part:
    """A week may look cheap because a vendor has not published it yet."""
    rows = marts.rows(
        "rpt_alerts_gaps",
        "source_name, organization, windows_missing, windows_expected",
        "source_name, organization",
    )
    lines = [
        f"{' '.join(dict.fromkeys(names))}: {missing:,} of {expected:,} windows"
        for *names, missing, expected in rows
    ]
    return Part("Days of this week that have not landed yet", lines)
