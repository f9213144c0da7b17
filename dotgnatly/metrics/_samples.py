"""What all metrics are made of: figures that a monitoring document has, and their names."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from dotgnatly import jobs

if TYPE_CHECKING:
    from dotgnatly._server import Server

Kind: TypeAlias = Literal["gauge", "unknown"]
Labels: TypeAlias = Mapping[str, str]


class Sample(NamedTuple):
    """A figure, its name still without the system before it."""

    name: str
    labels: Labels
    value: float


class Named(NamedTuple):
    """What is known of a metric before there is a figure."""

    name: str
    help: str
    kind: Kind = "gauge"


class Source:
    """A running server to be asked, from any thread."""

    def __init__(self, server: "Server") -> None:
        state = server.facts()
        self.server_id, self.server_name = state.server_id, state.server_name
        self._server = server

    def ask(self, endpoint: str, **options: Any) -> Any:
        """A monitoring document as a structure."""
        return jobs.run(self._server.monitor(endpoint, options))

    def ask_raw(self, endpoint: str) -> bytes:
        """A monitoring document as JSON."""
        document: bytes = jobs.run(self._server.monitor(endpoint, raw=True))
        return document


class Figure(NamedTuple):
    """A field that is a metric."""

    path: str
    convert: Callable[[Any], float] = float
    unit: str = ""
    """What it is converted to, in words."""
    kind: Kind = "gauge"


class Table(Struct, frozen=True, kw_only=True):
    """Metrics that are each a field of one structure."""

    before: str
    """What their names begin with."""
    where: str
    """Where the structure is: an endpoint, and a path in its document."""
    figures: Mapping[str, Figure]
    """By the rest of the name."""

    def names(self) -> Iterator[Named]:
        """All of them."""
        for name, (path, _, unit, kind) in self.figures.items():
            yield Named(self.before + name, f"{self.where}{path}{unit and ', ' + unit}", kind)

    def read(self, structure: Any, labels: Labels) -> Iterator[Sample]:
        """The figures of a structure. What is not there has none."""
        for name, figure in self.figures.items():
            value = attrgetter(figure.path)(structure)
            if value is not None:
                yield Sample(self.before + name, labels, figure.convert(value))


def figures(*names: str, **paths: str) -> dict[str, Figure]:
    """Fields whose path is their name, and others by their path."""
    return {name: Figure(path) for name, path in [*zip(names, names, strict=True), *paths.items()]}
