"""Whether the pipeline is well, for people and for monitors: did a run happen, did it go well, do
all sources answer, do the marts tie to what the vendors reported, does Metabase answer.

It reads what the last run left in the warehouse, so it can be asked from any machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx

from foundation.settings import Settings
from foundation.warehouse import Ask, NoTableError, WarehouseError, warehouse
from pipeline.alerts.attention import differences
from pipeline.words import counted, signed

# A run every day, and an hour for the one of today.
MAX_AGE = timedelta(hours=25)
TIMEOUT = httpx.Timeout(10)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and in a sentence what was found."""

    name: str
    is_well: bool
    found: str


def show(settings: Settings, *, as_json: bool = False) -> int:
    """Print what was found. Returns 0 if all is well, otherwise 1."""
    now = datetime.now(UTC)
    checks = list(look(settings, now))
    is_well = all(check.is_well for check in checks)
    if as_json:
        content = {"is_well": is_well, "checked_at": now.isoformat(timespec="seconds")}
        content["checks"] = [asdict(check) for check in checks]
        print(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{'well' if check.is_well else 'ILL ':4}  {check.name}: {check.found}")
    sys.stdout.flush()
    return int(not is_well)


def look(settings: Settings, now: datetime) -> Iterator[Check]:
    """All checks. One that cannot be made is not well."""
    try:
        with warehouse(settings) as ask:
            yield Check("warehouse", is_well=True, found=_place(settings))
            reads: dict[str, Callable[[], Iterator[Check]]] = {
                "run": partial(_run, settings, ask, now),
                "freshness": partial(_freshness, settings, ask, now),
                "ties": partial(_ties, settings, ask),
                "completeness": partial(_completeness, settings, ask),
            }
            for name, read in reads.items():
                try:
                    yield from read()
                except NoTableError:
                    yield Check(name, is_well=False, found="not built yet: `make run` does it")
                except WarehouseError as error:
                    yield Check(name, is_well=False, found=str(error))
    except (NoTableError, WarehouseError) as error:
        yield Check("warehouse", is_well=False, found=str(error))
    if settings.metabase_url:
        yield _metabase(settings.metabase_url)


def _place(settings: Settings) -> str:
    if settings.target == "duckdb":
        return str(settings.duckdb_path)
    return f"{settings.google_cloud_project}.{settings.bigquery_dataset}_… on BigQuery"


def _run(settings: Settings, ask: Ask, now: datetime) -> Iterator[Check]:
    rows = ask(f"""
        select run_id, started_at, exit_code, failures, is_sample
        from {settings.dataset("marts")}.pipeline_runs
        order by started_at desc
        limit 1
    """)
    if not rows:
        yield Check("run", is_well=False, found="no run has ended yet")
    for run_id, started_at, exit_code, failures, is_sample in rows:
        age = now - _utc(started_at)
        ended = "went well" if exit_code == 0 else counted(failures, "failure", "failures")
        ended += ", on the sample company" if is_sample else ""
        is_well = exit_code == 0 and age <= MAX_AGE
        yield Check("run", is_well, f"the last one, {run_id}, began {_ago(age)}: {ended}")


def _freshness(settings: Settings, ask: Ask, now: datetime) -> Iterator[Check]:
    """One check per source that is configured; on the sample company, of all that landed. Like the
    others it only reads marts: whoever watches may read nothing else."""
    rows = ask(f"""
        select source_name, max(last_loaded_at) as loaded_at
        from {settings.dataset("marts")}.fct_data_quality_daily
        where last_loaded_at is not null
        group by 1
    """)
    loads = {source: _utc(loaded_at) for source, loaded_at in rows}
    for source in settings.configured_sources() or sorted(loads):
        if source not in loads:
            yield Check(f"{source} is fresh", is_well=False, found="nothing has landed yet")
            continue
        age = now - loads[source]
        yield Check(f"{source} is fresh", age <= MAX_AGE, f"landed {_ago(age)}")


def _ties(settings: Settings, ask: Ask) -> Iterator[Check]:
    rows = differences(settings, ask)
    lines = [
        f"{vendor} {organization} {signed(difference)} on {counted(days, 'day', 'days')}"
        for vendor, organization, days, difference in rows
    ]
    yield Check("ties to the vendors", not rows, "; ".join(lines) or "to the last digit")


def _completeness(settings: Settings, ask: Ask) -> Iterator[Check]:
    rows = ask(f"""
        select source_name, organization, windows_missing
        from {settings.dataset("marts")}.rpt_alerts_gaps
        order by source_name, organization
    """)
    lines = [f"{source} {organization} lacks {missing}" for source, organization, missing in rows]
    found = "; ".join(lines) or "every report of the week has landed"
    yield Check("reports of the week", not rows, found)


def _metabase(url: str) -> Check:
    """Metabase's own answer, which also says whether it reaches its PostgreSQL."""
    try:
        response = httpx.get(f"{url.rstrip('/')}/api/health", timeout=TIMEOUT)
        status = response.json().get("status", "")
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return Check("Metabase", is_well=False, found=f"no answer ({type(error).__name__})")
    is_well = response.is_success and status == "ok"
    return Check("Metabase", is_well, f"HTTP {response.status_code}, {status or 'no status'}")


def _utc(moment: datetime) -> datetime:
    """DuckDB's timestamps have no zone; all are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ago(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    if hours < 2:
        return f"{counted(round(hours * 60), 'minute', 'minutes')} ago"
    return f"{hours:.1f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"
