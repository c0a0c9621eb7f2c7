"""The log of runs in the warehouse: one row per run, which marts.pipeline_runs shows."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime
from typing import Any

from foundation.settings import Settings
from foundation.warehouse import NoTableError, WarehouseError, warehouse
from pipeline.alerts.outcome import Outcome, failures

log = logging.getLogger(__name__)


def new_id(now: datetime) -> str:
    """A name for a run that begins now, which is also a valid label of a BigQuery job."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def write(settings: Settings, outcome: Outcome) -> None:
    """Add the run to `run_log`, which dbt creates when it starts (macros/run_log.sql). Never
    raises: a run does not fail because it could not be logged."""
    row = _row(outcome)
    table = f"{settings.dataset('intermediate')}.run_log"
    try:
        with warehouse(settings, writes=True) as ask:
            ask(f"insert into {table} ({', '.join(row)}) values ({', '.join(row.values())})")
    except NoTableError:
        log.info("The run is not in marts.pipeline_runs, since nothing was built yet")
    except WarehouseError as error:
        log.warning("The run could not be logged: %s", error)
    except Exception:
        log.warning("The run could not be logged", exc_info=True)


def _row(outcome: Outcome) -> dict[str, str]:
    """The columns of a run as SQL."""
    build, seconds = outcome.build, outcome.seconds
    sources = outcome.extracted.sources if outcome.extracted else None
    values: dict[str, Any] = {
        "run_id": f"'{outcome.run_id}'",
        "started_at": f"timestamp '{outcome.started_at:%Y-%m-%d %H:%M:%S}'",
        "exit_code": outcome.exit_code,
        "is_sample": outcome.is_sample,
        "extract_seconds": _rounded(seconds.get("extract")),
        "build_seconds": _rounded(seconds.get("dbt build")),
        "preview_seconds": _rounded(seconds.get("preview")),
        "run_seconds": _rounded(seconds.get("run")),
        "failures": len(failures(outcome)),
        "warnings": len(build.warnings) if build else 0,
        "records_landed": sources
        and sum(part.landed for source in sources for part in source.resources),
        "nodes_built": build and build.statuses.total(),
        "bytes_billed": build and build.bytes_billed,
    }
    return {name: "null" if value is None else str(value) for name, value in values.items()}


def _rounded(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.1f}"
