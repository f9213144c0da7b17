"""Keys of the terminal as they are pressed, without a line feed and without an echo."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Wait = Callable[[float], str]
"""Returns the keys that are pressed within so many seconds, as soon as there is one."""

_PIECE_S = 0.05
_CTRL_C = "\x03"
_NO_CHARACTER = "\0"
"""Stands for an arrow and its like."""
_SEQUENCE = re.compile(r"\x1b(?:[\[O][\d;]*.?|.?)")
"""What a terminal sends for one of them."""


@contextmanager
def keyboard() -> Iterator[Wait]:
    """Have the terminal give its keys; it is at the end as it was. Ctrl-C stays what it is."""
    if not sys.stdin.isatty():
        yield pause
    elif sys.platform == "win32":
        yield _wait_for_console
    else:
        import termios
        import tty

        terminal = sys.stdin.fileno()
        was = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal)
            ours = termios.tcgetattr(terminal)
            # Ctrl-Z would leave the shell with our screen.
            ours[6][termios.VSUSP] = bytes([os.fpathconf(terminal, "PC_VDISABLE")])
            termios.tcsetattr(terminal, termios.TCSADRAIN, ours)
            yield _wait_for_terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, was)


def pause(timeout: float) -> str:
    """Wait; there are no keys."""
    for piece in _pieces(timeout):
        time.sleep(piece)
    return ""


def _pieces(timeout: float) -> Iterator[float]:
    """The time piece by piece: a signal that comes just before a wait begins does not end it."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        yield min(left, _PIECE_S)


def _wait_for_console(timeout: float) -> str:
    if sys.platform == "win32":  # for type checkers
        import msvcrt

        for piece in _pieces(timeout):
            if msvcrt.kbhit():
                key = msvcrt.getwch()
                if key == _CTRL_C:
                    raise KeyboardInterrupt
                if key in {"\0", "\xe0"}:
                    msvcrt.getwch()  # which one it is
                    return _NO_CHARACTER
                return key
            time.sleep(piece)
    return ""


def _wait_for_terminal(timeout: float) -> str:
    import select

    terminal = sys.stdin.fileno()
    for piece in _pieces(timeout):
        if select.select([terminal], [], [], piece)[0]:
            keys = os.read(terminal, 64)
            if not keys:  # the terminal is gone
                raise KeyboardInterrupt
            return _SEQUENCE.sub(_NO_CHARACTER, keys.decode(errors="replace"))
    return ""
