"""What is printed for people to read, with rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from foundation.logs import printable


class Terminal(Console):
    """Prints text as it is: names and messages of vendors may look like rich's markup, and may
    hold control characters. Styles are given as `Text`."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        width: int | None = None,
        highlight: bool = False,
        file: IO[str] | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr, width=width, highlight=highlight, file=file, markup=False, emoji=False
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
