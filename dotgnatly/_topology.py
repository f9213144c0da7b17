"""Servers of this process that belong together: where each one is, and whether all are ready.

What clusters and super clusters do, as steps: blocking or in an event loop, see ``jobs``.
"""

import atexit
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from dotgnatly import runtime
from dotgnatly._layers import Layers, as_config
from dotgnatly._server import Server
from dotgnatly.config import AuthorizationConfiguration, BrokerConfiguration
from dotgnatly.defaults import HOST, new_store_dir, reachable, url
from dotgnatly.errors import (
    AlreadyRunningError,
    DotgnatlyError,
    PortInUseError,
    StartError,
    StartTimeoutError,
)
from dotgnatly.jobs import Call, Pause, Steps

if TYPE_CHECKING:
    from dotgnatly.config.server import JetStream
    from dotgnatly.controller import _Controller
    from dotgnatly.monitoring import ConsumerInfo, Gatewayz, Healthz, JSInfo, Routez, StreamDetail

C = TypeVar("C", bound="_Controller")

_LISTENERS = (
    "port", "http_port", "https_port", "prof_port", "cluster.port", "gateway.port",
    "leafnodes.port", "websocket.port", "mqtt.port",
)  # fmt: skip

_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: one of these could take the port of a
member that restarts, and a client that asks for it again and again could reach itself."""
_PLACINGS = 5
"""How often ports are chosen anew, as others can take them meanwhile."""
_POOL_SIZE = 3
"""The server's default, ``DEFAULT_ROUTE_POOL_SIZE``."""
_LOOK_S = 0.01
_ALL = {"streams": True, "consumer": True, "limit": 2**31 - 1}


class Member(msgspec.Struct, Generic[C], frozen=True, eq=False):
    """One of the servers."""

    name: str
    cluster: str
    """The name of its cluster."""
    controller: C
    ports: dict[str, int]
    """Of its listeners, by their keys."""

    @property
    def server(self) -> Server:
        """What the controller drives."""
        return self.controller._server  # noqa: SLF001 - as we do


