"""A terminal for a command: what is on its screen, and keys."""

import asyncio
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_COMMAND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is for whom it belongs to
os.execv(sys.executable, [sys.executable, "-m", "dotgnatly", *sys.argv[1:]])
"""
_HOME = "\x1b[H"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_OTHER_SCREEN, _SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """``python -m dotgnatly`` in a terminal of its own, with 40 lines of 200 characters."""

    def __init__(self, *arguments: str, kind: str = "xterm") -> None:
        self._ours, self._its = pty.openpty()
        os.set_blocking(self._ours, False)
        termios.tcsetwinsize(self._its, (40, 200))
        self._modes = self._get_modes()
        self._said = ""
        environment = os.environ | {"TERM": kind, "PYTHONIOENCODING": "utf-8"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, *arguments],
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            start_new_session=True,
            env=environment,
        )

    def press(self, keys: str) -> None:
        """Press some keys; Ctrl-C is one."""
        os.write(self._ours, keys.encode())

    async def shows(self, pattern: str) -> re.Match[str]:
        """Wait until the screen has this; what was on it before does not count."""
        async with asyncio.timeout(20):
            while not (found := re.search(pattern, self._screen(), re.MULTILINE)):
                await asyncio.sleep(0.005)  # between two looks
        return found

    async def finish(self) -> int:
        """Wait for the end of the command, which must leave the terminal as it was: its code."""
        async with asyncio.timeout(20):
            while self.process.poll() is None:
                self._read()  # else it could not write
                await asyncio.sleep(0.005)
        self._read()
        assert self._get_modes() == self._modes
        for begin, end in ((_OTHER_SCREEN, _SCREEN), (_HIDE, _SHOW)):
            assert self._said.rfind(end) >= self._said.rfind(begin)
        return self.process.returncode

    def close(self) -> None:
        """End the command if it still runs."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._its)

    def is_changed(self) -> bool:
        """Whether the terminal is another one than in the beginning."""
        return self._get_modes() != self._modes

    def is_raw(self) -> bool:
        """Whether what is written has the escape sequence of a client."""
        return "\x1b[31mclient" in self._said

    def _screen(self) -> str:
        self._read()
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self._said.rpartition(_HOME)[2])

    def _read(self) -> None:
        with suppress(BlockingIOError, OSError):
            while data := os.read(self._ours, 1 << 16):
                self._said += data.decode(errors="replace")

    def _get_modes(self) -> Sequence[Any]:
        return termios.tcgetattr(self._ours)
