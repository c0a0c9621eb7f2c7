"""What the project knows about a source before it asks it anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


def _no_problems(_: BaseModel) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True)
class Source:
    """A source's settings and what they mean. `extract.<name>` reads it.

    It is configured if one of `needs_one_of`, names of settings, is given. `base_url` is its
    address; `problems` yields a line for each thing that is wrong. Both get the settings. A setting
    of type `SecretStr` is a secret: next to NAME there is NAME_SECRET.
    """

    name: str
    settings: type[BaseModel]
    needs_one_of: tuple[str, ...]
    base_url: Callable[[Any], str]
    problems: Callable[[Any], Iterator[str]] = _no_problems
    # The schema of its raw tables is raw_ plus this, or plus its name.
    landed_as: str = ""

    @property
    def raw_schema(self) -> str:
        return f"raw_{self.landed_as or self.name}"
