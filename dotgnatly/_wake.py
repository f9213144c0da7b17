"""What a thread sleeps on until Go sends a byte: a pipe, or on Windows a pair of sockets."""

import os
import select
import sys
import time
from typing import Self

_GLANCE_S = 0.05


class Wake:
    """A reader for Python and a writer for Go; at the end of its context nobody may be sending."""

    if sys.platform == "win32":  # select knows nothing but sockets there

        def __init__(self) -> None:
            import socket

            self._reader, self._writer = socket.socketpair()
            self.writer = self._writer.fileno()
            """What Go sends on."""

        def _readable(self, seconds: float) -> bool:
            return bool(select.select([self._reader], [], [], seconds)[0])

        def read(self) -> bytes:
            """The bytes that have come, at least one; none after ``close_writer``."""
            return self._reader.recv(4096)

        def close_writer(self) -> None:
            """Nothing more will come."""
            self._writer.close()

        def close_reader(self) -> None:
            """Nobody waits any more."""
            self._reader.close()

    else:

        def __init__(self) -> None:
            self._reader, self.writer = os.pipe()
            """What Go sends on."""
            os.set_blocking(self.writer, False)

        def _readable(self, seconds: float) -> bool:
            poller = select.poll()
            poller.register(self._reader, select.POLLIN)
            return bool(poller.poll(seconds * 1000))

        def read(self) -> bytes:
            """The bytes that have come, at least one; none after ``close_writer``."""
            return os.read(self._reader, 4096)

        def close_writer(self) -> None:
            """Nothing more will come."""
            os.close(self.writer)

        def close_reader(self) -> None:
            """Nobody waits any more."""
            os.close(self._reader)

    def wait(self, timeout: float | None) -> None:
        """Sleep until a byte has come; TimeoutError after that many seconds.

        A signal that comes just before the wait, or on a thread of Go's, does not end it, and on
        Windows none does. So look up often enough to notice one.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        left = _GLANCE_S
        while not self._readable(min(left, _GLANCE_S)):
            if deadline is not None and (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_writer()
        self.close_reader()