class Topology(Generic[C]):
    """The members of one cluster, or of several that gateways join."""

    def __init__(
        self,
        make: Callable[..., C],
        names: Sequence[str],
        size: int,
        config: BrokerConfiguration | Mapping[str, Any] | None,
        jetstream: "JetStream",
    ) -> None:
        config = as_config(config)
        if jetstream is not False:
            config = config.merge({"jetstream": jetstream})
        self._blocks = ("cluster", "gateway") if len(names) > 1 else ("cluster",)
        self._login = AuthorizationConfiguration(user="member", password=os.urandom(16).hex())
        self._config = config
        self._names = names
        self._folder = _Folder()
        self._started = False
        prefix = f"{config.server_name}-" if config.server_name else ""
        self.members: list[Member[C]] = []
        for cluster in names:
            for number in range(size):
                name = f"{prefix}{cluster}-{number}"
                self.members.append(Member(name, cluster, make(config, name=name), {}))
        self._place()

    def clusters(self) -> list[list[Member[C]]]:
        """The members of each cluster."""
        return [[m for m in self.members if m.cluster == name] for name in self._names]

    # -- where the members are -----------------------------------------------------------------

    def _place(self) -> None:
        """Give each member the ports that it has for good: free ones, or counted up from one."""
        needed = dict.fromkeys(("port", *(f"{block}.port" for block in self._blocks)), -1)
        wanted = {key: _get(self._config, key) or needed.get(key, 0) for key in _LISTENERS}
        numbers = range(len(self.members))
        given = {port + number for port in wanted.values() if port > 0 for number in numbers}
        free = (port for port in _free_ports() if port not in given)
        for number, member in enumerate(self.members):
            for key, port in wanted.items():
                if port:
                    member.ports[key] = next(free) if port == -1 else port + number
        for member in self.members:
            flags = member.server.flags = self._placement(member)
            member.server.layers = Layers.of(self._config, flags)

    def _placement(self, member: Member[C]) -> BrokerConfiguration:
        """What a member has for itself, above the configuration that is common to all."""
        patch: dict[str, Any] = {"server_name": member.name}
        for key, port in member.ports.items():
            block, _, name = key.rpartition(".")
            (patch.setdefault(block, {}) if block else patch)[name] = port
        for block in self._blocks:
            patch[block] |= {"name": member.cluster, "host": self._host(block)}
            if not _get(self._config, f"{block}.authorization"):
                patch[block]["authorization"] = self._login
        others = _get(self._config, "cluster.routes") or ()
        patch["cluster"]["routes"] = [*self._urls("cluster", member.cluster), *others]
        if "gateway" in self._blocks:
            others = _get(self._config, "gateway.gateways") or ()
            ours = [{"name": name, "urls": self._urls("gateway", name)} for name in self._names]
            patch["gateway"]["gateways"] = [*ours, *others]
        if self._stores():
            store_dir = os.path.join(self._store_dir() or self._folder.path, member.name)
            patch |= {"store_dir": None, "jetstream": {"store_dir": store_dir}}
        return BrokerConfiguration.from_dict(patch)

    def _stores(self) -> bool:
        jetstream = _get(self._config, "jetstream")
        return jetstream is not None and jetstream.enabled is not False

    def _store_dir(self) -> str | None:
        """The directory that was given."""
        given: str | None = _get(self._config, "jetstream.store_dir")
        return given or _get(self._config, "store_dir")

    def _host(self, block: str) -> str:
        host: str = _get(self._config, f"{block}.host") or HOST
        return host

    def _urls(self, block: str, cluster: str) -> list[str]:
        """Where the members of a cluster listen to the others of this block."""
        host = reachable(self._host(block))
        auth = _get(self._config, f"{block}.authorization") or self._login
        login = f"{quote(auth.user, '')}:{quote(auth.password or '', '')}@" if auth.user else ""
        ports = [m.ports[f"{block}.port"] for m in self.members if m.cluster == cluster]
        return [url(host, port, login) for port in ports]

    # -- life ----------------------------------------------------------------------------------

    def start(self, members: Sequence[Member[C]], timeout: float | None) -> Steps[None]:
        """Start members and wait until they are ready; if that fails, none of them runs."""
        deadline = _Deadline(timeout)
        if running := [member.name for member in members if member.server.running]:
            raise AlreadyRunningError(f"running already: {', '.join(running)}")
        for placing in range(1, _PLACINGS + 1):
            try:
                yield from self._start(members, deadline)
            except PortInUseError as exc:
                chosen = exc.key in _LISTENERS and _get(self._config, exc.key) in {None, -1}
                if self._started or not chosen or placing == _PLACINGS:
                    raise
                self._place()
            else:
                self._started = True
                return

    def _start(self, members: Sequence[Member[C]], deadline: "_Deadline") -> Steps[None]:
        begun: list[Member[C]] = []
        try:
            if self._stores() and not self._store_dir():
                self._folder.make()
            for member in members:
                begun.append(member)  # it can run in the end also if its start is interrupted
                yield from self._start_one(member, deadline)
            yield from self._wait(members, deadline)
        except BaseException as exc:
            if isinstance(exc, AlreadyRunningError):  # somebody else was faster
                begun.pop()
            if not isinstance(exc, GeneratorExit):  # with which nobody waits any more
                yield from self.shutdown(begun, None)
            raise

    def _start_one(self, member: Member[C], deadline: "_Deadline") -> Steps[None]:
        server = member.server
        yield from server.locked(server.start(None, deadline.left()))

    def shutdown(self, members: Sequence[Member[C]], timeout: float | None) -> Steps[None]:
        """Stop members, the last first: all of them, even if one does not stop in time."""
        deadline, failed = _Deadline(timeout), None
        for server in (member.server for member in reversed(members)):
            try:
                yield from server.locked(server.shutdown(deadline.left()))
            except DotgnatlyError as exc:
                failed = failed or exc
        if failed is not None:
            raise failed
        if not any(member.server.running for member in self.members):
            yield Call(self._folder.remove)

    def restart(
        self, member: Member[C], members: Sequence[Member[C]], timeout: float | None
    ) -> Steps[None]:
        """Restart a member and wait until all are ready."""
        deadline = _Deadline(timeout)
        yield from member.server.locked(member.server.shutdown(deadline.left()))
        yield from self._start_one(member, deadline)
        yield from self._wait(members, deadline)

    def rolling_restart(self, members: Sequence[Member[C]], timeout: float | None) -> Steps[None]:
        """Restart the members one by one, each when all are ready."""
        yield from self.wait_ready(members, timeout)
        for member in members:
            yield from self.restart(member, members, timeout)

    # -- readiness -----------------------------------------------------------------------------

    def wait_ready(self, members: Sequence[Member[C]], timeout: float | None) -> Steps[None]:
        """Wait until the members are connected and JetStream is current on each of them."""
        return self._wait(members, _Deadline(timeout))

    def _wait(self, members: Sequence[Member[C]], deadline: "_Deadline") -> Steps[None]:
        while True:
            missing: list[str] = []
            for member in members:
                found = yield from self._missing(member)
                missing += [f"{member.name}: {what}" for what in found]
            if not missing:
                return
            if deadline.left() == 0:
                raise StartTimeoutError(
                    f"not ready after {deadline.timeout} s: {'; '.join(missing)}",
                    missing=tuple(missing),
                )
            yield Pause(_LOOK_S)

    def _missing(self, member: Member[C]) -> Steps[list[str]]:
        """What a member lacks still, as its server says."""
        server = member.server
        others = [m for m in self.members if m.cluster == member.cluster and m is not member]
        routez: Routez = yield from server.monitor("routez")
        connections = Counter(route.remote_name for route in routez.routes)
        wanted = _connections(server.layers.config)
        missing = [f"no route to {m.name}" for m in others if connections[m.name] < wanted]
        if "gateway" in self._blocks:
            gatewayz: Gatewayz = yield from server.monitor("gatewayz")
            found = gatewayz.outbound_gateways
            running = {m.cluster for m in self.members if m.server.running} - {member.cluster}
            missing += [f"no gateway to {name}" for name in sorted(running - found.keys())]
        if server.facts().jetstream_enabled:
            missing += yield from self._missing_in_jetstream(member)
        return missing

    def _missing_in_jetstream(self, member: Member[C]) -> Steps[list[str]]:
        health: Healthz = yield from member.server.monitor("healthz")
        if health.status != "ok":
            return [health.error]
        found: JSInfo = yield from member.server.monitor("jsz", _ALL)
        streams = [stream for account in found.account_details for stream in account.stream_detail]
        # Without a leader they are healthy to the server, though nobody can use them.
        consumers = [consumer for stream in streams for consumer in stream.consumer_detail]
        replicated: list[StreamDetail | ConsumerInfo] = [*streams, *consumers]
        missing = [
            f"no leader of {each.name}"
            for each in replicated
            if each.cluster and not each.cluster.leader
        ]
        meta = found.meta_cluster
        if meta is not None and meta.leader == member.name:  # only it knows of the others
            current = {peer.name for peer in meta.replicas if peer.current and not peer.offline}
            missing += [
                f"{other.name} is not current"
                for other in self.members
                if other.server.running and other is not member and other.name not in current
            ]
        return missing


