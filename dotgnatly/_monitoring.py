"""What a server says of itself: its monitoring documents, typed or as its own JSON."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from dotgnatly._server import Server
from dotgnatly.errors import ServerStoppedError
from dotgnatly.jobs import Steps

if TYPE_CHECKING:
    from dotgnatly.monitoring import (
        AccountStatz,
        AccountStatzOptions,
        Accountz,
        AccountzOptions,
        ConnectionOptions,
        ConnInfo,
        Connz,
        ConnzOptions,
        Gatewayz,
        GatewayzOptions,
        Healthz,
        HealthzOptions,
        IpqueueszOptions,
        IpqueueszStatus,
        JSInfo,
        JSzOptions,
        Leafz,
        LeafzOptions,
        RaftzOptions,
        RaftzStatus,
        Routez,
        RoutezOptions,
        Subsz,
        SubszOptions,
        Varz,
    )

T = TypeVar("T")

_PAGE = 1024
"""The server's default, ``DefaultConnListSize``."""


class _Pages:
    """Walks through connections page by page, by cid.

    The server knows offsets only, and those shift whenever a connection goes that is before them.
    So each page begins with the last connection of the one before: if it is not there, nor any with
    a lower cid, some may have slipped through between, and we go back. New ones come at the end.
    """

    def __init__(self, options: "ConnectionOptions") -> None:
        from dotgnatly.monitoring import _endpoints

        for option in ("cid", "offset", "sort"):
            if option in options:
                raise TypeError(f"iter_connections() got an unexpected keyword argument {option!r}")
        _endpoints.encode("connz", options)  # what is wrong, is said before the first page
        self._options = options
        self._limit = options.get("limit", _PAGE)
        self._offset = self._last = 0
        self._server_id = ""
        self.more = True

    @property
    def options(self) -> dict[str, Any]:
        """Of the next page."""
        page = {"sort": "cid", "offset": self._offset}
        return {**self._options, **page, "limit": self._limit + (self._last > 0)}

    def take(self, page: "Connz") -> Iterator["ConnInfo"]:
        """Those of a page that were on none before."""
        found = page.connections
        if page.server_id != (self._server_id or page.server_id):
            raise ServerStoppedError("the server was restarted, and has other connections now")
        self._server_id = page.server_id
        if self._offset and not (found and found[0].cid <= self._last):
            self._offset = max(0, self._offset - self._limit)
            return
        self.more = len(found) == page.limit
        self._offset += max(0, len(found) - 1)
        for connection in found:
            if connection.cid > self._last:
                self._last = connection.cid
                yield connection


