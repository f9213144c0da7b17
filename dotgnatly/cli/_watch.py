"""The views of ``dotgnatly top``: the whole terminal, or plain text."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from dotgnatly.cli import _screen
from dotgnatly.cli._keys import keyboard, pause
from dotgnatly.cli._samples import Query, Sample, rates, take
from dotgnatly.cli._table import Room
from dotgnatly.cli.top import KEYS, ORDERS
from dotgnatly.errors import StateError

_ENDS = "SIGTERM", "SIGHUP", "SIGQUIT"
"""Signals that end it, beside SIGINT. Windows has only the first; Ctrl-\\ sends the last."""


class Server:
    """A server as it was and as it is."""

    def __init__(self, url: str, query: Query, timeout: float) -> None:
        self._url, self._timeout = url, timeout
        self._before: Sample | None = None
        self._now = take(url, query, timeout)

    def look(self, query: Query, *, again: bool = False) -> None:
        """Look what it does.

        Args:
            query: What to ask for.
            again: Before the interval is over. Rates go back to where they went back to, else they
                would be those of a moment.

        Raises:
            StateError: As ``take``; what is known of it stays.
        """
        now = take(self._url, query, self._timeout)
        if not again:
            self._before = self._now
        self._now = now

    def screen(self, query: Query, room: Room | None = None) -> RenderableType:
        """What is to be shown of it."""
        return _screen.screen(self._now, rates(self._before, self._now), query, room=room)


def has_screen() -> bool:
    """Whether the output is a terminal, and one that can be drawn on."""
    return sys.stdout.isatty() and not Console().is_dumb_terminal


def print_plain(server: Server, query: Query, interval: float, *, once: bool) -> None:
    """As plain text, a screen after the other."""
    encoding = sys.stdout.encoding or "utf-8"
    while True:
        pause(interval)
        try:
            server.look(query)
        except StateError as exc:
            if once:
                raise
            print(f"dotgnatly: {exc}", file=sys.stderr)
            continue
        text = _screen.plain(server.screen(query))
        print(text.encode(encoding, "replace").decode(encoding), end="", flush=True)
        if once:
            return
        print()


def show(server: Server, query: Query, interval: float) -> None:
    """On the whole terminal, which is at the end as it was."""
    for name in _ENDS:  # else they would end us at once
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    fault = ""
    with keyboard() as wait, _whole_terminal() as live:
        while True:
            line = Text(fault, "bold red") if fault else Text(KEYS, "dim")
            shown = server.screen(query, Room(*live.console.size))
            live.update(Group(line, shown), refresh=True)
            keys = wait(interval)
            if "q" in keys:
                return
            for key in keys:
                query = pressed(key, query)
            try:
                server.look(query, again=bool(keys))
                fault = ""
            except StateError as exc:
                fault = f"{exc}; trying again"


@contextmanager
def _whole_terminal() -> Iterator[Live]:
    live = Live(screen=True, auto_refresh=False)
    try:
        live.start()
        yield live
    finally:  # also if a signal comes before it has begun
        live.stop()


def pressed(key: str, query: Query) -> Query:
    """What is asked for after a key."""
    place = ORDERS.index(query.order)
    changes: dict[str, Any] = {
        "o": {"order": ORDERS[(place + 1) % len(ORDERS)]},
        "O": {"order": ORDERS[place - 1]},
        "s": {"subscriptions": not query.subscriptions},
        "j": {"streams": not query.streams},
    }
    return msgspec.structs.replace(query, **changes.get(key, {}))
