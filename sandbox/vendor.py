"""What the sandbox needs from a vendor.

A vendor is a folder with a subclass of `Vendor` in its `vendor.py`, and a line in
`sandbox.vendors`. The subclass gets the `Sandbox` that it belongs to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from starlette.routing import Route

from sandbox.answers import Json, Refusal, no_route
from sandbox.faults import Fault

Change = Callable[[Any], None]
"""Makes one change that `/_control` was asked for. ValueError, KeyError or TypeError if the value
makes no sense."""


def flag(owner: object, name: str) -> Change:
    """A change that switches an attribute on or off."""
    return lambda value: setattr(owner, name, bool(value))


class Vendor:
    """A vendor in the sandbox. One that needs less keeps the defaults."""

    name: ClassVar[str]
    paths: ClassVar[tuple[str, ...]] = ()
    """The prefixes of the paths that it answers."""
    record_lists: ClassVar[tuple[str, ...]] = ()
    """The fields of its answers that hold lists of records, which faults change."""

    def reset(self) -> None:
        """Undo what `/_control` has changed."""

    def routes(self) -> list[Route]:
        """Its endpoints."""
        return []

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:  # noqa: ARG002
        """The pipeline's settings for it, by name, while the sandbox serves at `url`."""
        return nullcontext({})

    def changes(self) -> dict[str, Change]:
        """What `/_control` can change about it, by the field of the JSON object."""
        return {}

    def not_found(self, path: str) -> Json:
        """The body of its 404, for a path that it does not have."""
        return no_route(path)

    def refusal(self, fault: Fault) -> Refusal:
        """The answer of a fault that refuses, in this vendor's words."""
        return Refusal(fault.status, {"error": fault.kind}, **fault.headers)

    def is_later_page(self, path: str, query: str) -> bool:  # noqa: ARG002
        """Whether a request asks for a page after the first: its cursor can have expired."""
        return "page=" in query

    def break_record(self, record: dict[str, Any], path: str) -> None:  # noqa: ARG002
        """Break a record of an answer in a way that the importer must notice."""
        record.clear()


class MeteredVendor(Vendor, ABC):
    """A vendor that reports what each day has cost, and may revise a day."""

    @abstractmethod
    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        """What it reports by organization and day, from `first` up to, not including, `end`, as
        exact numbers in text; amounts in dollars."""

    @abstractmethod
    def billed(self, day: date) -> dict[str, Decimal]:
        """What it bills for a day's usage, by platform, in cents: as first reported."""
