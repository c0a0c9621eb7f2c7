"""What a run has to say to people: what failed, anomalies, budgets, and on Mondays the week.

`compose` reads the marts once and gives the content as lines of text. `tell` posts them to
Slack (`pipeline.slack`), or prints them below the report where there is no webhook or Slack does
not take them. Nothing here makes a run fail.

Each thing is told once. What Slack took is written to `alert_log` in the warehouse, since runs
begin on empty machines; so a message that was not taken comes with the next run, and a day that a
vendor publishes or revises late is told when it shows. Without a webhook nothing is written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from foundation.logs import redacted
from foundation.settings import Settings
from foundation.warehouse import Ask, NoTableError, WarehouseError, warehouse
from pipeline import report
from pipeline.building import Build
from pipeline.report import dollars, share

log = logging.getLogger(__name__)

MONDAY = 0
# Anomalies of older days are history, not news.
ANOMALY_DAYS = 7
DISPUTE_DAYS = 366
# A section shows so many lines, and a line so many characters.
MOST_LINES = 10
MOST_IN_LINE = 300
MOVERS = {"department": 3, "user_email": 5}
# Once the worse was told, the less bad is no news.
WORSE = {"warning": "critical", "Projected Over Budget": "Over Budget"}


@dataclass
class Outcome:
    """What is known of a run without the warehouse; filled in on the way.

    `extracted` is the JSON report of `python -m extract run`, `broken` the error that ended it.
    """

    is_sample: bool = False
    exit_code: int = 0
    extracted: dict[str, Any] | None = None
    extract_code: int = 0
    build: Build | None = None
    preview_code: int = 0
    broken: Exception | None = None


@dataclass(frozen=True)
class Section:
    """A title and lines of plain text, and how many lines were left away."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True)
class Message:
    """The content, the same for every renderer. Without sections there is nothing to tell."""

    headline: str
    sections: tuple[Section, ...]
    where: str
    link: str | None = None
    # Selects of what it tells, in the columns of `alert_log`.
    told: tuple[str, ...] = ()


def tell(settings: Settings, outcome: Outcome, console: Console | None = None) -> None:
    """Post what the run has to say, or print it."""
    # Imported here: it takes a tenth of a second, and most runs have no webhook.
    from pipeline import slack

    try:
        message = compose(settings, outcome)
        webhook = settings.slack_webhook_url
        if not message.sections and webhook:
            log.info("Nothing to tell Slack")
        elif webhook and slack.post(webhook, slack.payload(message)):
            log.info("Told Slack: %s", message.headline)
            remember(settings, message)
        else:
            show(message, console)
    except WarehouseError as error:
        log.warning("The alerts could not be told: %s", error)
    except Exception:
        log.warning("The alerts could not be told", exc_info=True)


def compose(settings: Settings, outcome: Outcome) -> Message:
    """Everything that there is to say, from the outcome of the run and from the marts."""
    news = _News(settings, outcome)
    news.read()
    return news.message()


def show(message: Message, console: Console | None = None) -> None:
    """Print the message like a part of the report."""
    console = console or report.standard_output()
    console.print(Text("What needs attention", "bold cyan"))
    console.print(Padding(Text(message.headline), (0, 0, 0, 2)))
    for section in message.sections:
        console.print()
        console.print(Padding(Text(section.title, "bold"), (0, 0, 0, 2)))
        more = [f"… and {section.more:,} more"] if section.more else []
        lines = Table.grid(padding=(0, 1, 0, 0))
        for line in (*section.lines, *more):
            lines.add_row("•", Text(line))
        console.print(Padding(lines, (0, 0, 0, 2)))
    console.print()


def remember(settings: Settings, message: Message) -> None:
    """Write to `alert_log` what Slack took."""
    if not message.told:
        return
    table = _alert_log(settings)
    columns = "kind, alert_date, scope_type, scope, severity"
    with warehouse(settings, writes=True) as ask:
        ask(f"""
            create table if not exists {table} (
                kind string, alert_date date, scope_type string, scope string, severity string
            )
        """)
        for told in message.told:
            ask(f"""
                insert into {table} ({columns})
                {told}
                except distinct
                select {columns} from {table}
            """)


def _alert_log(settings: Settings) -> str:
    return f"{settings.dataset('intermediate')}.alert_log"


