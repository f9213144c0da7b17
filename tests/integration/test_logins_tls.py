"""TLS: servers that prove who they are, and clients that do.

What a client is told when a handshake fails depends on the moment; why it failed, the server says.
"""

import asyncio
import hashlib
import json
import shutil
import ssl
from typing import Any
from urllib.request import urlopen

import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nats.errors import Error

from dotgnatly import AsyncNatsController
from tests.conftest import arrived
from tests.integration.conftest import connect_once, written
from tests.raw_clients import MqttClient, WebSocketClient

LISTENER = {"host": "127.0.0.1", "port": -1}
SEED = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER).decode()
PUBLIC = nkeys.from_seed(bytearray(SEED.encode())).public_key.decode()
ANN = {"user": "ann", "password": "secret"}
BY_SUBJECT = {"authorization": {"users": [{"user": "CN=client"}]}}
Refused = (Error, OSError, asyncio.IncompleteReadError)
HANDSHAKE, LOGIN = "TLS Handshake Failure", "Authentication Failure"


@pytest.fixture
def tls(certificates):
    """Makes the ``tls`` block of a server or a remote."""

    def block(name: str = "server", **fields: Any) -> dict[str, Any]:
        files = {"cert_file": f"{name}.pem", "key_file": f"{name}.key", "ca_file": "ca.pem"}
        return {key: certificates / file for key, file in files.items()} | fields

    return block


