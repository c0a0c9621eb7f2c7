"""Cells as people fill them: what is cleaned, what is a value of which kind, and what is refused.

A value is changed only where there is no doubt about what was meant: characters that nobody can
see, spaces that look like others, known spellings. All else that SQL could not cast, or would take
for somebody or something else, is a ValueError that says what would do. Patterns are ASCII: Python
would also take the digits of other scripts, which no engine casts.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from foundation.fields import ROOT

# Zero-width characters, marks of direction, soft hyphens and control characters.
INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")

# What a spreadsheet shows instead of a value, in any language (#WERT!, #NV, #NOM?).
BROKEN = re.compile(
    r"#(?i:N/A.*|N/D|NV|GETTING_DATA)|#[A-Z\u00a1-\u00de0-9/]+[!?]|(?i:loading)(\.{2,3}|…)"
)


def clean(text: str) -> str:
    """The text without characters that nobody can see, with ordinary spaces, and with an accent and
    its letter as one character."""
    text = SPACES.sub(" ", INVISIBLE.sub("", text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def broken(value: str) -> str | None:
    """What is wrong with a cell whatever its column, if anything."""
    if BROKEN.fullmatch(value):
        return "is an error of the spreadsheet: correct its formula, or empty the cell"
    if "\ufffd" in value:
        return "has a character that was lost (\ufffd): type it again"
    return None


@dataclass(frozen=True)
class Kind:
    """What people may write in a column: in words, and the values if only some are known. `others`
    says which further ones there may be."""

    words: str
    values: Callable[[], tuple[str, ...]] = tuple
    others: str = ""


def _like(pattern: str, otherwise: str) -> AfterValidator:
    """Text that the whole pattern must match; `otherwise` is the error if it does not."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(otherwise + _ordinary(value, compiled.fullmatch))
        return value

    return AfterValidator(check)


def _ordinary(value: str, is_good: Callable[[str], object]) -> str:
    """Advice for a value that would be good in ordinary characters instead of wide ones."""
    ordinary = unicodedata.normalize("NFKC", value)
    return f"; write {ordinary}" if ordinary != value and is_good(ordinary) else ""


def _one_of(values: tuple[str, ...], spellings: Mapping[str, str] | None = None) -> AfterValidator:
    known = {_squashed(value): value for value in values}
    known |= {_squashed(other): value for other, value in (spellings or {}).items()}

    def check(value: str) -> str:
        if found := known.get(_squashed(value)):
            return found
        raise ValueError(f"is none of {', '.join(values)}")

    return AfterValidator(check)


def _squashed(value: str) -> str:
    return re.sub(r"[\s._/-]+", "", value.lower())


def _day(value: str) -> str:
    otherwise = "is not a day, YYYY-MM-DD"
    if _is_day(value):
        return value
    raise ValueError(otherwise + _ordinary(value, _is_day))


def _is_day(value: str) -> bool:
    try:
        # Python would also accept 20260101 and 2026-W01.
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+")


def _email(value: str) -> str:
    address = re.sub(r"(?i)^mailto:\s*", "", value)
    if named := re.fullmatch(r".*<\s*([^<>\s]+@[^<>\s]+?)\s*>.*", address):
        raise ValueError(f"is more than an e-mail address: write {named[1]}")
    if not _is_address(address):
        raise ValueError("is not an e-mail address" + _ordinary(address, _is_address))
    for letter in address:
        # A Cyrillic а looks like a Latin one, and would make a second person.
        if not letter.isascii() and not unicodedata.name(letter, "").startswith("LATIN "):
            name = unicodedata.name(letter, f"U+{ord(letter):04X}")
            raise ValueError(f"has {letter!r} ({name}) in it" + _ordinary(address, str.isascii))
    return address


def _is_address(value: str) -> bool:
    return bool(_ADDRESS.fullmatch(value)) and not any(
        part.startswith(".") or part.endswith(".") for part in value.split("@")
    )


def _alias(value: str) -> str:
    return _email(value) if re.search(r"[@\uff20]|^mailto:", value) else value


