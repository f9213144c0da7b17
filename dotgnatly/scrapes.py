"""What a server with a monitoring listener shows at ``/metrics``."""

from typing import TYPE_CHECKING

import msgspec

from dotgnatly import questions, runtime
from dotgnatly.questions import Answerer, Question

if TYPE_CHECKING:
    from dotgnatly._server import Server

_THREADS = 1
"""That make a page at the same time: more would take turns, and the program would wait for each."""


class Request(msgspec.Struct, frozen=True):
    """What somebody wants to see."""

    query: str
    accept: str
    accept_encoding: str


class Page(msgspec.Struct, frozen=True):
    """What he sees."""

    status: int
    headers: dict[str, str]
    body: bytes


class Scrapes(Answerer):
    """Answers for one server."""

    def __init__(self, server: "Server") -> None:
        super().__init__("metrics", _THREADS)
        self._server = server

    def open(self) -> int:
        """Be asked from now on, by this number."""
        questions.reader.start(runtime.native())
        return self.number

    def ask(self, question: Question) -> None:
        """Have a page made, on a thread.

        Raises:
            RuntimeError: There can be no thread.
        """
        self.do(lambda: question.answer_with(lambda: self._answer(question), _log))

    def _answer(self, question: Question) -> bytes:
        from dotgnatly.metrics import prometheus

        request = msgspec.json.decode(question.data, type=Request)
        page = prometheus.page(self._server, request)
        head = msgspec.json.encode({"status": page.status, "headers": page.headers})
        return head + b"\n" + page.body


def _log() -> None:
    from dotgnatly import logs

    logs.package_logger().exception("the metrics of /metrics could not be made")
