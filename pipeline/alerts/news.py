"""Everything there is to report, from the outcome of the run and from the marts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from foundation.settings import Settings
from foundation.warehouse import Ask, NoTableError, WarehouseError, warehouse
from pipeline import report
from pipeline.alerts import attention, digest
from pipeline.alerts.marts import Marts, NotBuiltError, Part
from pipeline.alerts.message import Message, Section, section
from pipeline.alerts.outcome import Outcome, failures
from pipeline.alerts.told import told_before

log = logging.getLogger(__name__)

MONDAY = 0


def compose(settings: Settings, outcome: Outcome) -> Message:
    """Read the marts once and compose the news. A part that cannot be read is named and left
    out."""
    news = _News(settings, outcome)
    news.read()
    return news.message()


@dataclass
class _News:
    """Collects the parts of the message."""

    settings: Settings
    outcome: Outcome
    as_of: date | None = None
    sections: list[Section] = field(default_factory=list)
    headlines: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def message(self) -> Message:
        name = "AI spend (sample company)" if self.outcome.is_sample else "AI spend"
        upto = f" up to {self.as_of - timedelta(days=1)}" if self.as_of else ""
        run = f" · run {self.outcome.run_id}" if self.outcome.run_id else ""
        what = ", ".join(self.headlines) or ("a part is missing" if self.sections else "no news")
        return Message(
            headline=f"{name}{upto}: {what}",
            sections=tuple(self.sections),
            where=report.where(self.settings) + run,
            link=_link(),
            told=tuple(self.told),
        )

    def read(self) -> None:
        self._add(Part("What failed", failures(self.outcome)))
        self._part("the warehouse", self._read_warehouse)
        if self.outcome.exit_code or self.outcome.broken:
            self.headlines.insert(0, "the run failed")
        self._add(Part("Left out", self.left_out))

    def _read_warehouse(self) -> None:
        with warehouse(self.settings) as ask:
            self._part("ties (rpt_cost_ties)", partial(attention.ties, self.settings, ask))
            self._part(
                "anomalies, budgets and the week (rpt_alerts_spend)", partial(self._find_day, ask)
            )
            if self.as_of:
                build = self.outcome.build
                unbuilt = frozenset(build.unbuilt if build else ())
                self._read_marts(Marts(self.settings, ask, self.as_of, unbuilt))

    def _find_day(self, ask: Ask) -> None:
        """The day of the reports: not today, since after a failed build they are older."""
        table = f"{self.settings.dataset('marts')}.rpt_alerts_spend"
        # The row with the total exists even if nothing was spent.
        ((self.as_of,),) = ask(f"select as_of_date from {table} where is_total")

    def _read_marts(self, marts: Marts) -> None:
        told = told_before(self.settings, marts.ask) if self.settings.slack_webhook_url else set()
        is_digest = marts.as_of.weekday() == MONDAY and not any(
            row[:2] == ("digest", marts.as_of) for row in told
        )
        # Slack is reminded of them once a week, a terminal has them after each run.
        if is_digest or not self.settings.slack_webhook_url:
            self._part("open disputes (rpt_alerts_disputes)", partial(attention.disputes, marts))
        self._part(
            "budgets (rpt_alerts_budgets)", partial(attention.budgets, marts, told, is_digest)
        )
        self._part("anomalies (rpt_alerts_anomalies)", partial(attention.anomalies, marts, told))
        if is_digest:
            self._digest(marts)

    def _digest(self, marts: Marts) -> None:
        before = len(self.left_out)
        for name, part in {
            "spend (rpt_alerts_spend)": digest.spend,
            "active people (rpt_alerts_people)": digest.people,
            "top movers (rpt_alerts_movers)": digest.movers,
            "days that lack data (rpt_alerts_gaps)": digest.gaps,
        }.items():
            self._part(name, partial(part, marts))
        self.headlines.append("the week")
        # If a part of the week is missing, the next run of the day reports the week again.
        if len(self.left_out) == before:
            self.told.append(
                f"select 'digest' as kind, date '{marts.as_of}' as alert_date,"
                " 'all' as scope_type, 'all' as scope, 'info' as severity"
            )

    def _part(self, name: str, read: Callable[[], Part | None]) -> None:
        """Read one part; if it cannot be read, the others must still be reported."""
        try:
            if part := read():
                self._add(part)
        except NoTableError:
            self.left_out.append(f"{name}: does not exist yet")
        except NotBuiltError:
            self.left_out.append(f"{name}: not built, because something before it failed")
        except WarehouseError:
            # The next command that opens the warehouse says why.
            self.left_out.append(f"{name}: could not be read")
        except Exception as error:
            self.left_out.append(f"{name}, {type(error).__name__}: could not be read")
            log.warning("For the alerts: could not read %s", name, exc_info=True)

    def _add(self, part: Part) -> None:
        if part.lines:
            secrets = self.settings.secret_values()
            self.sections.append(section(part.title, part.lines, secrets))
        self.headlines += filter(None, [part.headline])
        self.told += filter(None, [part.told])


def _link() -> str | None:
    """Where the log of this run is, if GitHub runs it."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ.get(name) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if run else None
