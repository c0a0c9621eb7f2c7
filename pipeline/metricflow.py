"""`mf`, MetricFlow's command, without its check on pypi.org for a newer version at each call.

It has no setting for that. `python -m pipeline mf …` starts it in a process of its own.
"""

from __future__ import annotations

from dbt_metricflow.cli import main
from update_checker import UpdateChecker


def _no_newer_version(_checker: UpdateChecker, _package: str, _version: str) -> None:
    """The answer when the index cannot be reached."""


if __name__ == "__main__":
    UpdateChecker.check = _no_newer_version
    main.cli(prog_name="python -m pipeline mf")
