"""Threads that take what Go queues for Python: Go never calls Python, it sends a byte."""

import _thread
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

from dotgnatly._wake import Wake


class Reader:
    """A thread that sleeps while there is nothing to take; one a process, for all servers."""

    def __init__(self, name: str, opener: str, take: Callable[[ModuleType], None]) -> None:
        """Describe it; it is not started.

        Args:
            name: Of the thread.
            opener: The function of the library that is told where to send the byte.
            take: Called with the library when something may be there, and once before and after.
        """
        self._name = name
        self._opener = opener
        self._take = take
        self._starting = _thread.allocate_lock()
        self._reading = _thread.allocate_lock()
        """Held by the thread until there will be no more."""
        self._wake: Wake | None = None
        self._open = False
        self._ended = False

    def start(self, library: ModuleType) -> None:
        """Read from now on.

        Called while the first server starts: what is imported here costs no time of its own then.
        """
        import threading  # noqa: F401 - for the thread

        if self._open:
            return
        with self._starting:  # in parts: a signal can end each call, and the next one goes on there
            if self._ended:
                return
            if self._wake is None:
                self._wake = Wake()
            if not self._reading.locked():
                begun = _thread.allocate_lock()
                begun.acquire()
                _thread.start_new_thread(self._read, (library, self._wake, begun))
                begun.acquire()
            getattr(library, self._opener)(self._wake.writer)
            self._open = True

    def stop(self, library: ModuleType) -> None:
        """Take what is left and end the thread, for good: the interpreter ends too."""
        with self._starting:  # a daemon thread may be in the middle of a start
            self._ended = True
        if self._wake is None:
            return
        getattr(library, self._opener)(-1)
        with suppress(OSError):  # full, or it has ended already
            self._wake.ring()  # a forked child may have the writer open still
        self._wake.close_writer()
        self._reading.acquire(timeout=2.0)

    def _read(self, library: ModuleType, wake: Wake, begun: _thread.LockType) -> None:
        import threading

        ours = self._reading.acquire(blocking=False)  # else a signal has had two threads started
        if ours:
            threading.current_thread().name = self._name
        begun.release()
        if not ours:
            return
        self._take(library)
        while wake.read() and not self._ended:
            self._take(library)
        self._take(library)
        wake.close_reader()
        self._reading.release()
