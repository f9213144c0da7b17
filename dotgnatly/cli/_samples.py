"""What a server says of itself at one moment, and what goes on in a second between two of them."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from dotgnatly.cli import _http
from dotgnatly.errors import StateError
from dotgnatly.monitoring import (
    ConnInfo,
    Connz,
    JSInfo,
    SortOpt,
    StreamDetail,
    Varz,
    decode,
)


class StreamKey(NamedTuple):
    """Which stream it is."""

    account: str
    name: str


class Query(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    order: SortOpt = "cid"
    count: int = 1024
    """Of connections, at most."""
    subscriptions: bool = False
    """Those of each connection."""
    streams: bool = False

    def paths(self) -> dict[str, str]:
        """The path of each document, with its query."""
        which = f"auth=true&sort={self.order}&limit={self.count}"
        return {
            "varz": "/varz",
            "connz": f"/connz?{which}{'&subs=true' * self.subscriptions}",
            "jsz": f"/jsz{'?streams=true' * self.streams}",
        }


class Sample(Struct, frozen=True, kw_only=True):
    """Three documents of one moment, nearly: each has its own time."""

    varz: Varz
    connz: Connz
    jsz: JSInfo

    def servers(self) -> set[str]:
        """The id of the server, or those of two if it was restarted meanwhile."""
        return {self.varz.server_id, self.connz.server_id, self.jsz.server_id}

    def streams(self) -> dict[StreamKey, StreamDetail]:
        """Those of all accounts."""
        return {
            StreamKey(account.name or account.id, stream.name): stream
            for account in self.jsz.account_details
            for stream in account.stream_detail
        }


def take(url: str, query: Query, timeout: float) -> Sample:
    """Ask a server.

    Raises:
        StateError: It does not answer, within so many seconds for each document, or it is none.
    """
    return Sample(**{
        name: _document(name, url + path, timeout) for name, path in query.paths().items()
    })  # fmt: skip


def _document(name: str, url: str, timeout: float) -> Any:
    document = _http.document(url, timeout)
    with suppress(msgspec.MsgspecError):
        said = decode(document.encode(), name)
        if said.server_id:  # else it is some object of JSON: no field has to be there
            return said
    raise StateError(f"{url}: the answer is none of a NATS server")


class Flow(Struct, frozen=True):
    """Messages and bytes in a second; in is to the server, from a connection."""

    in_msgs: float
    out_msgs: float
    in_bytes: float
    out_bytes: float


class Rates(Struct, frozen=True, kw_only=True):
    """What goes on in a second; what is not known is None, or not there."""

    server: Flow | None = None
    api: float | None = None
    """Requests to JetStream."""
    connections: Mapping[int, Flow] = {}
    """By cid."""
    streams: Mapping[StreamKey, float] = {}
    """Messages stored."""


def rates(before: Sample | None, after: Sample) -> Rates:
    """The average between two samples, by the server's clock.

    Of another server, such as the same one after a restart, nothing can be said.
    """
    if before is None or len(before.servers() | after.servers()) > 1:
        return Rates()
    seconds = _seconds(before.varz.now, after.varz.now)
    connz_seconds = _seconds(before.connz.now, after.connz.now)
    jsz_seconds = _seconds(before.jsz.now, after.jsz.now)
    if min(seconds, connz_seconds, jsz_seconds) <= 0:  # somebody has put back the clock
        return Rates()
    connections = {c.cid: c for c in before.connz.connections}
    streams = before.streams()
    return Rates(
        server=_flow(before.varz, after.varz, seconds),
        api=(after.jsz.api.total - before.jsz.api.total) / jsz_seconds,
        connections={
            c.cid: _flow(connections[c.cid], c, connz_seconds)
            for c in after.connz.connections
            if c.cid in connections
        },
        streams={
            key: (stream.state.last_seq - streams[key].state.last_seq) / jsz_seconds
            for key, stream in after.streams().items()
            if key in streams and stream.created == streams[key].created
        },
    )


def _seconds(before: datetime, after: datetime) -> float:
    return (after - before).total_seconds()


def _flow(before: Varz | ConnInfo, after: Varz | ConnInfo, seconds: float) -> Flow:
    return Flow(*(
        (getattr(after, name) - getattr(before, name)) / seconds
        for name in Flow.__struct_fields__
    ))  # fmt: skip