class _Folder:
    """The directory of all stores where none was given: it is there as long as a member runs."""

    def __init__(self) -> None:
        self.path = new_store_dir()
        self._process = 0

    def make(self) -> None:
        """Make it, unless it is there; the end of the process removes it too."""
        if not self._process:
            os.mkdir(self.path, 0o700)
            self._process = os.getpid()
            atexit.register(self.remove)
            runtime.exit_before_logging()  # the servers stop before

    def remove(self) -> None:
        """Remove it, unless it is that of the process that this one was forked from."""
        if self._process == os.getpid():
            import shutil

            shutil.rmtree(self.path, ignore_errors=True)
            self._process = 0
            atexit.unregister(self.remove)


class _Deadline:
    """A point in time."""

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Seconds until then, 0 afterwards; None if it never comes."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


def _get(config: BrokerConfiguration, key: str) -> Any:
    """The value of a key, of a block too; None if it is not set."""
    block, _, name = key.rpartition(".")
    holder = _get(config, block) if block else config
    value = None if holder is None else getattr(holder, name)
    return None if value is msgspec.UNSET else value


def _connections(config: BrokerConfiguration) -> int:
    """How many a route is made of: a pool, and one for each account with its own."""
    size = _get(config, "cluster.pool_size") or _POOL_SIZE
    if size < 0:
        return 1
    accounts = {*(_get(config, "cluster.accounts") or ())}
    if not config.no_system_account:
        accounts.add(config.system_account or "$SYS")
    return size + len(accounts)


def _free_ports() -> Iterator[int]:
    """Ports of this machine that nobody has now."""
    import socket

    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port
    raise StartError("no port is free")
