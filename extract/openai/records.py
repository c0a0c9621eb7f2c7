"""What the marts need from OpenAI's records."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from extract.records import Count, Id, Record

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def _dollars(value: Any) -> Any:  # noqa: ANN401 - whatever the vendor sent
    """Dollars are a JSON number, or since 2026 for some organizations a decimal string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number of dollars, or a decimal string of them")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal string of dollars")
    return value


# Only checked. What counts are the digits as they landed: a float would have lost some.
Dollars = Annotated[int | float | str, BeforeValidator(_dollars)]


class Amount(Record):
    value: Dollars
    currency: str


class Cost(Record):
    amount: Amount
    line_item: str | None = None
    project_id: Id = None
    api_key_id: Id = None
    user_id: Id = None


class Usage(Record):
    """What is counted differs from kind to kind; who used it does not."""

    project_id: Id = None
    api_key_id: Id = None
    user_id: Id = None
    num_model_requests: Count | None = None


class Completions(Usage):
    input_tokens: Count
    output_tokens: Count
    input_cached_tokens: Count | None = None
    input_cache_write_tokens: Count | None = None


class Embeddings(Usage):
    input_tokens: Count


class Named(Record):
    """An entry of a directory."""

    id: str | int
    name: str | None = None


class User(Named):
    email: str | None = None


class Owner(Record):
    """A user or a service account: the entry is under the name of its type."""

    type: str


class ApiKey(Named):
    owner: Owner | None = None
