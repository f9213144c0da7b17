"""What Go asks Python: who may log in, and what ``/metrics`` shows.

Go never calls Python: it queues its questions. One thread takes them all, so nobody answers on it.
"""

import itertools
import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from types import ModuleType

import msgspec

from dotgnatly._reader import Reader


class Question(msgspec.Struct, frozen=True):
    """One of them."""

    library: ModuleType
    number: int
    data: bytes
    deadline: float
    """By ``time.monotonic``: when nobody waits for the answer any more."""

    def answer(self, data: bytes) -> None:
        """Give the answer; nothing where there is none."""
        self.library.question_answer(self.number, data)

    def answer_with(self, make: Callable[[], bytes], failed: Callable[[], None]) -> None:
        """Give the answer that a function makes, unless it is too late for one.

        Args:
            make: May raise whatever it likes.
            failed: Is called then, as an exception handler.
        """
        data = b""
        try:
            if time.monotonic() < self.deadline:
                data = make()
        except BaseException:  # noqa: BLE001 - see above
            failed()
        finally:
            self.answer(data)


class _Threads:
    """Threads that are made when they are needed, and that the interpreter does not wait for."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def do(self, work: Callable[[], None]) -> None:
        """Have it done as soon as a thread has time."""
        if not self._idle.acquire(blocking=False) and self._count < self._most:
            name = f"dotgnatly-{self._name}-{self._count}"
            threading.Thread(target=self._run, name=name, daemon=True).start()
            self._count += 1
        self._work.put(work)

    def close(self) -> None:
        """End them when they are done."""
        for _ in range(self._count):
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            self._idle.release()


class Answerer:
    """Whom questions are for, and the threads on which answers are made."""

    def __init__(self, name: str, most: int) -> None:
        self.number = next(_numbers)
        """By which Go asks."""
        self._name, self._most = name, most
        self._threads: _Threads | None = None
        _answerers[self.number] = self

    def ask(self, question: Question) -> None:
        """Have it answered by and by, elsewhere: others wait behind it.

        Raises:
            Exception: Nobody will answer.
        """
        raise NotImplementedError

    def do(self, work: Callable[[], None]) -> None:
        """Have something done on a thread.

        Raises:
            RuntimeError: There can be no thread.
        """
        if self._threads is None:
            self._threads = _Threads(self._name, self._most)
        self._threads.do(work)

    def close(self) -> None:
        """End the threads, without waiting for what they do."""
        if self._threads is not None:
            self._threads.close()
            self._threads = None


_answerers: "weakref.WeakValueDictionary[int, Answerer]" = weakref.WeakValueDictionary()
_numbers = itertools.count(1)
_decode = msgspec.json.Decoder(list[tuple[int, int, int, msgspec.Raw]]).decode


def _ask_all(library: ModuleType) -> None:
    for whom, number, timeout_ns, data in _decode(library.questions_take()):
        deadline = time.monotonic() + timeout_ns / 1e9
        question = Question(library, number, bytes(data), deadline)
        try:
            _answerers[whom].ask(question)
        except Exception:  # noqa: BLE001 - nobody is let in by it, and the next one is asked about
            question.answer(b"")


reader = Reader("dotgnatly-questions", "questions_open", _ask_all)
