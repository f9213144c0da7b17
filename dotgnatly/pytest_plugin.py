"""Fixtures for pytest: a server of each test's own, and its log in the report of a failure.

pytest finds them by itself. A run that uses none imports nothing more of the package than this
file, and starts nothing.
"""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, get_args

import pytest

if TYPE_CHECKING:
    from nats.aio.client import Client

    from dotgnatly import BrokerConfiguration, NatsCluster, NatsController

_SCOPE = "nats_server_scope"
_Scope = Literal["function", "class", "module", "package", "session"]
_SCOPES: tuple[_Scope, ...] = get_args(_Scope)
_MARKER = "nats_config"
_TOLD = 64 << 10
"""Bytes of a log in a report: its end says why."""

_logs = pytest.StashKey[dict[str, int]]()
"""At the node whose servers they are: log files, and how much of each is about earlier tests."""


# -- servers ---------------------------------------------------------------------------------------


def _scope(fixture_name: str, config: pytest.Config) -> _Scope:  # noqa: ARG001 - as pytest calls it
    scope: _Scope = config.getini(_SCOPE)
    return scope


@pytest.fixture(scope=_scope)
def nats_server_factory(
    request: pytest.FixtureRequest,
) -> "Iterator[Callable[..., NatsController]]":
    """Starts servers by the fields of their configuration; they are closed after the test.

    ``nats_server_factory(max_payload="2MB", jetstream=True)`` is a ``NatsController`` whose server
    runs, on a free port, with its store and its log under ``tmp_path``.
    """
    from dotgnatly import NatsController

    with ExitStack() as servers:

        def start(**fields: Any) -> "NatsController":
            return servers.enter_context(NatsController(_config(request, fields)))

        yield start


@pytest.fixture(scope=_scope)
def nats_server(nats_server_factory: "Callable[..., NatsController]") -> "NatsController":
    """A server of this test's own, as a ``NatsController``; closed after the test."""
    return nats_server_factory()


@pytest.fixture(scope=_scope)
def jetstream_server(nats_server_factory: "Callable[..., NatsController]") -> "NatsController":
    """A server with JetStream of this test's own, as a ``NatsController``; closed after it."""
    return nats_server_factory(jetstream={})


@pytest.fixture(scope=_scope)
def nats_cluster(request: pytest.FixtureRequest) -> "Iterator[NatsCluster]":
    """A cluster of three servers with JetStream, ready, as a ``NatsCluster``; closed after it."""
    from dotgnatly import NatsCluster

    with NatsCluster(3, jetstream={}, config=_config(request, {})) as cluster:
        yield cluster


def _config(request: pytest.FixtureRequest, fields: dict[str, Any]) -> "BrokerConfiguration":
    """What a server has by itself, what the test's markers say above that, and these fields."""
    from dotgnatly import BrokerConfiguration

    logs = request.node.stash.setdefault(_logs, {})
    if request.scope == "function":
        folder = request.getfixturevalue("tmp_path")
    else:
        folder = request.getfixturevalue("tmp_path_factory").mktemp("nats")
    name = f"nats-{len(logs)}"
    log = str(folder / f"{name}.log")
    config = BrokerConfiguration(port=-1, log_file=log, store_dir=folder / name)
    markers = list(request.node.iter_markers(_MARKER))  # the closest one first
    for change in (*(marker.kwargs for marker in reversed(markers)), fields):
        config = config.merge(change)
    logs |= {log: 0, config.log_file or log: 0}
    return config


# -- a client --------------------------------------------------------------------------------------


@pytest.fixture
def nats_client(request: pytest.FixtureRequest) -> "Client":
    """A client of nats-py, connected to the test's server, and closed after the test.

    The server is that of ``jetstream_server`` or ``nats_cluster`` where the test uses one of these
    and no ``nats_server``.
    """
    try:
        import nats  # noqa: F401 - here it is missed by its name
    except ImportError:
        pytest.fail("nats_client needs nats-py: pip install 'dotgnatly[nats]'", pytrace=False)
    if "anyio_backend" in request.fixturenames:
        if request.getfixturevalue("anyio_backend_name") != "asyncio":
            pytest.fail("nats-py needs asyncio: let anyio_backend return it", pytrace=False)
        loop = "anyio"
    elif request.config.pluginmanager.hasplugin("asyncio"):
        marker = request.node.get_closest_marker("asyncio")
        loop = marker and marker.kwargs.get("loop_scope")
        loop = loop or request.config.getini("asyncio_default_test_loop_scope")
    else:
        pytest.fail("nats_client needs pytest-asyncio, or anyio and its mark", pytrace=False)
    client: Client = request.getfixturevalue(f"_nats_client_{loop}")
    return client


@pytest.fixture
def _nats_urls(request: pytest.FixtureRequest) -> list[str]:
    used = [
        name
        for name in ("nats_server", "jetstream_server", "nats_cluster")
        if name in request.fixturenames
    ]
    server = request.getfixturevalue(used[0] if used else "nats_server")
    return server.client_urls if hasattr(server, "client_urls") else [server.client_url]


def _new_client() -> Callable[..., AsyncIterator["Client"]]:
    """The function of a fixture; pytest-asyncio leaves marks on it, so each has one of its own."""

    async def client(_nats_urls: list[str]) -> AsyncIterator["Client"]:
        import nats

        client = await nats.connect(_nats_urls)
        yield client
        await client.close()

    return client


_nats_client_anyio = pytest.fixture(_new_client())


def _register_asyncio_clients(config: pytest.Config) -> None:
    """A fixture for each loop that pytest-asyncio can run a test in."""
    import pytest_asyncio

    clients = {
        f"_nats_client_{scope}": pytest_asyncio.fixture(_new_client(), loop_scope=scope)
        for scope in _SCOPES
    }
    config.pluginmanager.register(type("AsyncioClients", (), clients), "dotgnatly-asyncio")


# -- hooks -----------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long servers live is the one thing to choose for a whole run."""
    parser.addini(
        _SCOPE,
        "how long the servers of dotgnatly's fixtures live: as long as a scope of pytest's",
        default="function",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker, and of the clients once it is known who runs coroutines."""
    if (scope := config.getini(_SCOPE)) not in _SCOPES:
        raise pytest.UsageError(f"{_SCOPE} is one of {', '.join(_SCOPES)}, not {scope}")
    config.addinivalue_line(
        "markers", f"{_MARKER}(**fields): the configuration of the NATS servers of this test"
    )
    if config.pluginmanager.hasplugin("asyncio"):
        _register_asyncio_clients(config)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a configuration for one test of a server that others share."""
    if item.get_closest_marker(_MARKER) and (scope := item.config.getini(_SCOPE)) != "function":
        pytest.fail(
            f"{_MARKER} is for servers of one test, but {_SCOPE} is {scope}: "
            "let a fixture call nats_server_factory",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach to a failure what the test's servers have logged meanwhile."""
    report = yield
    for node in item.listchain():
        logs = node.stash.get(_logs, {})
        if report.failed:
            for path, begin in logs.items():
                if text := _read(path, begin):
                    told = text[-_TOLD:].decode(errors="replace")
                    report.sections.append((f"nats-server log {path}", told))
        if report.when == "teardown":
            if node is item:
                logs.clear()  # it may run again, in another folder
            for path, begin in logs.items():
                logs[path] = begin + len(_read(path, begin))
    return report


def _read(path: str, begin: int) -> bytes:
    """A file from somewhere on; nothing if it is gone, or was never there."""
    try:
        with open(path, "rb") as file:
            file.seek(begin)
            return file.read()
    except OSError:
        return b""
