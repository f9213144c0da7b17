"""Keys of the terminal as they are pressed, without a line feed and without an echo."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Wait = Callable[[float], str]
"""Returns the keys that are pressed within so many seconds, as soon as there is one."""

_LOOK_S = 0.02
_CTRL_C = "\x03"
_NO_CHARACTER = "\0"
"""Stands for an arrow and its like."""
_SEQUENCE = re.compile(r"\x1b(?:[\[O][\d;]*.?|.?)")
"""What a terminal sends for one of them."""


@contextmanager
def keyboard() -> Iterator[Wait]:
    """Have the terminal give its keys; it is at the end as it was. Ctrl-C stays what it is."""
    if not sys.stdin.isatty():
        yield _no_keys
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


def _no_keys(timeout: float) -> str:
    time.sleep(timeout)
    return ""


def _wait_for_console(timeout: float) -> str:
    if sys.platform == "win32":  # for type checkers
        import msvcrt

        deadline = time.monotonic() + timeout
        while not msvcrt.kbhit():
            if time.monotonic() > deadline:
                return ""
            time.sleep(_LOOK_S)
        key = msvcrt.getwch()
        if key == _CTRL_C:
            raise KeyboardInterrupt
        if key in {"\0", "\xe0"}:
            msvcrt.getwch()  # which one it is
            return _NO_CHARACTER
        return key
    return ""


def _wait_for_terminal(timeout: float) -> str:
    import select

    terminal = sys.stdin.fileno()
    if not select.select([terminal], [], [], timeout)[0]:
        return ""
    keys = os.read(terminal, 64)
    if not keys:  # the terminal is gone
        raise KeyboardInterrupt
    return _SEQUENCE.sub(_NO_CHARACTER, keys.decode(errors="replace"))