@dataclass
class _News:
    """Collects sections; a part that cannot be read is named and left out."""

    settings: Settings
    outcome: Outcome
    as_of: date | None = None
    sections: list[Section] = field(default_factory=list)
    headlines: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    # Of `alert_log`: what was told before.
    before: set[tuple[Any, ...]] = field(default_factory=set)

    def message(self) -> Message:
        name = "AI spend (sample company)" if self.outcome.is_sample else "AI spend"
        upto = f" up to {self.as_of - timedelta(days=1)}" if self.as_of else ""
        what = ", ".join(self.headlines) or ("a part is missing" if self.sections else "no news")
        return Message(
            headline=f"{name}{upto}: {what}",
            sections=tuple(self.sections),
            where=report.where(self.settings),
            link=_link(),
            told=tuple(self.told),
        )

    def read(self) -> None:
        self._add("What failed", _failures(self.outcome))
        self._part("the warehouse", self._read_warehouse)
        if self.outcome.exit_code or self.outcome.broken:
            self.headlines.insert(0, "the run failed")
        lines = [f"{what}: not there yet" for what in self.missing]
        lines += [f"{what}: could not be read" for what in self.unread]
        self._add("Left out", lines)

    def _read_warehouse(self) -> None:
        with warehouse(self.settings) as ask:
            self._part("ties (int_cost_ties)", self._ties, ask)
            self._part("anomalies, budgets and the week (completed_runs)", self._find_day, ask)
            if not self.as_of:
                return
            if self.settings.slack_webhook_url:
                self._find_told(ask)
            is_digest = self.as_of.weekday() == MONDAY and not any(
                row[:2] == ("digest", self.as_of) for row in self.before
            )
            self._part("anomalies (fct_cost_anomalies)", self._anomalies, ask)
            self._part("budgets (fct_budget_monthly)", self._budgets, ask, is_digest)
            if is_digest:
                self._digest(ask)

    def _part(self, name: str, read: Callable[..., None], *arguments: object) -> None:
        """One part; the others must not suffer if it cannot be read."""
        try:
            read(*arguments)
        except NoTableError:
            self.missing.append(name)
        except WarehouseError:
            # Whoever opens it next says why.
            self.unread.append(name)
        except Exception as error:
            self.unread.append(f"{name}, {type(error).__name__}")
            log.warning("For the alerts: could not read %s", name, exc_info=True)

    def _add(self, title: str, lines: list[str]) -> None:
        secrets = self.settings.secret_values()
        shown = tuple(_plain(redacted(line, secrets)) for line in lines[:MOST_LINES])
        if shown:
            self.sections.append(Section(title, shown, max(0, len(lines) - MOST_LINES)))

    def _mart(self, name: str) -> str:
        return f"{self.settings.dataset('marts')}.{name}"

    def _ties(self, ask: Ask) -> None:
        rows = ask(f"""
            select vendor, organization, count(distinct cost_date), sum(difference_usd)
            from {self.settings.dataset("intermediate")}.int_cost_ties
            where difference_usd <> 0
            group by 1, 2
            order by 1, 2
        """)
        lines = [
            f"{vendor} {organization}: {days:,} days, {_signed(difference)} in the marts"
            for vendor, organization, days, difference in rows
        ]
        self._add("Does not tie to what the vendor reported", lines)

    def _find_day(self, ask: Ask) -> None:
        """The day of the last completed run: not the clock's, which a failed run is behind."""
        rows = ask(f"""
            select as_of_date
            from {self.settings.dataset("intermediate")}.completed_runs
            order by completed_at desc
            limit 1
        """)
        if not rows:
            raise NoTableError("no run was ever completed")
        self.as_of = rows[0][0]

    def _find_told(self, ask: Ask) -> None:
        table = _alert_log(self.settings)
        oldest = min(self._day(-ANOMALY_DAYS), self._month())
        try:
            rows = ask(f"""
                select kind, alert_date, scope_type, scope, severity
                from {table}
                where alert_date >= date '{oldest}'
            """)
        except NoTableError:
            return
        self.before = set(rows)

    def _day(self, days: int) -> date:
        assert self.as_of  # noqa: S101 - nothing that needs it is read without it
        return self.as_of + timedelta(days=days)

    def _month(self) -> date:
        """The month of the last complete day, so that the first of a month closes the last one."""
        return self._day(-1).replace(day=1)

    def _is_news(self, kind: str, day: date, scope_type: str, scope: str, severity: str) -> bool:
        severities = {severity, WORSE.get(severity)}
        return not any((kind, day, scope_type, scope, each) in self.before for each in severities)

    def _anomalies(self, ask: Ask) -> None:
        table = self._mart("fct_cost_anomalies")
        wanted = f"""
            where
                anomaly_date >= date '{self._day(-ANOMALY_DAYS)}'
                and anomaly_date < date '{self.as_of}'
                and severity in ('critical', 'warning')
        """
        rows = ask(f"""
            select
                anomaly_date, scope_type, scope, severity,
                cost_usd, baseline_usd, excess_usd, explained_by, api_key_name
            from {table} as anomalies
            left join {self._mart("dim_api_keys")} as api_keys
                on anomalies.scope = api_keys.api_key_id and anomalies.scope_type = 'api_key'
            {wanted}
            order by severity, anomaly_date desc, excess_usd desc, scope_type, scope
        """)
        news = [row for row in rows if self._is_news("anomaly", *row[:4])]
        if not news:
            return
        lines = []
        for day, scope_type, scope, severity, cost, baseline, excess, reason, key_name in news:
            usually = f", usually ${dollars(baseline)}" if baseline is not None else ""
            because = f", most of it {reason}" if reason else ""
            what = f"${dollars(cost)}{usually} ({_signed(excess)})"
            lines.append(
                f"{severity}, {day}, {_scope(scope_type, key_name or scope)}: {what}{because}"
            )
        self._add("New anomalies", lines)
        self.headlines.append(_count(len(news), "new anomaly", "new anomalies"))
        self.told.append(
            "select 'anomaly' as kind, anomaly_date as alert_date, scope_type, scope, severity"
            f" from {table} {wanted}"
        )

    def _budgets(self, ask: Ask, is_digest: bool) -> None:
        """Those that are news; in the digest all."""
        month = self._month()
        wanted = f"""
            from {self._mart("fct_budget_monthly")}
            where
                month = date '{month}'
                and budget_status in ('Over Budget', 'Projected Over Budget')
        """
        rows = ask(f"""
            select
                scope_type, scope, budget_status,
                budget_usd, actual_cost_usd, projected_cost_usd
            {wanted}
            order by budget_status, actual_cost_usd - budget_usd desc, scope_type, scope
        """)
        news = [row for row in rows if is_digest or self._is_news("budget", month, *row[:3])]
        if not news:
            return
        lines = []
        for scope_type, scope, status, budget, actual, projected in news:
            spent = f"${dollars(actual)} of ${dollars(budget)} spent ({share(actual, budget)})"
            pace = f", projected ${dollars(projected)}" if projected is not None else ""
            lines.append(f"{status}, {_scope(scope_type, scope)}: {spent}{pace}")
        self._add(f"Budgets of {month:%Y-%m}", lines)
        self.headlines.append(_count(len(news), "budget at risk", "budgets at risk"))
        self.told.append(
            "select 'budget' as kind, month as alert_date, scope_type, scope,"
            " budget_status as severity" + wanted
        )

    def _digest(self, ask: Ask) -> None:
        """The last seven days beside the seven before them."""
        self._part("spend (fct_cost_daily)", self._spend, ask)
        self._part("active people (fct_usage_daily)", self._people, ask)
        self._part("top movers (fct_cost_daily)", self._movers, ask)
        self._part("open disputes (fct_cost_reconciliation)", self._disputes, ask)
        self._part("days that lack data (fct_data_quality_daily)", self._gaps, ask)
        self.headlines.append("the week")
        self.told.append(
            f"select 'digest' as kind, date '{self.as_of}' as alert_date,"
            " 'all' as scope_type, 'all' as scope, 'info' as severity"
        )

    def _costs(self) -> str:
        """Two weeks of costs, each row with what it adds to this week and to the one before."""
        return f"""(
            select
                platform_code, department, user_email, attribution_method,
                case when cost_date >= date '{self._day(-7)}' then effective_cost_usd else 0 end
                    as now_usd,
                case when cost_date < date '{self._day(-7)}' then effective_cost_usd else 0 end
                    as before_usd
            from {self._mart("fct_cost_daily")}
            where cost_date >= date '{self._day(-14)}' and cost_date < date '{self.as_of}'
        ) as costs"""

    def _spend(self, ask: Ask) -> None:
        rows = ask(f"""
            select
                platform_name,
                sum(now_usd),
                sum(before_usd),
                sum(case when attribution_method = 'unattributed' then 0 else now_usd end),
                sum(case when attribution_method = 'unattributed' then 0 else before_usd end)
            from {self._costs()}
            inner join {self._mart("dim_platforms")} as platforms
                on costs.platform_code = platforms.platform_code
            group by 1
            order by 2 desc, 1
        """)
        now, before, owned_now, owned_before = (
            sum((row[column] for row in rows), Decimal(0)) for column in (1, 2, 3, 4)
        )
        lines = [f"{row[0]}: {_compared(row[1], row[2])}" for row in rows]
        lines.append(f"all: {_compared(now, before)}")
        lines.append(
            f"attributed: {share(owned_now, now)} of it"
            f" ({share(owned_before, before)} the week before)"
        )
        title = f"Effective cost, {self._day(-7)} to {self._day(-1)}, and the 7 days before"
        self._add(title, lines)

    def _people(self, ask: Ask) -> None:
        usage = f"""
            from {self._mart("fct_usage_daily")} as usages
            inner join {self._mart("dim_platforms")} as platforms
                on usages.platform_code = platforms.platform_code
            where
                usage_date >= date '{self._day(-14)}'
                and usage_date < date '{self.as_of}'
                and user_email <> 'unattributed'
        """
        week = f"usage_date >= date '{self._day(-7)}'"
        counts = f"""
            count(distinct case when {week} then user_email end),
            count(distinct case when not {week} then user_email end)
        """
        rows = ask(f"select platform_name, {counts} {usage} group by 1 order by 2 desc, 1")
        rows += ask(f"select 'any', {counts} {usage}")
        lines = [f"{name}: {now:,} ({before:,} the week before)" for name, now, before in rows]
        self._add("Active people", lines)

    def _movers(self, ask: Ask) -> None:
        lines = []
        for column, most in MOVERS.items():
            rows = ask(f"""
                select {column}, sum(now_usd) as week_usd, sum(now_usd - before_usd) as change_usd
                from {self._costs()}
                group by 1
                order by abs(change_usd) desc, 1
                limit {most}
            """)
            kind = {"department": "department", "user_email": "user"}[column]
            lines += [
                f"{_scope(kind, name or '(none)')}: {_signed(change)}, now ${dollars(week)}"
                for name, week, change in rows
                if round(change, 2)
            ]
        self._add("Top movers", lines)

    def _disputes(self, ask: Ask) -> None:
        rows = ask(f"""
            select
                month, platform_code, vendor, organization, reason,
                report_difference_usd, invoice_difference_usd, snapshot_difference_usd
            from {self._mart("fct_cost_reconciliation")}
            where
                reconciliation_status = 'disputed'
                and month >= date '{self._day(-DISPUTE_DAYS).replace(day=1)}'
            order by month desc, platform_code, vendor, organization
        """)
        lines = []
        for month, platform, vendor, organization, reason, *differences in rows:
            named = zip(("report", "invoice", "console"), differences, strict=True)
            words = ", ".join(f"{name} {_signed(amount)}" for name, amount in named if amount)
            who = " ".join(dict.fromkeys(filter(None, (platform or vendor, organization))))
            detail = "; ".join(filter(None, (words, reason)))
            lines.append(f"{month:%Y-%m}, {who}: {detail}")
        self._add("Open disputes", lines)

    def _gaps(self, ask: Ask) -> None:
        """A week may look cheap because a vendor has not published it yet."""
        rows = ask(f"""
            select
                source_name, organization,
                sum(windows_expected) as expected, sum(windows_landed) as landed
            from {self._mart("fct_data_quality_daily")}
            where
                quality_date >= date '{self._day(-7)}'
                and quality_date < date '{self.as_of}'
            group by 1, 2
            having sum(windows_landed) < sum(windows_expected)
            order by 1, 2
        """)
        lines = [
            f"{' '.join(dict.fromkeys(names))}: {expected - landed:,} of {expected:,} windows"
            for *names, expected, landed in rows
        ]
        self._add("Not landed yet of this week", lines)


