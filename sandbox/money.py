"""Exact decimal arithmetic and exact text: amounts never pass through a float."""

from __future__ import annotations

from decimal import Decimal

ZERO = Decimal(0)
CENTS_PER_DOLLAR = Decimal(100)


def plain(amount: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent, as the vendors print it."""
    return Decimal(text(amount))


def text(amount: Decimal) -> str:
    """The number in full, without trailing zeros: `217.3762`, `69`, `0`."""
    digits = format(amount, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def dollars(cents: Decimal) -> str:
    """An amount of cents as an exact number of dollars."""
    return text(cents / CENTS_PER_DOLLAR)
