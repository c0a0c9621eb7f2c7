"""Placeholders for people, so that a sample row can be shown to others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*")
# The login in the name of a key that Claude Code made: claude_code_key_ann.bell_x1y2.
LOGIN = re.compile(
    r"(?<=claude_code_key_)[\w.+'-]+?(?=(?:_[a-z0-9]+)?(?!\.?[\w+'-]))", re.IGNORECASE
)
# Columns that name a person, by the last words of their names. A hash of an e-mail address is no
# better than the address: whoever has a list of addresses can find it.
PERSON = re.compile(r"(^|_)(email|person|manager|owner|holder|user|user_id|user_sk|created_by)$")
NAME = re.compile(r"(^|_)names?$")
# Any other column called a name is a person's until it is listed here.
THINGS = re.compile(
    r"(^|_)(account|api_key|billing_account|sub_account|provider|invoice_issuer|publisher|service"
    r"|model|opportunity|platform|source|stage|subscription|team|workspace)_names?$"
)
NOT_PEOPLE = {"unattributed", "unknown", ""}


class People:
    """Each person gets a number in order of appearance; the same number everywhere."""

    def __init__(self, known: Iterable[Sequence[str | None]] = ()) -> None:
        """`known` has the different names of each person: an address, a name, a key."""
        self._numbers: dict[str, int] = {}
        self._called: dict[str, str] = {}
        for person in known:
            present = [name.lower() for name in person if name and name.lower() not in NOT_PEOPLE]
            # A key that is named after somebody has what is before the @ of their address.
            logins = [name.partition("@")[0] for name in present if "@" in name]
            for name in (*present, *logins):
                self._called.setdefault(name, present[0])
        # Names within other texts ("Ada Lovelace's key"); a single word could mean anything.
        names = sorted((name for name in self._called if " " in name), key=len, reverse=True)
        self._inside = (
            re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names), re.IGNORECASE)
            if names
            else None
        )

    def hide(self, column: str, value: str) -> str:
        """The value of a column with people replaced."""
        if value.lower() in NOT_PEOPLE:
            return value
        if names_a_person(column):
            return self._placeholder(value)
        for pattern in (EMAIL, LOGIN):
            value = pattern.sub(lambda found: self._placeholder(found.group()), value)
        if self._inside:
            value = self._inside.sub(lambda found: self._placeholder(found.group()), value)
        return value

    def _placeholder(self, name: str) -> str:
        person = self._called.get(name.lower(), name.lower())
        return f"person {self._numbers.setdefault(person, len(self._numbers) + 1)}"


def names_a_person(column: str) -> bool:
    """Decided by the column's name, such as user_email or, in FOCUS, x_PersonEmail."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()
    return bool(PERSON.search(words) or (NAME.search(words) and not THINGS.search(words)))
