"""One embedded server: its configuration, its state, and the steps of every call that waits.

``NatsController`` and ``AsyncNatsController`` drive the same steps, one blocking, one in an event
loop. What changes something holds the lock meanwhile.
"""

import _thread
import os
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from dotgnatly import conffile, jobs, logs, runtime
from dotgnatly._handlers import Handlers
from dotgnatly._layers import Layers, Settings, as_config
from dotgnatly.config import BrokerConfiguration
from dotgnatly.defaults import Defaults
from dotgnatly.diff import ConfigurationDiff, compare
from dotgnatly.errors import (
    AlreadyRunningError,
    DotgnatlyError,
    ServerStoppedError,
    ShutdownTimeoutError,
    StartError,
    StartTimeoutError,
    StateError,
)
from dotgnatly.history import (
    ConfigurationStore,
    ConfigurationVersion,
    History,
    MemoryConfigurationStore,
    VersionKind,
    as_store,
)
from dotgnatly.jobs import Call, Locked, Step, Steps, Wait

if TYPE_CHECKING:
    import asyncio
    import socket

    from dotgnatly._native import Job
    from dotgnatly.authentication import Authenticator
    from dotgnatly.info import EffectiveConfiguration, ServerInfo
    from dotgnatly.monitoring import Varz
    from dotgnatly.scrapes import Scrapes
    from dotgnatly.watching import Watching

_CLEANUP_S = 2.0
"""How long a start or change that ran out of time is given to undo itself."""

_unclosed: set["Server"] = set()
"""Started and not shut down: the program may have forgotten their controllers."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What Go says of a server after a start or a change, see ``gb_server_state``."""

    server_id: str
    server_name: str
    jetstream_enabled: bool
    ports: dict[str, int]
    client_url: str | None
    monitoring_url: str | None
    websocket_url: str | None


_decode_state = msgspec.json.Decoder(State).decode


class Due(msgspec.Struct):
    """What is to be noted of a start or a change as soon as the server has accepted it."""

    layers: Layers
    version: ConfigurationVersion
    undo: Callable[[Exception], Steps[None]]
    """Takes it back where the store cannot keep the version, and raises why."""
    tried: bool = False
    """Whether the store was given the version; an interruption may have come between."""


