"""`mf`, MetricFlow's command, which does not ask pypi.org at each call for a newer version.

It has no setting for that. A process of its own, like dbt: `python -m pipeline mf …` starts it.
"""

from __future__ import annotations

from dbt_metricflow.cli import main
from update_checker import UpdateChecker


def _no_newer_version(_checker: UpdateChecker, _package: str, _version: str) -> None:
    """As when the index cannot be reached."""


if __name__ == "__main__":
    UpdateChecker.check = _no_newer_version
    main.cli(prog_name="python -m pipeline mf")