class MonitoringCalls:
    """What ``NatsController`` asks its server."""

    _server: Server

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    @overload
    def varz(self, *, raw: Literal[False] = False) -> "Varz": ...
    @overload
    def varz(self, *, raw: Literal[True]) -> bytes: ...
    def varz(self, *, raw: bool = False) -> Any:
        """General facts and figures of the server.

        Args:
            raw: Return the JSON as the server made it; so with all calls below.

        Raises:
            ServerStoppedError: It is not running; so with all calls below.
        Source: ``Server.Varz`` (2.15).
        """
        return self._run(self._server.monitor("varz", {}, raw=raw))

    @overload
    def connz(
        self, *, raw: Literal[False] = False, **options: "Unpack[ConnzOptions]"
    ) -> "Connz": ...
    @overload
    def connz(self, *, raw: Literal[True], **options: "Unpack[ConnzOptions]") -> bytes: ...
    def connz(self, *, raw: bool = False, **options: "Unpack[ConnzOptions]") -> Any:
        """Connections of clients and leaf nodes, a page of them; ``iter_connections`` gives all.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``ConnzOptions``:
                ``state``: "open", "closed" or both, "any"; default "open". Of those that are closed
                the server remembers the last ``max_closed_clients``.
                ``auth``: Who each is, with account, user, JWT and certificates.
                ``subscriptions``, ``subscriptions_detail``: Their subjects; more of each.
                ``account``, ``user``, ``mqtt_client``, ``cid``: Only those.
                ``filter_subject``: Only those of ``account`` with a subscription that may get what
                is published to this subject, wildcards allowed.
                ``sort``: "cid", as by default, "start", "idle", "last", "uptime", "rtt", "subs",
                "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from"; of closed ones "stop"
                and "reason" too. All but "cid", "start" and "reason" put the most first; "uptime"
                the youngest.
                ``offset``, ``limit``: Which of them; default the first 1,024.

        Raises:
            ConfigError: An option is wrong, or needs another one: its name is the ``path``. So with
                all calls below.
            NotFoundError: There is no such account; so with all calls below, ``healthz`` and
                ``gatewayz`` apart.
        Source: ``Server.Connz`` (2.15).
        """
        return self._run(self._server.monitor("connz", options, raw=raw))

    @overload
    def routez(
        self, *, raw: Literal[False] = False, **options: "Unpack[RoutezOptions]"
    ) -> "Routez": ...
    @overload
    def routez(self, *, raw: Literal[True], **options: "Unpack[RoutezOptions]") -> bytes: ...
    def routez(self, *, raw: bool = False, **options: "Unpack[RoutezOptions]") -> Any:
        """Connections to the other servers of the cluster, several to each.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``RoutezOptions``: ``subscriptions``, their subjects, or
                ``subscriptions_detail``, more of each.
        Source: ``Server.Routez`` (2.15).
        """
        return self._run(self._server.monitor("routez", options, raw=raw))

    @overload
    def gatewayz(
        self, *, raw: Literal[False] = False, **options: "Unpack[GatewayzOptions]"
    ) -> "Gatewayz": ...
    @overload
    def gatewayz(self, *, raw: Literal[True], **options: "Unpack[GatewayzOptions]") -> bytes: ...
    def gatewayz(self, *, raw: bool = False, **options: "Unpack[GatewayzOptions]") -> Any:
        """Connections to other clusters.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``GatewayzOptions``:
                ``name``: Only of this cluster; of an unknown one there is nothing.
                ``accounts``: What each account wants. ``account_name``: Only of this account, which
                may be one that this server has not.
                ``subscriptions``, ``subscriptions_detail``: With one of these two, the subjects.
        Source: ``Server.Gatewayz`` (2.15).
        """
        return self._run(self._server.monitor("gatewayz", options, raw=raw))

    @overload
    def leafz(
        self, *, raw: Literal[False] = False, **options: "Unpack[LeafzOptions]"
    ) -> "Leafz": ...
    @overload
    def leafz(self, *, raw: Literal[True], **options: "Unpack[LeafzOptions]") -> bytes: ...
    def leafz(self, *, raw: bool = False, **options: "Unpack[LeafzOptions]") -> Any:
        """Connections to leaf nodes and to hubs.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``LeafzOptions``: ``subscriptions``, their subjects;
                ``account``, only those that are bound to it.
        Source: ``Server.Leafz`` (2.15).
        """
        return self._run(self._server.monitor("leafz", options, raw=raw))

    @overload
    def subsz(
        self, *, raw: Literal[False] = False, **options: "Unpack[SubszOptions]"
    ) -> "Subsz": ...
    @overload
    def subsz(self, *, raw: Literal[True], **options: "Unpack[SubszOptions]") -> bytes: ...
    def subsz(self, *, raw: bool = False, **options: "Unpack[SubszOptions]") -> Any:
        """Subscriptions: figures and, where asked for, a page of them, in no order.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``SubszOptions``:
                ``account``: Only of this one.
                ``subscriptions``: Each one.
                ``test``: Of these only those that get what is published to this subject.
                ``offset``, ``limit``: Which of them; default the first 1,024.
        Source: ``Server.Subsz`` (2.15).
        """
        return self._run(self._server.monitor("subsz", options, raw=raw))

    @overload
    def accountz(
        self, *, raw: Literal[False] = False, **options: "Unpack[AccountzOptions]"
    ) -> "Accountz": ...
    @overload
    def accountz(self, *, raw: Literal[True], **options: "Unpack[AccountzOptions]") -> bytes: ...
    def accountz(self, *, raw: bool = False, **options: "Unpack[AccountzOptions]") -> Any:
        """The names of all accounts, or all about one.

        Args:
            raw: As ``varz``.
            **options: ``AccountzOptions``: ``account``, the one.
        Source: ``Server.Accountz`` (2.15).
        """
        return self._run(self._server.monitor("accountz", options, raw=raw))

    @overload
    def accstatz(
        self, *, raw: Literal[False] = False, **options: "Unpack[AccountStatzOptions]"
    ) -> "AccountStatz": ...
    @overload
    def accstatz(
        self, *, raw: Literal[True], **options: "Unpack[AccountStatzOptions]"
    ) -> bytes: ...
    def accstatz(self, *, raw: bool = False, **options: "Unpack[AccountStatzOptions]") -> Any:
        """Figures of accounts: connections, subscriptions, messages.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``AccountStatzOptions``: ``accounts``, only these;
                ``include_unused``, those without connections as well.
        Source: ``Server.AccountStatz`` (2.15).
        """
        return self._run(self._server.monitor("accstatz", options, raw=raw))

    @overload
    def jsz(self, *, raw: Literal[False] = False, **options: "Unpack[JSzOptions]") -> "JSInfo": ...
    @overload
    def jsz(self, *, raw: Literal[True], **options: "Unpack[JSzOptions]") -> bytes: ...
    def jsz(self, *, raw: bool = False, **options: "Unpack[JSzOptions]") -> Any:
        """JetStream: figures and, where asked for, accounts, streams and consumers.

        Args:
            raw: As ``varz``.
            **options: What to tell, ``JSzOptions``:
                ``accounts``: What each has. ``account``: Only this one.
                ``streams``: Their streams. ``consumer``: These with their consumers, and
                ``direct_consumer`` with those of mirrors and sources too.
                ``config``: How both are configured.
                ``raft``: Their Raft groups, and how many this server leads.
                ``stream_leader_only``: Only streams that this server leads.
                ``leader_only``: Only if it leads the meta group, or is alone.
                ``offset``, ``limit``: Of the accounts; default the first 1,024.

        Raises:
            StateError: It is not the leader, with ``leader_only``.
        Source: ``Server.Jsz`` (2.15).
        """
        return self._run(self._server.monitor("jsz", options, raw=raw))

    @overload
    def healthz(
        self, *, raw: Literal[False] = False, **options: "Unpack[HealthzOptions]"
    ) -> "Healthz": ...
    @overload
    def healthz(self, *, raw: Literal[True], **options: "Unpack[HealthzOptions]") -> bytes: ...
    def healthz(self, *, raw: bool = False, **options: "Unpack[HealthzOptions]") -> Any:
        """Whether the server is healthy, and what is not: that is told and not raised.

        Args:
            raw: As ``varz``.
            **options: What to check, ``HealthzOptions``:
                ``details``: Tell all that is not well, and what it is about, in ``errors``, not the
                first in ``error``.
                ``account``, ``stream``, ``consumer``: Only these; one that is missing is not well.
                ``js_enabled_only``: That JetStream runs, if it should.
                ``js_server_only``: That connections are accepted.
                ``js_meta_only``: That the meta group has a leader, and this server keeps up.
        Source: ``Server.Healthz`` (2.15).
        """
        return self._run(self._server.monitor("healthz", options, raw=raw))

    @overload
    def raftz(
        self, *, raw: Literal[False] = False, **options: "Unpack[RaftzOptions]"
    ) -> "RaftzStatus": ...
    @overload
    def raftz(self, *, raw: Literal[True], **options: "Unpack[RaftzOptions]") -> bytes: ...
    def raftz(self, *, raw: bool = False, **options: "Unpack[RaftzOptions]") -> Any:
        """The Raft groups of JetStream in a cluster, by account and name.

        Args:
            raw: As ``varz``.
            **options: Which, ``RaftzOptions``: ``account``, whose, default the system account's;
                ``group``, only this one.
        Source: ``Server.Raftz`` (2.15).
        """
        return self._run(self._server.monitor("raftz", options, raw=raw))

    @overload
    def ipqueuesz(
        self, *, raw: Literal[False] = False, **options: "Unpack[IpqueueszOptions]"
    ) -> "IpqueueszStatus": ...
    @overload
    def ipqueuesz(self, *, raw: Literal[True], **options: "Unpack[IpqueueszOptions]") -> bytes: ...
    def ipqueuesz(self, *, raw: bool = False, **options: "Unpack[IpqueueszOptions]") -> Any:
        """What waits in the queues between the parts of the server, by their names.

        Args:
            raw: As ``varz``.
            **options: Which, ``IpqueueszOptions``: ``all``, also those in which nothing waits;
                ``filter``, those with this in their names.
        Source: ``Server.Ipqueuesz`` (2.15).
        """
        return self._run(self._server.monitor("ipqueuesz", options, raw=raw))

    def iter_connections(self, **options: "Unpack[ConnectionOptions]") -> Iterator["ConnInfo"]:
        """Every connection of a client or a leaf node, by cid, asked for page by page.

        One that stays is there once, whichever others come and go meanwhile; of those it depends.
        The server looks at all connections for every page, so large pages are cheaper.

        Args:
            **options: As ``connz``, but for ``cid``, ``sort`` and ``offset``; ``limit`` is that of
                a page, default 1,024.

        Raises:
            ServerStoppedError: It is not running, or was restarted meanwhile.

        Example:
            >>> from dotgnatly import NatsController
            >>> with NatsController({"port": -1}) as controller:
            ...     [connection.name for connection in controller.iter_connections(auth=True)]
            []

        Source: ``Server.Connz`` (2.15).
        """
        pages = _Pages(options)
        while pages.more:
            yield from pages.take(self.connz(**pages.options))


