"""The day of a run, in UTC: all of its processes have the one on which it began.

A run that lasts beyond midnight would otherwise take a day for complete that it never asked for.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

# In the environment of a run's processes.
RUN_DAY = "RUN_DAY"


def today() -> date:
    """Within a run the day on which it began."""
    day = os.environ.get(RUN_DAY)
    return date.fromisoformat(day) if day else datetime.now(UTC).date()
