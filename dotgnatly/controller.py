"""NatsController: an embedded NATS server with blocking calls."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dotgnatly import jobs, runtime
from dotgnatly._accounts import AccountCalls
from dotgnatly._authentication import AuthenticationCalls
from dotgnatly._change_calls import ChangeCalls
from dotgnatly._changes import Changes
from dotgnatly._events import SyncEventCalls
from dotgnatly._leafs import LeafCalls
from dotgnatly._monitoring import MonitoringCalls
from dotgnatly._server import Server
from dotgnatly.clients import ClientCalls
from dotgnatly.config import BrokerConfiguration
from dotgnatly.errors import ForkedProcessError
from dotgnatly.jobs import Steps
from dotgnatly.lameduck import LameDuckCalls

if TYPE_CHECKING:
    from os import PathLike

    from nats.aio.client import Client

    from dotgnatly.history import ConfigurationStore
    from dotgnatly.info import EffectiveConfiguration, ServerInfo

T = TypeVar("T")


class _Controller(AuthenticationCalls):
    """What both controllers have: the facts that need no waiting."""

    def __init__(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        dont_listen: bool = False,
        memory_limit: int | None = None,
        version_store: "ConfigurationStore | str | PathLike[str] | None" = None,
        name: str | None = None,
        _stderr: bool = False,
        _flags: BrokerConfiguration | None = None,
    ) -> None:
        """Make a controller; nothing is started.

        Args:
            config: The configuration of the first start; None is the last one in the version store,
                or the server's defaults with ours.
            dont_listen: Open no client port: clients connect inside the process.
            memory_limit: Soft limit of the Go heap in bytes, for all servers of this process;
                default that of ``GOMEMLIMIT``, or 80 % of the memory of its container, if it has a
                limit.
            version_store: Where versions are kept: an SQLite file by its path, or any
                ``ConfigurationStore``; default in memory, the last 100.
            name: What errors and the store lock call it; default its server_name.

        Raises:
            ConfigError: ``config`` is a dict with an unknown key.
            ValueError: ``version_store`` keeps no version.
        """
        self._server = Server(
            config,
            dont_listen=dont_listen,
            memory_limit=memory_limit,
            version_store=version_store,
            name=name,
            stderr=_stderr,
            flags=_flags,
            made_at=runtime.caller(),
        )
        self._changes = Changes(self._server)

    @property
    def config(self) -> BrokerConfiguration:
        """The configuration in force, or of the next start: as given, with all changes since."""
        return self._server.layers.config

    @property
    def is_running(self) -> bool:
        """Whether the server is up."""
        return self._server.running

    @property
    def client_url(self) -> str | None:
        """Where clients on this machine connect, such as "nats://127.0.0.1:4222", or None.

        Raises:
            ServerStoppedError: It is not running; so with all the facts below.
        """
        return self._server.facts().client_url

    @property
    def monitoring_url(self) -> str | None:
        """Base of the HTTP monitoring endpoints, or None."""
        return self._server.facts().monitoring_url

    @property
    def websocket_url(self) -> str | None:
        """Where WebSocket clients on this machine connect, or None."""
        return self._server.facts().websocket_url

    @property
    def server_id(self) -> str:
        """The server's public nkey, 56 characters; a new one with every start."""
        return self._server.facts().server_id

    @property
    def server_name(self) -> str:
        """``server_name``, or the server's id where none is configured."""
        return self._server.facts().server_name

    @property
    def jetstream_enabled(self) -> bool:
        """Whether JetStream runs, as the server says."""
        return self._server.facts().jetstream_enabled

    def __repr__(self) -> str:
        try:
            state = "running" if self._server.running else "stopped"
        except ForkedProcessError:
            state = "the parent's"
        return f"<{type(self).__name__} {state}>"


class NatsController(
    _Controller,
    AccountCalls,
    ChangeCalls,
    ClientCalls,
    LameDuckCalls,
    LeafCalls,
    MonitoringCalls,
    SyncEventCalls,
):
    """A NATS server inside this process.

    A context manager: started on entry, shut down on exit. It may be started again after a
    shutdown, and used from several threads: calls that change something wait for one another.
    Ctrl-C ends every waiting call at once; a start or change that it ended has undone itself.

    Example:
        >>> with NatsController(BrokerConfiguration(port=-1)) as controller:
        ...     controller.is_running
        True
    """

    def _run(self, steps: Steps[T]) -> T:
        runtime.refuse_forked()
        return jobs.run(steps)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ForkedProcessError):  # a child on its way out, past the parent's server
            self.shutdown()

    def start(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> str | None:
        """Start the server and wait until it accepts connections.

        Args:
            config: A configuration in place of the one given so far.
            timeout: Seconds until it must be ready; None waits as long as JetStream needs to
                recover its streams.

        Returns:
            The client URL; None with ``dont_listen``.

        Raises:
            AlreadyRunningError: It is running; nothing was changed.
            ConfigError: The configuration is not valid. In this and the cases below the server has
                been shut down and left nothing behind.
            PortInUseError: Somebody else has the address of one of its listeners.
            StoreInUseError: Another running server has its ``store_dir``.
            StartTimeoutError: It was not ready in time.
            StartError: It did not start for another reason.
        Source: ``server.NewServer``, ``Server.Start``, ``Server.ReadyForConnections`` (2.15).
        """
        return self._run(self._server.locked(self._server.start(config, timeout)))

    def shutdown(self, *, timeout: float | None = 30.0) -> None:
        """Stop the server and wait until it is gone; do nothing if it is not running.

        Clients are disconnected, JetStream is written to disk, ports and store are free afterwards,
        a private ``store_dir`` is removed. The configuration stays for the next start.

        Args:
            timeout: Seconds to wait.

        Raises:
            ShutdownTimeoutError: It has not stopped in time and goes on stopping.
        Source: ``Server.Shutdown``, ``Server.WaitForShutdown`` (2.15).
        """
        self._run(self._server.locked(self._server.shutdown(timeout)))

    def effective_config(self) -> "EffectiveConfiguration":
        """The configuration in force and what it leaves open: our defaults, the server's, ports.

        Raises:
            ServerStoppedError: It is not running.
        """
        return self._run(self._server.effective())

    def get_info(self) -> "ServerInfo":
        """Facts of the running server in one object.

        Raises:
            ServerStoppedError: It is not running.
        """
        return jobs.run(self._server.info())

    def ports(self) -> dict[str, int]:
        """The port of every listener, by name.

        Returns:
            The bound ports; those of ``client``, ``monitoring``, ``cluster``, ``gateway``,
            ``leafnodes``, ``websocket``, ``mqtt`` and ``prof`` that are open.
        """
        return dict(self._server.facts().ports)

    def reopen_log(self) -> None:
        """Close ``log_file`` and open it again, after somebody has moved it away.

        Raises:
            ConfigError: It cannot be opened; lines still go to the old one.
        """
        self._run(self._server.locked(self._server.reopen_log()))

    async def connect_nats_py(self, **options: Any) -> "Client":
        """A client of the ``nats-py`` package, connected to this server without a network.

        Needs the extra ``dotgnatly[nats]``. The client reconnects after a restart of the server.

        Args:
            **options: Those of ``nats.connect``, ``servers`` apart.
        """
        from dotgnatly import nats_py

        return await nats_py.connect(self._server, **options)
