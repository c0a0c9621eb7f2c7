"""Parrot's costs, a day at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial

import httpx

from extract.http import client, open_envelope, records_in, scalars_in, send
from extract.records import Record
from extract.windows import Page, Period, Resource, Run, Window, fetch
from foundation.retrying import with_retries
from foundation.sources.parrot import ParrotSettings

TABLES = ("costs",)
ORGANIZATION = "parrot"
PATH = "/v1/parrot/costs"


class Cost(Record):
    date: dt.date
    email: str | None = None
    model: str
    cents: str

    def day(self) -> dt.date:
        return self.date


def extract(settings: ParrotSettings, run: Run) -> Iterator[Window]:
    with _client(settings) as parrot:
        costs = Resource(
            "costs",
            Cost,
            partial(_costs, parrot),
            is_directory=False,
            look_back=3,
            max_days=31,
            brings="cost by person and model",
        )
        yield from fetch(costs, ORGANIZATION, run)


def _client(settings: ParrotSettings) -> httpx.Client:
    key = settings.parrot_api_key
    return client(
        base_url=settings.parrot_base_url,
        headers={"Authorization": f"Bearer {key.get_secret_value() if key else ''}"},
    )


def _costs(parrot: httpx.Client, period: Period) -> Iterator[Page]:
    asked = {"since": str(period.start), "until": str(period.end)}
    envelope = open_envelope(with_retries(lambda: send(parrot, "GET", PATH, params=asked)))
    yield Page(
        [(None, records_in(envelope, "data"))],
        {"path": PATH} | asked,
        scalars_in(envelope, frozenset({"data"})),
    )