@pytest.fixture
def trusting(certificates):
    """Makes what a client goes by: it trusts the CA, and shows a certificate if one is named."""

    def context(name: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        if name:
            context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        return context

    return context


def server_with(**config: Any) -> AsyncNatsController:
    """A server that can be asked why it has closed a connection."""
    return AsyncNatsController({"port": -1, "http_port": -1, **config})


async def reasons(server: AsyncNatsController, count: int) -> set[str]:
    """Why so many connections were closed, once they are."""

    def ask() -> list[str]:
        with urlopen(f"{server.monitoring_url}/connz?state=closed", timeout=5) as answer:
            return [closed["reason"] for closed in json.load(answer)["connections"]]

    async with asyncio.timeout(10):
        while len(found := await asyncio.to_thread(ask)) < count:
            await asyncio.sleep(0.005)  # between two looks
    return set(found)


async def enters(server: AsyncNatsController, **login: Any) -> str:
    """The user that the server takes a client for."""
    client = await connect_once(server.client_url, **login)
    [found] = await server.clients()
    await client.close()
    return found.user


async def refused(server: AsyncNatsController, **login: Any) -> None:
    """Assert that a client does not get in."""
    with pytest.raises(Refused):
        await connect_once(server.client_url, **login)


async def speaks_plainly(port: int) -> bool:
    """Whether a listener answers somebody who knows nothing of TLS."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"CONNECT {}\r\nPING\r\n")
    try:
        said = await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        said = b""
    writer.transport.abort()
    return b"PONG" in said


async def test_tls_asks_no_client_for_a_certificate(tls, trusting):
    """The server alone proves who it is, and users log in as without."""
    async with server_with(tls=tls(), authorization=ANN) as server:
        assert await enters(server, tls=trusting(), **ANN) == "ann"
        with pytest.raises(Error, match="Authorization Violation"):
            await connect_once(server.client_url, tls=trusting(), **ANN | {"password": "wrong"})


@pytest.mark.parametrize("first", [False, True])
async def test_nobody_is_let_in_without_tls(tls, first):
    """Nothing is said in the open that should not be."""
    async with server_with(tls=tls(timeout=0.5, handshake_first=first)) as server:
        assert not await speaks_plainly((await server.ports())["client"])
        assert await reasons(server, 1) == {HANDSHAKE}


async def test_verify_asks_clients_for_a_certificate(tls, trusting):
    """One that the CA has signed."""
    async with server_with(tls=tls(verify=True)) as server:
        assert await enters(server, tls=trusting("client")) == ""
        assert await reasons(server, 1) == {"Client Closed"}
    async with server_with(tls=tls(verify=True)) as server:
        for name in ("", "stranger"):
            await refused(server, tls=trusting(name))
        assert await reasons(server, 2) == {HANDSHAKE}


@pytest.mark.parametrize("user", ["CN=client", "localhost"], ids=["subject", "san"])
async def test_verify_and_map_takes_the_user_from_the_certificate(tls, trusting, user):
    """Its subject, or a name that it is for."""
    users = {"accounts": {"A": {"users": [{"user": user}]}}}
    async with server_with(tls=tls(verify_and_map=True), **users) as server:
        assert await enters(server, tls=trusting("client")) == user


async def test_verify_and_map_refuses_who_is_no_user(tls, trusting):
    """The CA has signed for many, and not all of them are meant."""
    async with server_with(tls=tls(verify_and_map=True), **BY_SUBJECT) as server:
        with pytest.raises(Error, match="Authorization Violation"):
            await connect_once(server.client_url, tls=trusting("server"))
        assert await reasons(server, 1) == {LOGIN}


async def test_verify_and_map_refuses_who_has_no_certificate(tls, trusting):
    """Nor does it matter that a stranger's has the name of a user."""
    async with server_with(tls=tls(verify_and_map=True), **BY_SUBJECT) as server:
        for name in ("", "stranger"):
            await refused(server, tls=trusting(name))
        assert await reasons(server, 2) == {HANDSHAKE}


async def test_a_password_does_not_stand_for_a_certificate(tls, trusting):
    """Whoever has got hold of one cannot be somebody else than his certificate says."""
    users = {"authorization": {"users": [{"user": "CN=client"}, ANN]}}
    async with server_with(tls=tls(verify_and_map=True), **users) as server:
        with pytest.raises(Error, match="Authorization Violation"):
            await connect_once(server.client_url, tls=trusting("server"), **ANN)
        assert await enters(server, tls=trusting("client")) == "CN=client"


async def test_a_user_without_a_password_is_nobody_where_none_are_mapped(tls):
    """Who is known by a certificate is not whoever says so at another listener."""
    config = {"tls": tls(verify_and_map=True), "websocket": LISTENER | {"no_tls": True}}
    async with server_with(**config, **BY_SUBJECT) as server:
        with pytest.raises(PermissionError, match="Authorization Violation"):
            await WebSocketClient.connect((await server.ports())["websocket"], user="CN=client")


async def test_inside_nobody_has_a_certificate(tls):
    """Nor TLS: who is in the process logs in with an nkey where others are mapped."""
    nkey = {"nkey": PUBLIC, "allowed_connection_types": ["IN_PROCESS"]}
    users = {"authorization": {"users": [{"user": "CN=client"}, ANN, nkey]}}
    async with server_with(tls=tls(verify_and_map=True), **users) as server:
        for login in (ANN, {"user": "CN=client", "password": ""}, {}):
            with pytest.raises(Error, match="Authorization Violation"):
                await server.connect_nats_py(allow_reconnect=False, **login)
        client = await server.connect_nats_py(nkeys_seed_str=SEED)
        assert [found.user for found in await server.clients()] == [PUBLIC]
        await client.close()


@pytest.mark.parametrize("first", [False, True, "auto"])
async def test_clients_inside_need_no_tls(tls, first):
    """There is no wire to listen at."""
    async with server_with(tls=tls(verify=True, handshake_first=first)) as server:
        client = await server.connect_nats_py()
        await arrived(client)
        await client.close()


@pytest.fixture
def pin(certificates):
    """The fingerprint of the client's key, as ``pinned_certs`` wants it."""
    found = x509.load_pem_x509_certificate((certificates / "client.pem").read_bytes())
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest().upper()


async def test_pinned_certs_let_in_no_other_certificate(tls, trusting, pin):
    """Even if the CA has signed it."""
    async with server_with(tls=tls(verify=True, pinned_certs=[pin])) as server:
        for name in ("server", "stranger", ""):
            await refused(server, tls=trusting(name))
        assert await reasons(server, 3) == {HANDSHAKE}
        assert await enters(server, tls=trusting("client")) == ""


async def test_a_pin_that_is_taken_away_cuts_its_client_off(tls, trusting, pin):
    """A key that was lost is of no use from then on."""
    closed = asyncio.Event()

    async def cut_off():
        closed.set()

    async with server_with(tls=tls(verify=True, pinned_certs=[pin])) as server:
        context = trusting("client")
        client = await connect_once(server.client_url, tls=context, closed_cb=cut_off)
        await server.update_config(tls={"pinned_certs": ["0" * 64]})
        await asyncio.wait_for(closed.wait(), 10)
        await refused(server, tls=context)
        await client.close()


async def test_handshake_first_says_nothing_before_the_handshake(tls, trusting):
    """Not even INFO; a client has to know."""
    async with server_with(tls=tls(timeout=0.5, handshake_first=True)) as server:
        assert await enters(server, tls=trusting(), tls_handshake_first=True) == ""
        await refused(server, tls=trusting())
        assert HANDSHAKE in await reasons(server, 2)


@pytest.mark.parametrize("first", [True, False])
async def test_handshake_first_can_serve_both(tls, trusting, first):
    """While clients are changed one after another."""
    async with server_with(tls=tls(handshake_first="auto")) as server:
        assert await enters(server, tls=trusting(), tls_handshake_first=first) == ""


async def test_a_certificate_can_be_renewed_while_clients_are_connected(
    tls, trusting, certificates, tmp_path, clients
):
    """The files are read again at a reload; who is connected notices nothing."""
    for suffix in ("pem", "key"):
        shutil.copy(certificates / f"server.{suffix}", tmp_path / f"own.{suffix}")
    own = {"cert_file": tmp_path / "own.pem", "key_file": tmp_path / "own.key"}
    async with server_with(tls=tls() | own) as server:
        before = await shown(server, trusting())
        await clients.connect(server.client_url, tls=trusting())
        for suffix in ("pem", "key"):
            shutil.copy(certificates / f"client.{suffix}", tmp_path / "new")
            (tmp_path / "new").replace(tmp_path / f"own.{suffix}")
        await server.update_config()
        after = await shown(server, trusting())
        assert [one["subject"] for one in (before, after)] == [
            (((("commonName", name)),),) for name in ("server", "client")
        ]
        await clients.check()
        await clients.close()


async def shown(server: AsyncNatsController, context: ssl.SSLContext) -> Any:
    """The certificate that a server shows."""
    port = (await server.ports())["client"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await writer.start_tls(context, server_hostname="localhost")
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    return certificate


# -- other listeners -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [WebSocketClient, MqttClient])
async def test_other_listeners_map_certificates_too(tls, trusting, tmp_path, kind):
    """Each has a TLS of its own, whatever clients do elsewhere."""
    users = {"accounts": {"A": {"users": [{"user": "CN=client"}], "jetstream": True}}}
    config = users | {
        "server_name": "n",
        "jetstream": {"store_dir": tmp_path / "store"},
        kind.LISTENER: LISTENER | {"tls": tls(verify_and_map=True)},
    }
    async with server_with(**config) as server:
        port = (await server.ports())[kind.LISTENER]
        client = await kind.connect(port, trusting("client"))
        assert [found.user for found in await server.clients()] == ["CN=client"]
        await client.close()
        with pytest.raises(PermissionError):
            await kind.connect(port, trusting("server"))
        for name in ("", "stranger"):
            with pytest.raises(Refused):
                await kind.connect(port, trusting(name))
        assert await server.clients() == []


async def test_leaf_nodes_show_certificates_too(tls, tmp_path):
    """And are taken for the user that it names."""
    log = tmp_path / "hub.log"
    users = {"leafnodes": LISTENER | {"authorization": {"users": [{"user": "localhost"}]}}}
    users["leafnodes"] |= {"tls": tls(verify_and_map=True)}
    async with server_with(log_file=log, **users) as hub:
        url = f"tls://127.0.0.1:{(await hub.ports())['leafnodes']}"
        for block, enters in ((tls("client"), True), (tls("stranger"), False)):
            remote = {"urls": url, "tls": block}
            async with AsyncNatsController({"port": -1, "leafnodes": {"remotes": [remote]}}):
                if enters:
                    await linked(hub)
                else:
                    await written(log, "TLS leafnode handshake error")


async def linked(hub: AsyncNatsController) -> None:
    """Wait until a leaf node is."""
    async with asyncio.timeout(10):
        while not (await hub.varz()).leafnodes:
            await asyncio.sleep(0.005)  # between two looks
