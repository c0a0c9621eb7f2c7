"""What Salesforce holds, and what `/_control` has changed about it."""

from __future__ import annotations

from sandbox.seller import Record, Seller


class State:
    """Salesforce, as all of its endpoints see it."""

    def __init__(self, seller: Seller | None) -> None:
        self._seller = seller
        self.tokens: set[str] = set()
        """The tokens that were given out."""
        self.waiting: dict[str, tuple[list[Record], int]] = {}
        """What queries found, by locator, while its pages are asked for; and the page's size."""
        self.reset()

    def reset(self) -> None:
        """Back to how everything was at the start."""
        self.limit = 15_000
        self.used = 0
        self.sessions_end = False
        self.hidden: set[str] = set()
        self.changed: dict[str, dict[str, Record]] = {}

    def records(self) -> dict[str, list[Record]]:
        """The seller's records by object, including what tests have changed."""
        if self._seller is None:
            return {}
        records = {}
        for kind, found in self._seller.records.items():
            changed = self.changed.get(kind, {})
            old = {row["Id"] for row in found}
            new = [row for key, row in changed.items() if key not in old]
            records[kind] = [row | changed.get(row["Id"], {}) for row in found] + new
        return records

    def fields(self, kind: str) -> tuple[str, ...]:
        """The fields of an object."""
        rows = self._seller.records[kind] if self._seller else []
        return tuple(rows[0]) if rows else ("Id", "SystemModstamp")