def _failures(outcome: Outcome) -> list[str]:
    """A line for each thing that failed, without the warehouse."""
    lines = list(_extract_failures(outcome))
    if outcome.build:
        lines += [f"dbt: {line}" for line in outcome.build.failures]
    if outcome.preview_code:
        lines.append(
            "preview: some of the dashboards could not be drawn; `make preview` says which"
        )
    if outcome.broken:
        lines.append(f"the run ended with {type(outcome.broken).__name__}: {outcome.broken}")
    return lines


def _extract_failures(outcome: Outcome) -> Iterator[str]:
    if outcome.extracted is None:
        if not outcome.broken:
            yield "nothing was extracted; the marts stay as they were"
        return
    found = False
    for source in outcome.extracted["sources"]:
        for part in (source, *source["resources"]):
            names = (source["source"], part.get("organization"), part.get("resource"))
            name = " ".join(dict.fromkeys(filter(None, names)))
            for error in part["errors"]:
                found = True
                yield f"{name}: {error}"
            if rejected := part.get("rejected"):
                found = True
                yield f"{name}: {rejected:,} records rejected"
    if outcome.extract_code and not found:
        yield f"the extraction ended with code {outcome.extract_code}"


def _link() -> str | None:
    """Where the log of this run is, if GitHub runs it."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ.get(name) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if run else None


def _scope(scope_type: str, scope: str) -> str:
    """An e-mail address says by itself that it is a person's."""
    if scope_type != "user":
        return f"{scope_type.replace('_', ' ')} {scope}"
    return "nobody (unattributed)" if scope == "unattributed" else scope


def _compared(now: Decimal, before: Decimal) -> str:
    growth = f", {100 * (now - before) / before:+.1f} %" if before else ""
    return f"${dollars(now)} ({_signed(now - before)}{growth})"


def _signed(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else '+'}${dollars(abs(amount))}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _plain(text: str) -> str:
    """One line that is not too long, without anything that a terminal would obey."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= MOST_IN_LINE else text[: MOST_IN_LINE - 1] + "…"
