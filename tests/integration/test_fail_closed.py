"""What is wrong or missing shuts a door, and never opens one; what is open by choice is told."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import nkeys
import pytest
from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import AsyncNatsController, ConfigError, NatsController
from tests.conftest import answer, answered, is_answered
from tests.integration.conftest import connect_once, written

LISTENER = {"host": "127.0.0.1", "port": -1}
OPEN = {"host": "0.0.0.0", "port": -1}
ANN = {"user": "ann", "password": "secret"}
USERS = {"accounts": {"A": {"users": [ANN]}}}


# -- TLS that cannot be loaded ---------------------------------------------------------------------

PLACES = {
    "client": lambda tls, _: {"tls": tls},
    "cluster": lambda tls, _: {"cluster": LISTENER | {"name": "c", "tls": tls}},
    "gateway": lambda tls, _: {"gateway": LISTENER | {"name": "g", "tls": tls}},
    "leafnodes": lambda tls, _: {"leafnodes": LISTENER | {"tls": tls}},
    "websocket": lambda tls, _: {"websocket": LISTENER | {"tls": tls}},
    "mqtt": lambda tls, folder: {
        "server_name": "n",
        "jetstream": {"store_dir": folder / "store"},
        "mqtt": LISTENER | {"tls": tls},
    },
    "monitoring": lambda tls, _: {"https_port": -1, "tls": tls},
}
"""A configuration by its listener, as ``ports`` names them."""
REMOTES = {
    "gateway-remote": lambda tls, _: {
        "gateway": LISTENER
        | {"name": "g", "gateways": [{"name": "h", "urls": ["nats://127.0.0.1:1"], "tls": tls}]}
    },
    "leafnode-remote": lambda tls, _: {
        "leafnodes": {"remotes": [{"urls": "tls://127.0.0.1:1", "tls": tls}]}
    },
}
AFTER_INFO = {"client", "leafnodes"}
"""Where the server speaks before the handshake."""
BROKEN = {
    "no-certificate": {"cert_file": "missing"},
    "garbage-certificate": {"cert_file": "garbage.pem"},
    "no-key": {"key_file": None},
    "no-key-file": {"key_file": "missing"},
    "garbage-key": {"key_file": "garbage.key"},
    "another-key": {"key_file": "other.key"},
    "no-ca": {"ca_file": "missing"},
    "garbage-ca": {"ca_file": "garbage.pem"},
}


@pytest.fixture
def tls(certificates, tmp_path):
    """A ``tls`` block, with what is wrong about it."""
    for name, kind in (("garbage.pem", "CERTIFICATE"), ("garbage.key", "PRIVATE KEY")):
        (tmp_path / name).write_text(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n")

    def block(wrong: dict[str, str | None] | None = None) -> dict[str, Path]:
        files = {"cert_file": "server.pem", "key_file": "server.key", "ca_file": "ca.pem"}
        files |= wrong or {}
        return {
            key: (certificates if (certificates / name).exists() else tmp_path) / name
            for key, name in files.items()
            if name
        }

    return block


async def speaks_tls(port: int, ca: Path, *, after_info: bool) -> bool:
    """Whether a listener proves who it is."""
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            if after_info:
                await reader.readline()
            await writer.start_tls(context, server_hostname="localhost")
        return writer.get_extra_info("peercert")["subject"][0][0][1] == "server"
    except OSError:
        return False
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("wrong", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("place", PLACES | REMOTES)
def test_tls_that_cannot_be_loaded_starts_no_server(tls, tmp_path, place, wrong):
    """The error names the block; a server without TLS would be the worse failure."""
    config = {"port": -1, **(PLACES | REMOTES)[place](tls(wrong), tmp_path)}
    with pytest.raises(ConfigError) as error, NatsController(config):
        pytest.fail("it runs")
    assert all(".tls" in f".{fault.path}" for fault in error.value.errors)


@pytest.mark.parametrize("wrong", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("place", PLACES)
async def test_tls_that_cannot_be_loaded_changes_nothing(tls, tmp_path, certificates, place, wrong):
    """The listener goes on with the certificate that it has, even if a restart would be allowed."""
    config = {"port": -1, **PLACES[place](tls(), tmp_path)}
    async with AsyncNatsController(config) as server:
        server_id, port = server.server_id, (await server.ports())[place]
        changed = {"port": -1, **PLACES[place](tls(wrong), tmp_path)}
        with pytest.raises(ConfigError):
            await server.replace_config(changed, allow_restart=True)
        assert (server.server_id, len(await server.history())) == (server_id, 1)
        assert await speaks_tls(port, certificates / "ca.pem", after_info=place in AFTER_INFO)


async def test_a_certificate_that_breaks_on_disk_changes_nothing(tls, tmp_path, certificates):
    """Half of a renewal: the next change of anything is refused, and nobody notices."""
    own = tmp_path / "own.pem"
    own.write_bytes((certificates / "server.pem").read_bytes())
    async with AsyncNatsController({"port": -1, "tls": tls() | {"cert_file": own}}) as server:
        port = (await server.ports())["client"]
        own.write_bytes((tmp_path / "garbage.pem").read_bytes())
        with pytest.raises(ConfigError, match="tls"):
            await server.update_config(debug=True)
        assert await speaks_tls(port, certificates / "ca.pem", after_info=True)


def test_a_restart_without_the_certificate_is_none(tls, tmp_path, certificates):
    """What ran with TLS does not come back without."""
    own = tmp_path / "own.pem"
    own.write_bytes((certificates / "server.pem").read_bytes())
    server = NatsController({"port": -1, "tls": tls() | {"cert_file": own}})
    server.start()
    server.shutdown()
    own.unlink()
    with pytest.raises(ConfigError, match=r"tls\.cert_file"):
        server.start()
    assert not server.is_running


# -- who does not prove who he is ------------------------------------------------------------------


async def test_a_callout_that_nobody_answers_lets_nobody_in():
    """Not even with the right password: the service alone decides."""
    issuer = nkeys.from_seed(nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_ACCOUNT))
    auth = {
        "users": [ANN, {"user": "service", "password": "s"}],
        "auth_callout": {"issuer": issuer.public_key.decode(), "auth_users": ["service"]},
        "timeout": 0.3,
    }
    async with AsyncNatsController({"port": -1, "authorization": auth}) as server:
        for login in (ANN, {"user": "eve", "password": "e"}, {"token": "t"}, {}):
            with pytest.raises(Error, match="Authorization Violation"):
                await connect_once(server.client_url, **login)
            with pytest.raises(Error, match="Authorization Violation"):
                await server.connect_nats_py(allow_reconnect=False, **login)
        assert await server.clients() == []


LEAF_HUBS = {
    "users": (USERS, {}),
    "own": ({}, {"authorization": ANN}),
    "own-users": (USERS, {"authorization": {"users": [{"user": "leaf", "password": "l"}]}}),
}


@pytest.mark.parametrize("login", ["", "ann:wrong@", "eve:secret@"], ids=["none", "wrong", "eve"])
@pytest.mark.parametrize(("config", "leafnodes"), LEAF_HUBS.values(), ids=LEAF_HUBS)
async def test_a_leaf_node_without_valid_credentials_is_refused(
    tmp_path, clients, config, leafnodes, login
):
    """And nothing crosses, in either direction."""
    log = tmp_path / "hub.log"
    config = {"port": -1, "log_file": log, "leafnodes": LISTENER | leafnodes, **config}
    async with AsyncNatsController(config) as hub:
        url = f"nats-leaf://{login}127.0.0.1:{(await hub.ports())['leafnodes']}"
        remotes = {"remotes": [{"urls": url}]}
        async with AsyncNatsController({"port": -1, "leafnodes": remotes}) as leaf:
            await written(log, "authentication error")
            outside = await clients.connect(leaf.client_url)
            inside = await clients.connect(hub.client_url, **(ANN if "accounts" in config else {}))
            await nothing_crosses(outside, inside)
            assert (await hub.varz()).leafnodes == (await leaf.varz()).leafnodes == 0
            await clients.close()


async def nothing_crosses(one: Client, other: Client) -> None:
    """Assert that clients of two servers do not hear of each other."""
    await answer(one, "one", b"")
    await answer(other, "other", b"")
    assert not await is_answered(one, "other")
    assert not await is_answered(other, "one")


@pytest.mark.parametrize("login", ["", "ann:wrong@"], ids=["missing", "wrong"])
@pytest.mark.parametrize("kind", ["cluster", "gateway"])
async def test_a_server_without_the_password_is_refused(tmp_path, clients, kind, login):
    """No route is formed, and no gateway: nothing is known here of who is there."""
    log = tmp_path / "a.log"
    name = {"name": "c" if kind == "cluster" else "a"}
    one = {"port": -1, "log_file": log, kind: LISTENER | name | {"authorization": ANN}}
    async with AsyncNatsController(one) as first:
        url = f"nats://{login}127.0.0.1:{(await first.ports())[kind]}"
        link = {"routes": [url], **name}
        if kind == "gateway":
            link = {"gateways": [{"name": "a", "urls": [url]}], "name": "b"}
        async with AsyncNatsController({"port": -1, kind: LISTENER | link}) as second:
            await written(log, "authentication error")
            there, here = [await clients.connect(s.client_url) for s in (first, second)]
            await nothing_crosses(there, here)
            assert (await first.varz()).routes == (await second.varz()).routes == 0
            await clients.close()


async def test_a_route_with_the_password_is_formed(clients):
    """Else the test above says nothing."""
    block = {"cluster": LISTENER | {"name": "c", "authorization": ANN}}
    async with AsyncNatsController({"port": -1, **block}) as first:
        url = f"nats://ann:secret@127.0.0.1:{(await first.ports())['cluster']}"
        block["cluster"] |= {"routes": [url]}
        async with AsyncNatsController({"port": -1, **block}) as second:
            there, here = [await clients.connect(s.client_url) for s in (first, second)]
            await answer(there, "one", b"1")
            assert await answered(here, "one") == b"1"
            await clients.check()
            await clients.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": {"users": []}},
        {"authorization": {"users": [{"user": "ann"}]}},
        {"authorization": {"user": "ann"}},
        {"authorization": {"password": "secret"}},
        {"authorization": ANN | {"default_permissions": {"publish": "open"}}},
        {"leafnodes": LISTENER | {"authorization": {"user": "ann"}}},
        {"cluster": LISTENER | {"name": "c", "authorization": {"user": "ann"}}},
        {"tls": {}},
    ],
    ids=str,
)
def test_half_of_a_login_is_an_error(nats_server, fields):
    """nats-server would let everybody in, or nobody, or let them do everything."""
    with pytest.raises(ConfigError):
        nats_server.update_config(fields)
    assert len(nats_server.history()) == 1


# -- what is told ----------------------------------------------------------------------------------

OPEN_LISTENERS = {
    "port": {"host": OPEN["host"]},
    "cluster.port": {"cluster": OPEN | {"name": "c"}},
    "gateway.port": {"gateway": OPEN | {"name": "g"}},
    "leafnodes.port": {"leafnodes": OPEN},
    "websocket.port": {"websocket": OPEN | {"no_tls": True}},
    "mqtt.port": {"mqtt": OPEN, "server_name": "n", "jetstream": {}},
    "http_port": {"http_port": -1, "http_host": OPEN["host"]},
    "prof_port": {"prof_port": -1, "host": OPEN["host"]},
}
MONITORING = {"http_port", "prof_port"}


def warnings(log: Path, about: str = "") -> list[str]:
    """The warnings that the server has written, or those about a key."""
    lines = [line.partition("[WRN] ")[2] for line in log.read_text().splitlines()]
    return [line for line in lines if line and line.startswith(about)]


@pytest.mark.parametrize(("path", "fields"), OPEN_LISTENERS.items(), ids=OPEN_LISTENERS)
def test_an_open_listener_is_warned_of_in_the_log(tmp_path, path, fields):
    """Whoever runs the server sees it, and which key to set."""
    log = tmp_path / "server.log"
    with NatsController({"port": -1, "log_file": log, **fields}):
        why = "monitoring has no login" if path in MONITORING else "nobody has to log in"
        assert warnings(log, f"{path}: ") == [
            f"{path}: -1 is open to everybody who reaches 0.0.0.0: {why}"
        ]


@pytest.mark.parametrize("path", sorted(OPEN_LISTENERS.keys() - MONITORING))
def test_a_listener_with_a_login_is_not_warned_of(tmp_path, path):
    """A warning that comes always is read by nobody."""
    log = tmp_path / "server.log"
    fields: dict[str, Any] = {**OPEN_LISTENERS[path]}
    if path in {"cluster.port", "gateway.port"}:
        kind = path.partition(".")[0]
        fields[kind] = fields[kind] | {"authorization": ANN}
    else:
        fields |= {"accounts": {"A": {"users": [ANN], "jetstream": True}}}
    with NatsController({"port": -1, "log_file": log, **fields}):
        assert not any("is open to" in line for line in warnings(log))


def test_a_change_that_opens_a_listener_is_warned_of_once(tmp_path):
    """Before, by its plan; when it is made, in the log; and not again with the next change."""
    log = tmp_path / "server.log"
    opened = {"http_port": -1, "http_host": OPEN["host"]}
    with NatsController({"port": -1, "log_file": log}) as server:
        assert [found.path for found in server.plan(opened).warnings] == ["http_port"]
        assert not warnings(log)
        server.update_config(opened)
        server.update_config(debug=True)
        assert len(warnings(log, "http_port: ")) == 1


def test_an_account_that_nobody_can_reach_is_warned_of(tmp_path):
    """Most often its user is misspelt, or in another account."""
    log = tmp_path / "server.log"
    with NatsController({"port": -1, "log_file": log, **USERS}) as server:
        assert not warnings(log, "accounts.")
        server.create_account("B", {"users": []})
        assert warnings(log, "accounts.") == [
            "accounts.B: has no user, leaf node or import: nobody can reach it"
        ]


def test_accounts_that_can_be_reached_are_not_warned_of(tmp_path):
    """By a user, a leaf node, an import, or as the system account."""
    log = tmp_path / "server.log"
    accounts = {
        "A": {"users": [ANN], "imports": [{"service": {"account": "B", "subject": "ask"}}]},
        "B": {"exports": [{"service": "ask"}]},
        "LEAF": {},
        "REMOTE": {},
        "SYS": {},
    }
    leafnodes = LISTENER | {
        "authorization": {"users": [{"user": "l", "password": "l", "account": "LEAF"}]},
        "remotes": [{"urls": "nats://127.0.0.1:1", "account": "REMOTE"}],
    }
    config = {"accounts": accounts, "leafnodes": leafnodes, "system_account": "SYS"}
    with NatsController({"port": -1, "log_file": log, **config}):
        assert not warnings(log, "accounts.")