@cache
def _seed(name: str) -> list[dict[str, str]]:
    """The rows of a list that the models go by as well."""
    with (ROOT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def platform_codes() -> tuple[str, ...]:
    return tuple(row["platform_code"] for row in _seed("platforms"))


def vendors() -> tuple[str, ...]:
    return tuple(dict.fromkeys(row["vendor"] for row in _seed("platforms")))


def purposes() -> tuple[str, ...]:
    return tuple(row["purpose"] for row in _seed("usage_purposes"))


@cache
def _platform_spellings() -> dict[str, str]:
    return {
        _squashed(row[column]): row["platform_code"]
        for column in ("platform_name", "platform_code")
        for row in _seed("platforms")
    }


def _platform(value: str) -> str:
    known = _platform_spellings()
    if code := known.get(_squashed(value)):
        return code
    if near := get_close_matches(_squashed(value), known, n=1, cutoff=0.8):
        codes = ", ".join(platform_codes())
        raise ValueError(f"is no platform; did you mean {known[near[0]]}? Known are {codes}")
    # A tool without an API: its seats and invoices count under its own name.
    return value


def _invoiced(value: str) -> str:
    return _platform_spellings().get(_squashed(value)) or _vendor_named(value) or _platform(value)


def _annotated(value: str) -> str:
    if _squashed(value) == COMPANY:
        return COMPANY
    if code := _platform_spellings().get(_squashed(value)):
        return code
    raise ValueError(f"is neither {COMPANY} nor one of {', '.join(platform_codes())}")


def _vendor_named(value: str) -> str | None:
    return next((one for one in vendors() if _squashed(one) == _squashed(value)), None)


def _vendor(value: str) -> str:
    if found := _vendor_named(value):
        return found
    raise ValueError(f"is none of {', '.join(vendors())}")


def _purpose(value: str) -> str:
    return next((one for one in purposes() if _squashed(one) == _squashed(value)), value)


COMPANY = "company"
SCOPES = (COMPANY, "department", "team", "cost_center", "user")
CYCLES = ("monthly", "annual")
CYCLE_SPELLINGS = {
    "month": "monthly", "per month": "monthly", "a month": "monthly", "every month": "monthly",
    "year": "annual", "yearly": "annual", "annually": "annual", "per year": "annual",
    "a year": "annual", "every year": "annual",
}  # fmt: skip
STATUSES = ("draft", "pending", "open", "paid", "overdue", "disputed")
STATUS_SPELLINGS = {"in dispute": "disputed", "contested": "disputed", "unpaid": "open"}

Text = Annotated[str, Kind("text")]
Email = Annotated[str, AfterValidator(_email), Kind("an e-mail address")]
Alias = Annotated[str, AfterValidator(_alias), Kind("an e-mail address, or another name")]
Day = Annotated[str, AfterValidator(_day), Kind("a day, YYYY-MM-DD")]
Month = Annotated[
    str,
    _like(r"(?!0000)\d{4}-(0[1-9]|1[0-2])", "is not a month, YYYY-MM"),
    Kind("a month, YYYY-MM"),
]
Number = Annotated[
    str,
    _like(r"-?\d{1,18}(\.\d+)?", "is not a plain number such as 1234.50"),
    Kind("a plain number such as 1234.50"),
]
Fraction = Annotated[
    str, _like(r"0(\.\d+)?|1(\.0+)?", "is not a number from 0 to 1"), Kind("a number from 0 to 1")
]
Percent = Annotated[
    str,
    _like(r"100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?", "is not a percentage such as 25 or 12.5"),
    Kind("a percentage without its sign, at most two decimals"),
]
Rate = Annotated[
    str,
    _like(
        r"(?=.*[1-9])\d{1,8}(\.\d{1,8})?",
        "is not a number above 0 with at most eight decimals, such as 1.0842",
    ),
    Kind("a number above 0, at most eight decimals"),
]
Currency = Annotated[
    str,
    _like(r"[A-Za-z]{3}", "is not a currency code such as EUR"),
    Kind("the code of a currency"),
]
ForeignCurrency = Annotated[
    Currency, _like(r"(?i)(?!usd).*", "needs no rate: all amounts are shown in dollars")
]
Flag = Annotated[
    str,
    _like(r"(?i)true|false", "is neither true nor false"),
    Kind("true or false", lambda: ("true", "false")),
]
ScopeType = Annotated[str, _one_of(SCOPES), Kind("one of these", lambda: SCOPES)]
Cycle = Annotated[str, _one_of(CYCLES, CYCLE_SPELLINGS), Kind("one of these", lambda: CYCLES)]
Status = Annotated[str, _one_of(STATUSES, STATUS_SPELLINGS), Kind("one of these", lambda: STATUSES)]
Vendor = Annotated[str, AfterValidator(_vendor), Kind("one of these", vendors)]
Platform = Annotated[
    str,
    AfterValidator(_platform),
    Kind("a platform", platform_codes, "the name of another tool"),
]
InvoicedPlatform = Annotated[
    str,
    AfterValidator(_invoiced),
    Kind("a platform", platform_codes, "the name of another tool"),
]
AnnotationScope = Annotated[
    str,
    AfterValidator(_annotated),
    Kind("one of these", lambda: (COMPANY, *platform_codes())),
]
Purpose = Annotated[str, AfterValidator(_purpose), Kind("a purpose", purposes, "another word")]


def email_of(value: str) -> str:
    """The address in a column that does not always hold one. Raises ValueError."""
    return _email(value)
