"""Sample data and real data never share a warehouse: nobody could tell them apart later."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import product
from urllib.parse import urlsplit

# The sandbox's product database is recognized by its name, since a real one may also answer on this
# machine, behind a tunnel.
SANDBOX_DATABASE = "ai_spend_sandbox"
# Where a sandbox will answer once it has started.
SANDBOX = "http://127.0.0.1"

_CALLED = {True: "the sandbox's sample data", False: "data of real vendors"}


def is_sandbox(url: str) -> bool | None:
    """Whether this is the sandbox's address. Vendors are never on this machine; a database may be.
    None for a folder of files, file://…, which may be mixed with either."""
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return None
    if parts.scheme not in ("http", "https"):
        return parts.path.rpartition("/")[2].partition(".")[0] == SANDBOX_DATABASE
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refusal(place: str, held: Iterable[str], brought: Iterable[str]) -> str | None:
    """Why data from the addresses `brought` must not join data from `held` in `place`, and what to
    do instead; None if they may."""
    for before, now in product(held, brought):
        kind, other = is_sandbox(before), is_sandbox(now)
        if kind is None or other is None or kind == other:
            continue
        return (
            f"{place} holds {_CALLED[kind]} ({before}), and this run would bring {_CALLED[other]} "
            f"({now}): set another DUCKDB_PATH or BIGQUERY_DATASET, or move away what is there"
        )
    return None
