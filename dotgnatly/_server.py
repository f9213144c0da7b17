"""One embedded server: its configuration, its state, and the steps of every call that waits.

``NatsController`` and ``AsyncNatsController`` drive the same steps, one blocking, one in an event
loop, and see to it that only one call changes something at a time.
"""

import _thread
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dotgnatly import conffile, jobs, logs, runtime
from dotgnatly.config import BrokerConfiguration
from dotgnatly.defaults import Defaults
from dotgnatly.errors import (
    AlreadyRunningError,
    ChangeError,
    ConfigError,
    DotgnatlyError,
    Fault,
    ServerStoppedError,
    ShutdownTimeoutError,
    StartTimeoutError,
)
from dotgnatly.jobs import Steps, Wait
from dotgnatly.versions import ConfigurationVersion

if TYPE_CHECKING:
    import socket

    from dotgnatly._native import Job
    from dotgnatly.info import ServerInfo
    from dotgnatly.monitoring import Healthz, Varz

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


class Server:
    """The state behind a controller."""

    def __init__(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None,
        *,
        dont_listen: bool,
        memory_limit: int | None,
        name: str | None,
        stderr: bool,
        flags: BrokerConfiguration | None,
        made_at: str,
    ) -> None:
        self.base = _as_config(config)
        """As it was given, or read from a file."""
        self.flags = flags or BrokerConfiguration()
        """What the command line says above a file; it stays for good."""
        self.changes = self.flags
        """What was changed at run time: a layer above, with None for what was reset."""
        self.config = self.base.merge(self.changes)
        """The one in force, or to be: both layers."""
        self.versions: list[ConfigurationVersion] = []
        self.lock = _thread.allocate_lock()
        """Of the blocking controller: one change at a time."""
        self.handle = 0
        """Of the last server; it may be dead, and Go knows."""
        self._dont_listen = dont_listen
        self._memory_limit = memory_limit
        self._name = name or ""
        self._stderr = stderr
        self._made_at = made_at
        self._defaults = Defaults()
        self._pending: Job | None = None
        """A job that was given up: it is undoing itself, and the next call waits for its end."""

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

    def start(
        self, config: BrokerConfiguration | Mapping[str, Any] | None, timeout: float | None
    ) -> Steps[str | None]:
        """Start the server and wait until every listener is open; returns the client URL."""
        if self.running:
            raise AlreadyRunningError(f"{self} is running already")
        yield from self._settle(timeout, StartTimeoutError(f"{self} is still stopping"))
        if config is not None:
            self.base, self.changes = _as_config(config), self.flags
            self.config = self.base.merge(self.changes)
        self._defaults = Defaults()
        text, overlay = self._render(self.config)
        library = runtime.native()
        if self._memory_limit is not None:
            runtime.memory_limit(self._memory_limit)
        _unclosed.add(self)
        job = library.server_start(self, text, overlay)
        try:
            logs.start(library)
            yield Wait(job, timeout)
        except DotgnatlyError:
            _unclosed.discard(self)
            raise
        except BaseException as exc:
            timed_out = isinstance(exc, TimeoutError)
            if not job.cancel():
                self._pending = job
                if timed_out:
                    late = StartTimeoutError(f"{self} was not ready after {timeout} s")
                    yield from self._settle(_CLEANUP_S, late)
                    raise late from None
                raise
            yield Wait(job)  # too late: it has started
            if not timed_out:
                self._record("restart" if self.versions else "initial", None, None)
                raise
        self._record("restart" if self.versions else "initial", None, None)
        return self.facts().client_url

    def shutdown(self, timeout: float | None) -> Steps[None]:
        """Stop the server and wait until it is gone. Does nothing if it is not running."""
        late = ShutdownTimeoutError(f"{self} still runs after {timeout} s")
        yield from self._settle(timeout, late)
        if self.handle:
            with suppress(ServerStoppedError):
                self._pending = runtime.native().server_stop(self.handle)
            self.handle = 0
            _unclosed.discard(self)
            yield from self._settle(timeout, late)

    def _settle(self, timeout: float | None, late: DotgnatlyError) -> Steps[None]:
        """Wait for what an earlier call left behind; ``late`` is raised if that takes too long."""
        if self._pending is not None:
            try:
                yield Wait(self._pending, timeout)
            except TimeoutError:
                raise late from None
            except DotgnatlyError:
                pass  # it was cancelled, and says so
            self._pending = None

    # -- change --------------------------------------------------------------------------------

    def update(
        self,
        patch: BrokerConfiguration | Mapping[str, Any] | None,
        changes: Mapping[str, Any],
        timeout: float | None,
        author: str | None,
        reason: str | None,
    ) -> Steps[ConfigurationVersion]:
        """Change what is set in patch and changes and leave the rest."""
        layer = self.changes
        if patch is not None:
            layer = layer.merge(_as_config(patch), keep_none=True)
        if changes:
            layer = layer.merge(BrokerConfiguration.from_dict(changes), keep_none=True)
        return (yield from self._change(self.base, layer, timeout, author, reason))

    def replace(
        self,
        config: BrokerConfiguration | Mapping[str, Any],
        timeout: float | None,
        author: str | None,
        reason: str | None,
    ) -> Steps[ConfigurationVersion]:
        """Put a complete new configuration in force."""
        return (yield from self._change(_as_config(config), self.flags, timeout, author, reason))

    def reload(
        self,
        discard_changes: bool,  # noqa: FBT001 - by keyword in the controllers
        timeout: float | None,
        author: str | None,
        reason: str | None,
    ) -> Steps[ConfigurationVersion]:
        """Read the configuration file again, below the changes made at run time."""
        self.require_running()
        source = self.base.source
        if source is None or source.path is None:
            where = "the configuration was not read from a file"
            raise ConfigError(errors=[Fault("", f"there is nothing to reload: {where}")])
        base = yield from conffile.read("file", source.path)
        layer = self.flags if discard_changes else self.changes
        return (yield from self._change(base, layer, timeout, author, reason))

    def _change(
        self,
        base: BrokerConfiguration,
        layer: BrokerConfiguration,
        timeout: float | None,
        author: str | None,
        reason: str | None,
    ) -> Steps[ConfigurationVersion]:
        handle = self.require_running()
        yield from self._settle(timeout, ChangeError("an earlier change is still being undone"))
        config = base.merge(layer)
        text, overlay = self._render(config)
        library = runtime.native()
        job = library.server_apply(handle, text, overlay)
        try:
            yield Wait(job, timeout)
        except DotgnatlyError:
            raise
        except BaseException as exc:
            timed_out = isinstance(exc, TimeoutError)
            if not job.cancel():
                self._pending = job
                if timed_out:
                    late = ChangeError(f"not done after {timeout} s, and undone")
                    yield from self._settle(_CLEANUP_S, late)
                    raise late from None
                raise
            yield Wait(job)  # too late: it is in force
            if not timed_out:
                self.base, self.changes, self.config = base, layer, config
                self._record("update", author, reason)
                raise
        self.base, self.changes, self.config = base, layer, config
        return self._record("update", author, reason)

    def _record(
        self, kind: Literal["initial", "update", "restart"], author: str | None, reason: str | None
    ) -> ConfigurationVersion:
        version = ConfigurationVersion(
            number=len(self.versions) + 1,
            config=self.config,
            kind=kind,
            applied_at=datetime.now(UTC),
            author=author,
            reason=reason,
        )
        self.versions.append(version)
        return version

    def _render(self, config: BrokerConfiguration) -> tuple[bytes, bytes]:
        """The text and the overlay for Go, checked."""
        config.validate(dont_listen=self._dont_listen)
        filled = self._defaults.fill(config)
        overlay = {
            "dont_listen": self._dont_listen,
            "stderr": self._stderr,
            "private_store": self._defaults.private_store(filled),
            "name": self._name,
        }
        return conffile.render(filled), msgspec.json.encode(overlay)

    # -- monitoring ----------------------------------------------------------------------------

    def monitor(self, endpoint: str, options: Mapping[str, Any] | None = None) -> Steps[bytes]:
        """One monitoring document of the server's, as JSON."""
        encoded = msgspec.json.encode(options or {})
        handle = self.require_running()
        return (yield Wait(runtime.native().server_monitor(handle, endpoint.encode(), encoded)))

    def varz(self) -> Steps["Varz"]:
        """The server's Varz."""
        from dotgnatly.monitoring import decode_varz

        return decode_varz((yield from self.monitor("varz")))

    def healthz(self, options: Mapping[str, Any]) -> Steps["Healthz"]:
        """The server's Healthz; its options are spelt with hyphens in JSON."""
        from dotgnatly.monitoring import decode_healthz

        spelt = {name.replace("_", "-"): value for name, value in options.items()}
        return decode_healthz((yield from self.monitor("healthz", spelt)))

    def info(self) -> Steps["ServerInfo"]:
        """Facts in one object."""
        from dotgnatly.info import ServerInfo

        state = self.facts()
        varz = yield from self.varz()
        return ServerInfo(
            server_id=state.server_id,
            server_name=state.server_name,
            version=varz.version,
            client_url=state.client_url,
            connections=varz.connections,
            started_at=varz.start,
            jetstream_enabled=state.jetstream_enabled,
            config=self.config,
            config_version=len(self.versions),
        )

    def reopen_log(self) -> Steps[None]:
        """Close log_file and open it again."""
        yield Wait(runtime.native().server_reopen_log(self.require_running()))

    def connect(self, socket: "socket.socket") -> None:
        """Make one end of a socket pair a client connection; Go has its descriptor then."""
        handle = self.require_running()
        runtime.native().server_connect(handle, socket.detach())


def check(config: BrokerConfiguration) -> tuple[Fault, ...]:
    """Check a configuration as far as it can be without starting a server.

    Returns:
        Its warnings and, after them, the server's own.

    Raises:
        ConfigError: It is not valid.
    Source: ``Options.ProcessConfigString``, ``server.NewServer``.
    """
    warnings = config.validate()
    filled = Defaults().fill(config)
    try:
        found = jobs.wait(runtime.native().config_check(conffile.render(filled), b"{}"))
    except ConfigError as exc:
        raise ConfigError(errors=exc.errors, warnings=[*warnings, *exc.warnings]) from None
    return (*warnings, *(Fault(*fault) for fault in msgspec.json.decode(found)["warnings"]))


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


def _as_config(config: BrokerConfiguration | Mapping[str, Any] | None) -> BrokerConfiguration:
    if config is None:
        return BrokerConfiguration()
    if isinstance(config, BrokerConfiguration):
        return config
    return BrokerConfiguration.from_dict(config)