class AsyncMonitoringCalls:
    """What ``AsyncNatsController`` asks its server."""

    _server: Server

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    @overload
    async def varz(self, *, raw: Literal[False] = False) -> "Varz": ...
    @overload
    async def varz(self, *, raw: Literal[True]) -> bytes: ...
    async def varz(self, *, raw: bool = False) -> Any:
        """As ``NatsController.varz``."""
        return await self._run(self._server.monitor("varz", {}, raw=raw))

    @overload
    async def connz(
        self, *, raw: Literal[False] = False, **options: "Unpack[ConnzOptions]"
    ) -> "Connz": ...
    @overload
    async def connz(self, *, raw: Literal[True], **options: "Unpack[ConnzOptions]") -> bytes: ...
    async def connz(self, *, raw: bool = False, **options: "Unpack[ConnzOptions]") -> Any:
        """As ``NatsController.connz``."""
        return await self._run(self._server.monitor("connz", options, raw=raw))

    @overload
    async def routez(
        self, *, raw: Literal[False] = False, **options: "Unpack[RoutezOptions]"
    ) -> "Routez": ...
    @overload
    async def routez(self, *, raw: Literal[True], **options: "Unpack[RoutezOptions]") -> bytes: ...
    async def routez(self, *, raw: bool = False, **options: "Unpack[RoutezOptions]") -> Any:
        """As ``NatsController.routez``."""
        return await self._run(self._server.monitor("routez", options, raw=raw))

    @overload
    async def gatewayz(
        self, *, raw: Literal[False] = False, **options: "Unpack[GatewayzOptions]"
    ) -> "Gatewayz": ...
    @overload
    async def gatewayz(
        self, *, raw: Literal[True], **options: "Unpack[GatewayzOptions]"
    ) -> bytes: ...
    async def gatewayz(self, *, raw: bool = False, **options: "Unpack[GatewayzOptions]") -> Any:
        """As ``NatsController.gatewayz``."""
        return await self._run(self._server.monitor("gatewayz", options, raw=raw))

    @overload
    async def leafz(
        self, *, raw: Literal[False] = False, **options: "Unpack[LeafzOptions]"
    ) -> "Leafz": ...
    @overload
    async def leafz(self, *, raw: Literal[True], **options: "Unpack[LeafzOptions]") -> bytes: ...
    async def leafz(self, *, raw: bool = False, **options: "Unpack[LeafzOptions]") -> Any:
        """As ``NatsController.leafz``."""
        return await self._run(self._server.monitor("leafz", options, raw=raw))

    @overload
    async def subsz(
        self, *, raw: Literal[False] = False, **options: "Unpack[SubszOptions]"
    ) -> "Subsz": ...
    @overload
    async def subsz(self, *, raw: Literal[True], **options: "Unpack[SubszOptions]") -> bytes: ...
    async def subsz(self, *, raw: bool = False, **options: "Unpack[SubszOptions]") -> Any:
        """As ``NatsController.subsz``."""
        return await self._run(self._server.monitor("subsz", options, raw=raw))

    @overload
    async def accountz(
        self, *, raw: Literal[False] = False, **options: "Unpack[AccountzOptions]"
    ) -> "Accountz": ...
    @overload
    async def accountz(
        self, *, raw: Literal[True], **options: "Unpack[AccountzOptions]"
    ) -> bytes: ...
    async def accountz(self, *, raw: bool = False, **options: "Unpack[AccountzOptions]") -> Any:
        """As ``NatsController.accountz``."""
        return await self._run(self._server.monitor("accountz", options, raw=raw))

    @overload
    async def accstatz(
        self, *, raw: Literal[False] = False, **options: "Unpack[AccountStatzOptions]"
    ) -> "AccountStatz": ...
    @overload
    async def accstatz(
        self, *, raw: Literal[True], **options: "Unpack[AccountStatzOptions]"
    ) -> bytes: ...
    async def accstatz(self, *, raw: bool = False, **options: "Unpack[AccountStatzOptions]") -> Any:
        """As ``NatsController.accstatz``."""
        return await self._run(self._server.monitor("accstatz", options, raw=raw))

    @overload
    async def jsz(
        self, *, raw: Literal[False] = False, **options: "Unpack[JSzOptions]"
    ) -> "JSInfo": ...
    @overload
    async def jsz(self, *, raw: Literal[True], **options: "Unpack[JSzOptions]") -> bytes: ...
    async def jsz(self, *, raw: bool = False, **options: "Unpack[JSzOptions]") -> Any:
        """As ``NatsController.jsz``."""
        return await self._run(self._server.monitor("jsz", options, raw=raw))

    @overload
    async def healthz(
        self, *, raw: Literal[False] = False, **options: "Unpack[HealthzOptions]"
    ) -> "Healthz": ...
    @overload
    async def healthz(
        self, *, raw: Literal[True], **options: "Unpack[HealthzOptions]"
    ) -> bytes: ...
    async def healthz(self, *, raw: bool = False, **options: "Unpack[HealthzOptions]") -> Any:
        """As ``NatsController.healthz``."""
        return await self._run(self._server.monitor("healthz", options, raw=raw))

    @overload
    async def raftz(
        self, *, raw: Literal[False] = False, **options: "Unpack[RaftzOptions]"
    ) -> "RaftzStatus": ...
    @overload
    async def raftz(self, *, raw: Literal[True], **options: "Unpack[RaftzOptions]") -> bytes: ...
    async def raftz(self, *, raw: bool = False, **options: "Unpack[RaftzOptions]") -> Any:
        """As ``NatsController.raftz``."""
        return await self._run(self._server.monitor("raftz", options, raw=raw))

    @overload
    async def ipqueuesz(
        self, *, raw: Literal[False] = False, **options: "Unpack[IpqueueszOptions]"
    ) -> "IpqueueszStatus": ...
    @overload
    async def ipqueuesz(
        self, *, raw: Literal[True], **options: "Unpack[IpqueueszOptions]"
    ) -> bytes: ...
    async def ipqueuesz(self, *, raw: bool = False, **options: "Unpack[IpqueueszOptions]") -> Any:
        """As ``NatsController.ipqueuesz``."""
        return await self._run(self._server.monitor("ipqueuesz", options, raw=raw))

    async def iter_connections(
        self, **options: "Unpack[ConnectionOptions]"
    ) -> AsyncIterator["ConnInfo"]:
        """As ``NatsController.iter_connections``."""
        pages = _Pages(options)
        while pages.more:
            for connection in pages.take(await self.connz(**pages.options)):
                yield connection
