"""Clusters of servers of this process, and clusters of those: ready when they are entered."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from dotgnatly import jobs, runtime
from dotgnatly._topology import C, Member, Topology
from dotgnatly.aio import AsyncNatsController
from dotgnatly.config import BrokerConfiguration
from dotgnatly.controller import NatsController
from dotgnatly.errors import ForkedProcessError
from dotgnatly.jobs import Steps

if TYPE_CHECKING:
    from dotgnatly.config.server import JetStream

T = TypeVar("T")
_START_S = 30.0


class _Members(Generic[C]):
    """What all kinds have: the facts that need no waiting."""

    _topology: Topology[C]
    _members: Sequence[Member[C]]

    @classmethod
    def _of(cls, topology: Topology[C], members: Sequence[Member[C]]) -> Self:
        self = cls.__new__(cls)
        self._topology, self._members = topology, members
        return self

    @property
    def servers(self) -> tuple[C, ...]:
        """The controllers of the members, by their numbers."""
        return tuple(member.controller for member in self._members)

    @property
    def client_urls(self) -> list[str]:
        """Where clients on this machine connect, the URLs of all members that run.

        A client should be given all of them, so that it finds another member when its own stops.
        """
        running = (server for server in self.servers if server.is_running)
        return [url for server in running if (url := server.client_url)]


class _Blocking(_Members[NatsController]):
    """What members can be told, blocking."""

    def _run(self, steps: Steps[T]) -> T:
        runtime.refuse_forked()
        return jobs.run(steps)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ForkedProcessError):  # a child on its way out, past the parent's servers
            self.shutdown()

    def start(self, *, timeout: float | None = _START_S) -> list[str]:
        """Start all members and wait until they are ready.

        Ready means: every member is connected to every other one, those of a super cluster to the
        other clusters too; with JetStream, the leader of the metadata is elected, and all streams
        are current on every member. So a stream with replicas can be made at once.

        Args:
            timeout: Seconds until then; None waits as long as it takes.

        Returns:
            The client URLs.

        Raises:
            AlreadyRunningError: A member is running; nothing was changed.
            StartTimeoutError: They were not ready in time; ``missing`` says what was not. In this
                and the cases below no member runs.
            PortInUseError: Somebody else has a port that was given, or has taken that of a member
                since the first start.
            StartError: A member did not start for another reason.
            ConfigError: The configuration is not valid.
        """
        self._run(self._topology.start(self._members, timeout))
        return self.client_urls

    def shutdown(self, *, timeout: float | None = _START_S) -> None:
        """Stop all members and wait until they are gone; do nothing if none is running.

        What JetStream kept is gone too, unless a ``store_dir`` was given.

        Args:
            timeout: Seconds for all of them.

        Raises:
            ShutdownTimeoutError: Some have not stopped in time and go on stopping.
        """
        self._run(self._topology.shutdown(self._members, timeout))

    def wait_ready(self, *, timeout: float | None = _START_S) -> None:
        """Wait until all members are ready as after ``start``, when one was restarted or changed.

        Args:
            timeout: Seconds to wait; None waits as long as it takes.

        Raises:
            StartTimeoutError: They are not ready; ``missing`` says what is not. They go on running.
            ServerStoppedError: A member is not running.
        """
        self._run(self._topology.wait_ready(self._members, timeout))

    def restart(self, number: int, *, timeout: float | None = _START_S) -> None:
        """Restart a member, with the configuration that it has now, and wait until all are ready.

        It comes back on the same ports. Its clients are disconnected; those that reconnect are on
        another member meanwhile.

        Args:
            number: Which one, in ``servers``.
            timeout: Seconds until all are ready again.

        Raises:
            IndexError: There is no such member; nothing was changed.
            StartTimeoutError: They are not ready in time; ``missing`` says what is not. In this and
                the cases below, those that run go on.
            StartError: The member did not start again.
            ShutdownTimeoutError: It did not stop in time.
            ServerStoppedError: Another member is not running.
        """
        self._run(self._topology.restart(self._members[number], self._members, timeout))

    def rolling_restart(self, *, timeout: float | None = _START_S) -> None:
        """Restart all members, one after the other, each when all are ready.

        Of streams with three replicas nothing acknowledged is lost, and all can be read meanwhile.

        Args:
            timeout: Seconds for each member.

        Raises:
            DotgnatlyError: As ``restart``; the members after that one were not restarted.
        """
        self._run(self._topology.rolling_restart(self._members, timeout))


class _Async(_Members[AsyncNatsController]):
    """What members can be told, awaited."""

    async def _run(self, steps: Steps[T]) -> T:
        for member in self._topology.members:
            member.controller._enter_loop()  # noqa: SLF001 - as its own calls do
        return await jobs.arun(steps)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ForkedProcessError):  # a child on its way out, past the parent's servers
            await self.shutdown()

    async def start(self, *, timeout: float | None = _START_S) -> list[str]:
        """As ``NatsCluster.start``."""
        await self._run(self._topology.start(self._members, timeout))
        return self.client_urls

    async def shutdown(self, *, timeout: float | None = _START_S) -> None:
        """As ``NatsCluster.shutdown``."""
        await self._run(self._topology.shutdown(self._members, timeout))

    async def wait_ready(self, *, timeout: float | None = _START_S) -> None:
        """As ``NatsCluster.wait_ready``."""
        await self._run(self._topology.wait_ready(self._members, timeout))

    async def restart(self, number: int, *, timeout: float | None = _START_S) -> None:
        """As ``NatsCluster.restart``."""
        await self._run(self._topology.restart(self._members[number], self._members, timeout))

    async def rolling_restart(self, *, timeout: float | None = _START_S) -> None:
        """As ``NatsCluster.rolling_restart``."""
        await self._run(self._topology.rolling_restart(self._members, timeout))


class NatsCluster(_Blocking):
    """Servers of this process that form a cluster.

    A context manager: ready on entry, shut down on exit. Each of ``servers`` is a controller as any
    other, and can be changed, stopped and started on its own.

    Example:
        >>> with NatsCluster(3, jetstream=True) as cluster:
        ...     [server.server_name for server in cluster.servers]
        ['nats-0', 'nats-1', 'nats-2']
    """

    def __init__(
        self,
        size: int = 3,
        *,
        name: str = "nats",
        jetstream: "JetStream" = False,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
    ) -> None:
        """Make the controllers; nothing is started.

        Args:
            size: How many servers, at least two. With JetStream an odd number: the cluster works as
                long as more than half of them do.
            name: Of the cluster; its members are called after it, ``nats-0`` and so on.
            jetstream: Switch JetStream on, or its configuration.
            config: What all members have in common. A port that is given there is that of the first
                member, the others have those that follow; all other ports are free ones, and kept
                over restarts. In its ``store_dir`` each member has a directory of its own name;
                default is a private one, removed at shutdown. Without ``cluster.authorization``
                the members have a password that nobody else knows. Its ``cluster.routes`` lead to
                members elsewhere, of which a ``server_name`` before the names tells these apart.

        Raises:
            ConfigError: ``config`` is a dict with an unknown key.
            ValueError: ``size`` is too small.
        """
        topology = Topology(NatsController, [name], _at_least(2, size), config, jetstream)
        self._topology, self._members = topology, topology.members


class AsyncNatsCluster(_Async):
    """Servers of this process that form a cluster, awaited; otherwise as ``NatsCluster``."""

    def __init__(
        self,
        size: int = 3,
        *,
        name: str = "nats",
        jetstream: "JetStream" = False,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
    ) -> None:
        """As ``NatsCluster``."""
        topology = Topology(AsyncNatsController, [name], _at_least(2, size), config, jetstream)
        self._topology, self._members = topology, topology.members


class NatsSuperCluster(_Blocking):
    """Clusters of this process that gateways join, to be used as a ``NatsCluster``.

    ``servers`` are those of all its clusters. With JetStream they have their metadata in common:
    a stream is in one of the clusters, and is used from all.

    Example:
        >>> with NatsSuperCluster(["east", "west"], size=2) as both:
        ...     [server.server_name for server in both.servers]
        ['east-0', 'east-1', 'west-0', 'west-1']
    """

    def __init__(
        self,
        names: Sequence[str] = ("east", "west"),
        *,
        size: int = 3,
        jetstream: "JetStream" = False,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
    ) -> None:
        """Make the controllers; nothing is started.

        Args:
            names: Of the clusters, at least two.
            size: How many servers each of them has.
            jetstream: As ``NatsCluster``.
            config: As ``NatsCluster``; likewise with ``gateway.authorization``, and with
                ``gateway.gateways`` for clusters elsewhere.

        Raises:
            ConfigError: As ``NatsCluster``.
            ValueError: There are too few.
        """
        _at_least(2, len(names))
        self._topology = Topology(NatsController, names, _at_least(1, size), config, jetstream)
        self._members = self._topology.members

    @property
    def clusters(self) -> tuple[NatsCluster, ...]:
        """Each of the clusters, to be stopped, started and restarted on its own."""
        groups = self._topology.clusters()
        return tuple(NatsCluster._of(self._topology, each) for each in groups)  # noqa: SLF001 - ours


class AsyncNatsSuperCluster(_Async):
    """Clusters of this process that gateways join, awaited; otherwise as ``NatsSuperCluster``."""

    def __init__(
        self,
        names: Sequence[str] = ("east", "west"),
        *,
        size: int = 3,
        jetstream: "JetStream" = False,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
    ) -> None:
        """As ``NatsSuperCluster``."""
        _at_least(2, len(names))
        self._topology = Topology(AsyncNatsController, names, _at_least(1, size), config, jetstream)
        self._members = self._topology.members

    @property
    def clusters(self) -> tuple[AsyncNatsCluster, ...]:
        """As ``NatsSuperCluster.clusters``."""
        groups = self._topology.clusters()
        return tuple(AsyncNatsCluster._of(self._topology, each) for each in groups)  # noqa: SLF001


def _at_least(least: int, number: int) -> int:
    if number < least:
        raise ValueError(f"there must be at least {least}, not {number}")
    return number
