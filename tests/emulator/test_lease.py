"""Runs on BigQuery that begin at the same time: one of them gets the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from foundation.reservation import BusyError, Lease
from foundation.settings import Settings
from foundation.warehouse import bigquery_client


def test_one_of_several_runs_gets_the_lease(settings_of: Callable[[str], Settings]) -> None:
    settings = settings_of("leases")
    table = f"{settings.dataset('intermediate')}.run_lease"
    leases = [Lease(bigquery_client(settings, "lease"), table) for _ in range(4)]
    # The first run of all makes the dataset.
    leases[0].take()
    leases[0].release()

    def takes(lease: Lease) -> bool:
        try:
            lease.take()
        except BusyError:
            return False
        return True

    with ThreadPoolExecutor(len(leases)) as pool:
        taken = list(pool.map(takes, leases))
    assert sum(taken) == 1
    leases[taken.index(True)].release()
    leases[0].take()
    with pytest.raises(BusyError, match="if it was killed, until"):
        leases[1].take()
