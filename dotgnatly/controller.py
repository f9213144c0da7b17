"""NatsController: an embedded NATS server with blocking calls."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dotgnatly import jobs, runtime
from dotgnatly._accounts import AccountCalls
from dotgnatly._authentication import AuthenticationCalls
from dotgnatly._changes import Change, Changes, MakeNext, Options
from dotgnatly._events import SyncEventCalls
from dotgnatly._leafs import LeafCalls
from dotgnatly._monitoring import MonitoringCalls
from dotgnatly._server import Server
from dotgnatly.clients import ClientCalls
from dotgnatly.config import BrokerConfiguration
from dotgnatly.errors import ForkedProcessError
from dotgnatly.history import ConfigurationVersion
from dotgnatly.jobs import Steps
from dotgnatly.lameduck import LameDuckCalls

if TYPE_CHECKING:
    from os import PathLike

    from nats.aio.client import Client

    from dotgnatly.diff import ConfigurationDiff
    from dotgnatly.history import ConfigurationStore
    from dotgnatly.info import EffectiveConfiguration, ServerInfo
    from dotgnatly.plan import Plan

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

    def update_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
        **changes: Any,
    ) -> ConfigurationVersion:
        """Change some of the configuration of the running server; clients stay connected.

        Args:
            config: What to change: its set fields. Blocks are merged key by key, lists replaced,
                maps such as ``accounts`` merged by name; None sets a field back to its default and
                removes an entry of a map.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done, or it is undone; None waits for ever.
            author: Who changes it, for the version.
            reason: Why, for the version.
            **changes: More changes, by field.

        Returns:
            The version that is in force now; a new one also if nothing differs.

        Raises:
            ServerStoppedError: It is not running.
            ConfigError: The result is not valid. In this and the cases below the previous
                configuration is in force.
            RestartRequiredError: A running server cannot take this change, and ``allow_restart`` is
                not set.
            ImpossibleChangeError: Not even a restart can make it.
            ChangeVetoedError: A handler of "configuration_changing" refused it.
            PortInUseError: Somebody else has the new address of a listener.
            ChangeError: The server fell short of it, was not done in time, or the version could not
                be kept.
            StartError: The server did not start again after a restart, not even as it was: it is
                stopped.

        Example:
            >>> with NatsController(BrokerConfiguration(port=-1, debug=True)) as controller:
            ...     print(controller.update_config(max_payload="2MB", debug=None).diff)
            debug: True -> (not set)
            max_payload: (not set) -> 2097152

        Source: ``Server.ReloadOptions`` (2.15).
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.update(config, changes, options))

    def replace_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any],
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Put a complete new configuration in force; clients stay connected.

        Args:
            config: All of it, not a patch: changes made so far are gone.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.replace(config, options))

    def reload(
        self,
        *,
        discard_changes: bool = False,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Read the configuration file again; clients stay connected.

        Changes made at run time lie above the file and stay.

        Args:
            discard_changes: Drop them instead: the file alone is in force afterwards.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            ConfigError: The file is not valid, or the configuration did not come from a file; the
                previous configuration is in force.
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.reload(options, discard=discard_changes))

    def apply(
        self,
        change: MakeNext,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Change the configuration by a function; clients stay connected.

        Nothing else changes between what the function is given and what comes into force.

        Args:
            change: Makes of the configuration in force the one that is to be: all of it. It must
                not call the controller, which waits for it. It may be called again if a handler of
                "configuration_changing" is there and another change comes in between.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            DotgnatlyError: As ``update_config``.
            Exception: What the function raised; nothing was changed.

        Example:
            >>> with NatsController(BrokerConfiguration(port=-1, max_payload=1000)) as controller:
            ...     version = controller.apply(lambda c: c.replace(max_payload=2 * c.max_payload))
            ...     controller.varz().max_payload
            2000
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(change, options))

    def plan(self, change: Change | None = None, **changes: Any) -> "Plan":
        """What ``update_config``, or ``apply`` for a function, would do; nothing is done.

        Args:
            change: What these calls take as their first argument.
            **changes: More changes, by field, as ``update_config`` takes them.

        Returns:
            Every field that would change, whether a running server takes it, and the connections
            that would be closed.

        Raises:
            ServerStoppedError: The server is not running.
            ConfigError: The result is not valid.

        Example:
            >>> with NatsController(BrokerConfiguration(port=-1)) as controller:
            ...     print(controller.plan(server_name="hub", debug=True))
            server_name: (not set) -> 'hub' (restart)
            debug: (not set) -> True (hot)
        """
        return self._run(self._changes.plan(change, changes))

    def rollback(
        self,
        number: int | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Put an earlier version in force again, as a new version; clients stay connected.

        Args:
            number: Which one. Without it, the one before the last change; each further rollback
                goes one change further back.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now, of kind "rollback".

        Raises:
            NotFoundError: There is no such version, or it is kept no more; nothing was changed.
            DotgnatlyError: As ``update_config``.

        Example:
            >>> with NatsController(BrokerConfiguration(port=-1, debug=True)) as controller:
            ...     version = controller.update_config(debug=False)
            ...     print(controller.rollback().diff)
            debug: False -> True
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.rollback(number, options))

    def push_account(
        self,
        account_jwt: str,
        *,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion | None:
        """Put the JWT of an account in force, a new one or one that is there already.

        Clients stay connected that may be; those of revoked users are cut off. A resolver of the
        type "full" keeps it in its directory, from where other servers get it within its
        ``interval``. One in memory keeps nothing: there it becomes part of the configuration, in
        ``resolver_preload``.

        Args:
            account_jwt: Signed by an operator of the server's, see ``dotgnatly.jwt``.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now; None if a directory keeps the JWT.

        Raises:
            ConfigError: It is not valid, has expired, or is signed by somebody else; nothing was
                changed.
            StateError: The server has no resolver of these types.
            ChangeError: It cannot be kept; nothing was changed.
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, author=author, reason=reason)
        return self._run(self._changes.push_account(account_jwt, options))

    def history(self) -> list[ConfigurationVersion]:
        """The versions that are kept, oldest first: the last one is in force while it runs.

        Raises:
            StateError: The version store cannot be read; so with the two below.
        """
        return self._run(self._server.locked(self._server.versions()))

    def version(self, number: int) -> ConfigurationVersion:
        """One of them.

        Raises:
            NotFoundError: There is no such version, or it is kept no more.
        """
        return self._run(self._server.locked(self._server.version(number)))

    def diff(self, before: int, after: int) -> "ConfigurationDiff":
        """What differs between two versions, by their numbers.

        Raises:
            NotFoundError: As ``version``.
        """
        return self._run(self._server.locked(self._server.diff(before, after)))

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
