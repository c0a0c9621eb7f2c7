"""A message as part of the report on the terminal."""

from __future__ import annotations

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from foundation.terminal import Terminal
from pipeline import report
from pipeline.alerts.message import Message


def show(message: Message, console: Terminal | None = None) -> None:
    """Print the message."""
    console = console or report.standard_output()
    console.print(Text("What needs attention", "bold cyan"))
    console.print(Padding(Text(message.headline), (0, 0, 0, 2)))
    for section in message.sections:
        console.print()
        console.print(Padding(Text(section.title, "bold"), (0, 0, 0, 2)))
        more = [f"… and {section.more:,} more"] if section.more else []
        lines = Table.grid(padding=(0, 1, 0, 0))
        for line in (*section.lines, *more):
            lines.add_row("•", Text(line))
        console.print(Padding(lines, (0, 0, 0, 2)))
    console.print()
