"""Tables as wide as the terminal, or as they are."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

_GAP = 2
TEXT = 21, 48
"""How wide a column of text may be: as addresses of IPv4 and of IPv6 with a port."""
LIST = 60, sys.maxsize


class Room(NamedTuple):
    """Of a terminal, in characters and lines."""

    width: int
    height: int


class Column(NamedTuple):
    """A column of a table; its cells are made of what a row is about, and of its rates."""

    heading: str
    cell: Callable[[Any, Any], str]
    orders: tuple[str, ...] = ()
    """The sort options that it shows."""
    between: tuple[int, int] | None = None
    """How wide it is at least and at most, if it is text."""


def clean(text: str) -> str:
    """What clients call themselves is theirs: no escape sequence of it reaches the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def table(
    columns: Iterable[Column],
    rows: Iterable[tuple[Any, Any]],
    room: Room | None,
    *,
    go_first: Sequence[str],
    order: str = "",
) -> Text:
    """Rows of cells below their headings; rich's own tables take seconds for a thousand rows.

    Args:
        columns: What is shown of each row.
        rows: What each is about, and its rates.
        room: What there is of it, or None.
        go_first: Headings of columns that are left out where there is none, and in which order.
        order: The sort option; the column that shows it stays.
    """
    rows = list(rows)[: room.height if room else None]
    cells = {column: [clean(column.cell(*row)) for row in rows] for column in columns}
    widths = {column: _width(column, cells[column]) for column in cells}
    if room:
        by_heading = {column.heading: column for column in widths if order not in column.orders}
        _leave_out(widths, room.width, [by_heading[h] for h in go_first if h in by_heading])
        _make_narrower(widths, room.width)
    gap = " " * _GAP
    headings = [
        Text(_fit(c.heading, widths[c], c), "reverse bold" if order in c.orders else "reverse")
        for c in widths
    ]
    lines = (
        gap.join(_fit(cells[column][place], width, column) for column, width in widths.items())
        for place in range(len(rows))
    )
    table = Text(gap, "reverse", no_wrap=True, overflow="crop").join(headings)
    return table.append("".join(f"\n{line}" for line in lines))


def _width(column: Column, cells: Iterable[str]) -> int:
    widest = max(map(cell_len, (column.heading, *cells)))
    return min(widest, column.between[1]) if column.between else widest


def _leave_out(widths: dict[Column, int], room: int, go_first: Iterable[Column]) -> None:
    """Take out columns until the rest fits."""
    for column in go_first:
        least = (min(w, c.between[0]) if c.between else w for c, w in widths.items())
        if sum(least) + _GAP * (len(widths) - 1) <= room:
            return
        del widths[column]


def _make_narrower(widths: dict[Column, int], room: int) -> None:
    """Cut text, the longest first, until all fits."""
    excess = sum(widths.values()) + _GAP * (len(widths) - 1) - room
    for column in sorted(widths, key=lambda column: -widths[column]):
        if column.between and excess > 0:
            cut = min(excess, max(0, widths[column] - column.between[0]))
            widths[column] -= cut
            excess -= cut


def _fit(cell: str, width: int, column: Column) -> str:
    """The cell as wide as its column."""
    free = width - cell_len(cell)
    if free < 0:
        return f"{set_cell_size(cell, width - 1)}…"
    return cell + " " * free if column.between else " " * free + cell
