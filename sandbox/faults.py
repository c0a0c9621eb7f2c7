"""Faults on demand: the ways in which vendors fail an importer.

Each fault selects requests by a part of their path. It lets the first `after` of them pass and then
hits `times` of them (None: forever).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REFUSALS: Final = (
    "429", "429_retry_after", "429_spend_cap", "500", "504", "529", "expired_cursor",
    "expired_session",
)  # fmt: skip
ALTERATIONS: Final = ("cut_body", "unknown_fields", "id_type_change", "malformed_record")
KINDS: Final = REFUSALS + ALTERATIONS


@dataclass
class Fault:
    """One fault, and how many requests it has let pass and has hit."""

    match: str
    kind: str
    times: int | None = 1
    after: int = 0
    retry_after: str = "1"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")

    def hits(self, path: str, *, is_later_page: bool) -> bool:
        """Whether this request is hit; counts it either way."""
        if self.match not in path or (self.kind == "expired_cursor" and not is_later_page):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        return True

    @property
    def status(self) -> int:
        """The HTTP status of a refusal, unless the vendor has another one for it."""
        of_words = {"expired_cursor": 410, "expired_session": 401}
        return of_words[self.kind] if self.kind in of_words else int(self.kind[:3])

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a refusal, for `Refusal`."""
        return {"retry_after": self.retry_after} if self.kind == "429_retry_after" else {}
