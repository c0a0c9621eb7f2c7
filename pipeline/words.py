"""Amounts and counts for people to read."""

from __future__ import annotations

from decimal import Decimal


def dollars(amount: Decimal) -> str:
    """1234.5 as 1,234.50."""
    return f"{amount:,.2f}"


def signed(amount: Decimal) -> str:
    """1234.5 as +$1,234.50."""
    return f"{'-' if amount < 0 else '+'}${dollars(abs(amount))}"


def compared(now: Decimal, before: Decimal) -> str:
    """Dollars of two periods, with the growth if there was something before."""
    growth = f", {100 * (now - before) / before:+.1f} %" if before else ""
    return f"${dollars(now)} ({signed(now - before)}{growth})"


def share(part: Decimal, whole: Decimal) -> str:
    """A part as a percentage of the whole; a dash if the whole is zero."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: 1 budget, 2 budgets."""
    return f"{number:,} {one if number == 1 else many}"
