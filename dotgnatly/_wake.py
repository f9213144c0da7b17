"""What a thread sleeps on until Go sends a byte: a pipe, or on Windows a pair of sockets."""

import os
import select
import sys
import time

_GLANCE_S = 0.05


def wait_readable(descriptor: int, timeout: float | None) -> None:
    """Sleep until a byte has come; TimeoutError after that many seconds.

    A signal that comes just before the wait, or on a thread of Go's, does not end it, and on
    Windows none does. So look up often enough to notice one.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    left = _GLANCE_S
    while not _readable(descriptor, min(left, _GLANCE_S)):
        if deadline is not None and (left := deadline - time.monotonic()) <= 0:
            raise TimeoutError


if sys.platform == "win32":  # where select knows nothing but sockets

    def _readable(descriptor: int, seconds: float) -> bool:
        return bool(select.select([descriptor], [], [], seconds)[0])

    class Wake:  # pyright: ignore[reportRedeclaration] - one for each platform
        """A reader for Python and a writer for Go."""

        def __init__(self) -> None:
            import socket

            self._reader, self._writer = socket.socketpair()
            self.reader, self.writer = self._reader.fileno(), self._writer.fileno()

        def read(self) -> bytes:
            """The bytes that have come, at least one; none after ``close_writer``."""
            return self._reader.recv(4096)

        def ring(self) -> None:
            """Send a byte, as Go does."""
            self._writer.send(b"\0")

        def close_writer(self) -> None:
            """Nothing more will come. Nobody may be sending."""
            self._writer.close()

        def close_reader(self) -> None:
            """Nobody waits any more."""
            self._reader.close()

else:

    def _readable(descriptor: int, seconds: float) -> bool:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    class Wake:
        """A reader for Python and a writer for Go."""

        def __init__(self) -> None:
            self.reader, self.writer = os.pipe()
            os.set_blocking(self.writer, False)

        def read(self) -> bytes:
            """The bytes that have come, at least one; none after ``close_writer``."""
            return os.read(self.reader, 4096)

        def ring(self) -> None:
            """Send a byte, as Go does."""
            os.write(self.writer, b"\0")

        def close_writer(self) -> None:
            """Nothing more will come. Nobody may be sending."""
            os.close(self.writer)

        def close_reader(self) -> None:
            """Nobody waits any more."""
            os.close(self.reader)