class Server:
    """The state behind a controller."""

    def __init__(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None,
        *,
        dont_listen: bool,
        memory_limit: int | None,
        version_store: ConfigurationStore | str | os.PathLike[str] | None,
        name: str | None,
        stderr: bool,
        flags: BrokerConfiguration | None,
        made_at: str,
    ) -> None:
        self.flags = flags or BrokerConfiguration()
        """What the command line says above a file; it stays for good."""
        self.layers = Layers.of(as_config(config), self.flags)
        self.history = History(as_store(version_store))
        self.handlers = Handlers()
        self.lock: Any = _thread.allocate_lock()
        """One change at a time. That of an event loop takes its place."""
        self.handle = 0
        """Of the last server; it may be dead, and Go knows."""
        self.authenticator: Authenticator | None = None
        """What decides who may log in, if the program does."""
        self.watching: Watching | None = None
        """Who wants to hear of what happens, if anybody does."""
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where coroutine functions run, if the controller has one."""
        self._given = config is not None
        self._dont_listen = dont_listen
        self._memory_limit = memory_limit
        self._name = name or ""
        self._stderr = stderr
        self._made_at = made_at
        self._scrapes: Scrapes | None = None
        """What answers at /metrics, if there is a monitoring listener."""
        self._defaults = Defaults()
        self._asking: int | None = None
        """The thread in which a function of the user's makes a configuration."""
        self.pending: Job | None = None
        """The last job that changes something. If it was given up, the next call waits for it."""
        self._due: Due | None = None
        """What is noted if that job does its work. Without it the job is never undone."""

    # -- facts, without waiting ----------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the server is up. Raises ForkedProcessError in a forked child."""
        return bool(self.handle) and bool(runtime.native().server_running(self.handle))

    def require_running(self) -> int:
        """The handle of the running server."""
        if not self.running:
            raise ServerStoppedError(f"{self} is not running")
        return self.handle

    def facts(self) -> State:
        """What is known of the running server."""
        return _decode_state(runtime.native().server_state(self.require_running()))

    def __str__(self) -> str:
        return f"server {self._name}" if self._name else "the server"

    # -- life ----------------------------------------------------------------------------------

    def ask(
        self, change: Callable[[BrokerConfiguration], Any], current: BrokerConfiguration
    ) -> Any:
        """What a function of the user's makes of the configuration. The lock is held meanwhile."""
        self._asking = _thread.get_ident()
        try:
            return as_config(change(current))
        finally:
            self._asking = None

    def locked(self, steps: Steps[jobs.T]) -> Steps[jobs.T]:
        """The steps while nobody else changes anything."""
        if self._asking == _thread.get_ident():
            raise StateError("a function given to apply or plan must not call the controller")
        result: jobs.T = yield Locked(self.lock, steps)
        return result

    def start(
        self, config: BrokerConfiguration | Mapping[str, Any] | None, timeout: float | None
    ) -> Steps[str | None]:
        """Start the server and wait until every listener is open; returns the client URL."""
        if self.running:
            raise AlreadyRunningError(f"{self} is running already")
        late = StartTimeoutError(f"{self} is still stopping")
        yield from self.settle(timeout, late)
        if self.handle:
            yield from self.gone(self.handle, timeout, late)
        yield from self.load_history(StartError)
        layers = self.layers = self._layers_to_start(config)
        self._given = True
        self._defaults = Defaults()
        library = runtime.native()
        if self.watching is not None:
            self.watching.start(library)
        settings = self.settings(layers.config)
        if self._memory_limit is not None:
            runtime.memory_limit(self._memory_limit)
        _unclosed.add(self)

        def send() -> None:
            library.server_start(self, settings.text, settings.overlay)
            logs.reader.start(library)
            if self.authenticator is not None:
                self.authenticator.start(library)

        def undo(exc: Exception) -> Steps[None]:
            yield from self.shutdown(None)
            raise StartError(f"the version cannot be kept: {exc}") from exc

        version = self.draft(layers, "restart" if self.history.last else "initial")
        late = StartTimeoutError(f"{self} was not ready after {timeout} s")
        try:
            yield from self.carry_out(send, Due(layers, version, undo), timeout, late)
        except DotgnatlyError:
            _unclosed.discard(self)
            raise
        yield from self._watch()
        return self.facts().client_url

    def _layers_to_start(self, config: BrokerConfiguration | Mapping[str, Any] | None) -> Layers:
        if config is not None:
            return Layers.of(as_config(config), self.flags)
        if not self._given and self.history.last:
            return Layers.of_version(self.history.last)
        return self.layers

    def _watch(self) -> Steps[None]:
        """Have the server tell what has come to be wanted during the start, or stop it."""
        if self.watching is not None:
            try:
                yield from self.watching.watch()
            except DotgnatlyError:
                yield from self.shutdown(None)
                raise

    def shutdown(self, timeout: float | None) -> Steps[None]:
        """Stop the server and wait until it is gone. Does nothing if it is not running."""
        late = ShutdownTimeoutError(f"{self} still runs after {timeout} s")
        yield from self.settle(timeout, late)
        if self.handle:
            with suppress(ServerStoppedError):
                runtime.native().server_stop(self)
            _unclosed.discard(self)
            yield from self.settle(timeout, late)
            if self.authenticator is not None:
                self.authenticator.close()
            if self._scrapes is not None:
                self._scrapes.close()

    def gone(self, handle: int, timeout: float | None, late: DotgnatlyError) -> Steps[None]:
        """Wait until a server is gone, which ends by itself after lame duck mode.

        Raises:
            DotgnatlyError: It is ``late``.
        """
        with suppress(ServerStoppedError):  # it is gone already
            job = runtime.native().server_wait(handle)
            try:
                yield Wait(job, timeout)
            except TimeoutError:
                job.cancel()
                with suppress(StateError):
                    yield Wait(job)
                raise late from None

    def settle(self, timeout: float | None, late: DotgnatlyError) -> Steps[None]:
        """Wait for what an earlier call left behind, and note what it did.

        Raises:
            DotgnatlyError: It is ``late``, or has just been undone.
        """
        if self.pending is not None:
            try:
                yield Wait(self.pending, timeout)
            except TimeoutError:
                raise late from None
            except DotgnatlyError:
                self._due = None  # it was cancelled, and says so
            if self._due is not None:
                yield from self._note(self._due)
        self.pending = self._due = None  # also what was never sent

    def carry_out(
        self, send: Callable[[], object], due: Due, timeout: float | None, late: DotgnatlyError
    ) -> Steps[ConfigurationVersion]:
        """Have Go do a job that changes something, and note it.

        Where that is interrupted, the job is undone: the next call waits for its end. If it is too
        late for that, the change is noted all the same before the interruption goes on.

        Args:
            send: Starts the job.
            due: What to note.
            timeout: Seconds until it is undone; None is for ever.
            late: What is raised then.

        Raises:
            DotgnatlyError: The job failed, or is undone because it was ``late``.
            BaseException: The interruption.
        """
        try:
            self.pending, self._due = None, due
            send()
            yield from self._finish(timeout, late)
            return (yield from self._note(due))
        except DotgnatlyError:
            self._due = None
            raise
        except BaseException as exc:
            over = self._due is not None and self.pending is not None and self.pending.cancel()
            if over and not isinstance(exc, GeneratorExit):  # with which nobody waits any more
                with suppress(DotgnatlyError):
                    yield from self.settle(None, late)
            raise

    def _finish(self, timeout: float | None, late: DotgnatlyError) -> Steps[None]:
        """Wait for the job; have it undone when the time is over."""
        job = self.pending
        assert job is not None  # noqa: S101 - for type checkers
        try:
            yield Wait(job, timeout)
        except DotgnatlyError:
            raise
        except TimeoutError:
            if not job.cancel():
                yield from self.settle(_CLEANUP_S, late)
                raise late from None
            yield Wait(job)  # it is done all the same

    # -- versions ------------------------------------------------------------------------------

    def load_history(self, error: type[DotgnatlyError] = StateError) -> Steps[None]:
        """Read the versions from their store, the first time."""
        try:
            yield from self._store(lambda: self.history.versions)
        except Exception as exc:
            raise error(f"the versions cannot be read: {exc}") from exc

    def versions(self) -> Steps[list[ConfigurationVersion]]:
        """Those that are kept, oldest first."""
        yield from self.load_history()
        return list(self.history.versions)

    def version(self, number: int) -> Steps[ConfigurationVersion]:
        """One of them."""
        yield from self.load_history()
        return self.history.get(number)

    def diff(self, before: int, after: int) -> Steps[ConfigurationDiff]:
        """What differs between two of them."""
        yield from self.load_history()
        return compare(self.history.get(before).config, self.history.get(after).config)

    def draft(
        self,
        layers: Layers,
        kind: VersionKind,
        author: str | None = None,
        reason: str | None = None,
        restored: int | None = None,
    ) -> ConfigurationVersion:
        """The version to come."""
        last = self.history.last
        return ConfigurationVersion(
            number=self.history.next_number,
            config=layers.config,
            base=layers.base,
            kind=kind,
            applied_at=datetime.now(UTC),
            author=author,
            reason=reason,
            diff=compare(last.config if last else layers.config, layers.config),
            restored=restored,
        )

    def _note(self, due: Due) -> Steps[ConfigurationVersion]:
        """Keep the version of what is in force now; the whole can be done again."""
        version, store = due.version, self.history.store
        try:
            kept = (yield from self._store(store.load)) if due.tried else ()
            if version.number not in {each.number for each in kept}:
                version = msgspec.structs.replace(version, applied_at=datetime.now(UTC))
                due.tried = True
                yield from self._store(partial(store.append, version))
        except Exception as exc:  # noqa: BLE001 - undo raises
            self._due = None
            yield from due.undo(exc)
        self.layers = due.layers
        self.history.add(version)
        self._due = None
        return version

    def _store(self, function: Callable[[], jobs.T]) -> Generator[Step, Any, jobs.T]:
        """Have the store do something; one in memory needs no thread for it."""
        if isinstance(self.history.store, MemoryConfigurationStore):
            return function()
        result: jobs.T = yield Call(function)
        return result

    # -- what goes to Go -----------------------------------------------------------------------

    def settings(self, config: BrokerConfiguration) -> Settings:
        """A configuration for Go, checked.

        Raises:
            ConfigError: It is not valid.
        """
        doubts = config.validate(
            dont_listen=self._dont_listen, on_authenticate=self.authenticator is not None
        )
        filled = self.fill(config)
        overlay = {
            "dont_listen": self._dont_listen,
            "stderr": self._stderr,
            "private_store": self._defaults.private_store(filled),
            "name": self._name,
            "callout": self.authenticator and self.authenticator.callout(),
            "events": self.watching and self.watching.settings(),
            "metrics": self._metrics(filled),
            "warnings": [*map(str, doubts)],
        }
        text = conffile.render(filled)
        return Settings(filled, text, msgspec.json.encode(overlay), doubts)

    def _metrics(self, config: BrokerConfiguration) -> int:
        """Whom Go asks at /metrics, if there is a monitoring listener."""
        if not (config.http_port or config.https_port):
            return 0
        if self._scrapes is None:
            from dotgnatly.scrapes import Scrapes

            self._scrapes = Scrapes(self)
        return self._scrapes.open()

    def fill(self, config: BrokerConfiguration) -> BrokerConfiguration:
        """A configuration with our defaults."""
        filled = self._defaults.fill(config)
        if self.authenticator is not None and not filled.authorization:
            # Else, as only the system account has users, clients without a name would be given one.
            filled = filled.replace(authorization={})
        return filled

    # -- monitoring ----------------------------------------------------------------------------

    def monitor(
        self, endpoint: str, options: Mapping[str, Any] | None = None, *, raw: bool = False
    ) -> Steps[Any]:
        """One monitoring document of the server's, as a structure or as JSON."""
        from dotgnatly.monitoring import _endpoints

        document = yield from self.document(endpoint, _endpoints.encode(endpoint, options or {}))
        return document if raw else _endpoints.decode(document, endpoint)

    def document(self, endpoint: str, options: bytes) -> Steps[bytes]:
        """What ``gb_server_monitor`` gives."""
        handle = self.require_running()
        job = runtime.native().server_monitor(handle, endpoint.encode(), options)
        document: bytes = yield Wait(job)
        return document

    def info(self) -> Steps["ServerInfo"]:
        """Facts in one object."""
        from dotgnatly.info import ServerInfo

        state = self.facts()
        varz: Varz = yield from self.monitor("varz")
        return ServerInfo(
            server_id=state.server_id,
            server_name=state.server_name,
            version=varz.version,
            client_url=state.client_url,
            connections=varz.connections,
            started_at=varz.start,
            jetstream_enabled=state.jetstream_enabled,
            config=self.layers.config,
            config_version=self.history.last.number if self.history.last else 0,
        )

    def effective(self) -> Steps["EffectiveConfiguration"]:
        """The configuration in force with all that it leaves open."""
        from dotgnatly.info import EffectiveConfiguration

        filled, ports = self.fill(self.layers.config), self.facts().ports
        return EffectiveConfiguration.of(
            self.layers.config, filled, ports, (yield from self.monitor("varz"))
        )

    def reopen_log(self) -> Steps[None]:
        """Close log_file and open it again."""
        yield Wait(runtime.native().server_reopen_log(self.require_running()))

    def push_account(self, account_jwt: str) -> Steps[str | None]:
        """Give the JWT of an account to a directory; its public nkey if there is none."""
        token = account_jwt.encode(errors="replace")
        job = runtime.native().server_push_account(self.require_running(), token)
        answer = msgspec.json.decode((yield Wait(job)))
        return None if answer["kept"] else answer["account"]

    def connect(self, socket: "socket.socket") -> None:
        """Make one end of a socket pair a client connection; Go has its descriptor then."""
        handle = self.require_running()
        runtime.native().server_connect(handle, socket.detach())


def unclosed() -> list[Server]:
    """The servers that are up."""
    return [server for server in list(_unclosed) if server.running]


def warn_unclosed(servers: list[Server]) -> None:
    """Say which controllers were never shut down, and where they were made."""
    for server in servers:
        warnings.warn(
            f"{server} was never shut down; its controller was made at {server._made_at}",  # noqa: SLF001
            ResourceWarning,
            stacklevel=2,
            source=server,
        )
