"""A plan says what a change would do, and then just that happens."""

import asyncio
import hashlib
import ssl

import nats
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dotgnatly import AsyncNatsController, BrokerConfiguration, ConfigError, NatsController
from tests.leaf_subjects import LEAF, LISTENER, Star

ANN = {"user": "ann", "password": "a"}
BOB = {"user": "bob", "password": "b"}
EVE = {"user": "eve", "password": "e"}
HASHED = "$2a$04$gj6VTKdpwB/7iBd6W9A6juSBasUphmeoQ7jRgzPEwSvwty0cGKvca"  # of "secret"


def users(*entries):
    """The change to these users."""
    return {"authorization": {"users": list(entries)}}


class Watched:
    """Clients of a server by their cid; it tells which of them were cut off."""

    def __init__(self):
        self.clients = {}
        self.closed = set()
        self._change = asyncio.Event()

    async def connect(self, url, **options):
        """One more, which does not come back by itself."""

        async def closed():
            self.closed.add(cid)
            self._change.set()

        client = await nats.connect(url, closed_cb=closed, allow_reconnect=False, **options)
        cid = client.client_id
        self.clients[cid] = client
        return cid

    async def cut_off(self, expected):
        """Those that were, once as many are as are expected and the others have been asked."""
        async with asyncio.timeout(10):
            while len(self.closed) < len(expected):
                self._change.clear()
                await self._change.wait()
        for cid, client in self.clients.items():
            if cid not in self.closed:
                await client.flush(timeout=5)
        return self.closed


@pytest.fixture
async def watched():
    """Clients that are closed after the test."""
    made = Watched()
    yield made
    for client in made.clients.values():
        await client.close()


async def holds(controller, watched, change, expected, reason):
    """Assert that the plan is what then happens."""
    before = controller.config
    plan = await controller.plan(change)
    assert controller.config == before
    assert {client.cid for client in plan.disconnected} == expected
    assert {client.reason for client in plan.disconnected} <= {reason}
    await controller.update_config(change)
    assert await watched.cut_off(expected) == expected


async def test_a_user_removed(watched):
    """Who is gone is cut off; the others stay."""
    async with AsyncNatsController({"port": -1} | users(ANN, BOB)) as controller:
        await watched.connect(controller.client_url, **ANN)
        bob = await watched.connect(controller.client_url, **BOB)
        await holds(controller, watched, users(ANN), {bob}, "the user is removed")


async def test_a_password_changed(watched):
    """Who came with the old one is cut off."""
    async with AsyncNatsController({"port": -1} | users(ANN, BOB)) as controller:
        ann = await watched.connect(controller.client_url, **ANN)
        await watched.connect(controller.client_url, **BOB)
        change = users(ANN | {"password": "other"}, BOB)
        await holds(controller, watched, change, {ann}, "the password changes")


async def test_a_password_hashed(watched):
    """The same one, kept more safely, cuts nobody off."""
    ann = ANN | {"password": "secret"}
    async with AsyncNatsController({"port": -1} | users(ann)) as controller:
        await watched.connect(controller.client_url, **ann)
        await holds(controller, watched, users(ann | {"password": HASHED}), set(), "")


async def test_a_user_moved_to_another_account(watched):
    """It comes back into the other one."""
    accounts = {"A": {"users": [ANN, BOB]}, "B": {"users": [EVE]}}
    async with AsyncNatsController({"port": -1, "accounts": accounts}) as controller:
        ann = await watched.connect(controller.client_url, **ANN)
        await watched.connect(controller.client_url, **BOB)
        change = {"accounts": {"A": {"users": [BOB]}, "B": {"users": [EVE, ANN]}}}
        reason = "the user moves to another account"
        await holds(controller, watched, change, {ann}, reason)


async def test_an_account_removed(watched):
    """With its users."""
    accounts = {"A": {"users": [ANN]}, "B": {"users": [BOB]}}
    async with AsyncNatsController({"port": -1, "accounts": accounts}) as controller:
        await watched.connect(controller.client_url, **ANN)
        bob = await watched.connect(controller.client_url, **BOB)
        change = {"accounts": {"B": None}}
        await holds(controller, watched, change, {bob}, "the user is removed")


async def test_max_connections_lowered(watched):
    """The newest go; the server by itself would close any of them."""
    async with AsyncNatsController({"port": -1}) as controller:
        cids = [await watched.connect(controller.client_url) for _ in range(6)]
        change = {"max_connections": 4}
        await holds(controller, watched, change, set(cids[4:]), "max_connections is reached")
        assert (await controller.varz()).max_connections == 4


async def test_a_certificate_pinned(watched, certificates):
    """Who shows another one, or none, is cut off."""
    files = {
        "cert_file": certificates / "server.pem",
        "key_file": certificates / "server.key",
        "ca_file": certificates / "ca.pem",
    }
    pinned = x509.load_pem_x509_certificate((certificates / "client.pem").read_bytes())
    info = pinned.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def trust(name):
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        return context

    config = {"port": -1, "tls": files | {"verify": True}}
    async with AsyncNatsController(config) as controller:
        await watched.connect(controller.client_url, tls=trust("client"))
        other = await watched.connect(controller.client_url, tls=trust("server"))
        change = {"tls": {"pinned_certs": [hashlib.sha256(info).hexdigest()]}}
        await holds(controller, watched, change, {other}, "the certificate is not pinned")


async def test_logging_in_required(watched):
    """Who came without a name is cut off."""
    async with AsyncNatsController({"port": -1}) as controller:
        anybody = await watched.connect(controller.client_url)
        await holds(controller, watched, users(ANN), {anybody}, "clients must log in")


async def test_a_token_changed(watched):
    """Who came with the old one is cut off."""
    async with AsyncNatsController({"port": -1, "authorization": {"token": "t"}}) as controller:
        cid = await watched.connect(controller.client_url, token="t")
        change = {"authorization": {"token": "u"}}
        await holds(controller, watched, change, {cid}, "the token changes")


async def test_a_name_that_nobody_has(watched):
    """The server lets it in where nobody has to log in, and closes it at each reload."""
    async with AsyncNatsController({"port": -1}) as controller:
        await watched.connect(controller.client_url)
        named = await watched.connect(controller.client_url, user="ann", password="a")
        reason = "a reload closes clients with a name that no user has"
        await holds(controller, watched, {"debug": True}, {named}, reason)


async def test_a_connection_type_no_longer_allowed(watched):
    """Here, over TCP."""
    async with AsyncNatsController({"port": -1} | users(ANN, BOB)) as controller:
        ann = await watched.connect(controller.client_url, **ANN)
        await watched.connect(controller.client_url, **BOB)
        change = users(ANN | {"allowed_connection_types": ["WEBSOCKET"]}, BOB)
        reason = "the connection type is not allowed"
        await holds(controller, watched, change, {ann}, reason)


@pytest.mark.parametrize(
    ("change", "closed"),
    [
        ({"users": [ANN, LEAF | {"permissions": {"subscribe": "a"}}]}, True),
        ({"default_permissions": {"publish": "a"}}, True),
        ({"users": [ANN | {"permissions": {"publish": "a"}}, LEAF]}, False),
        ({"users": [LEAF, BOB, ANN], "limits": {"max_subscriptions": 1000}}, False),
    ],
    ids=["its own", "by default", "of others", "none"],
)
async def test_permissions_of_leaf_nodes_changed(change, closed):
    """The server tells a leaf node of them when it logs in: so it has to do that again."""
    change = {"accounts": {"A": change}}
    async with Star(LISTENER | {"accounts": {"A": {"users": [ANN, LEAF]}}}) as star:
        await star.leaf()
        (cid,) = await star.cids()
        plan = await star.hub.plan(change)
        found = [(c.cid, c.kind, c.user, c.account, c.reason) for c in plan.disconnected]
        reason = "the permissions change"
        assert found == [(cid, "Leafnode", "leaf", "A", reason)] * closed
        await star.hub.update_config(change)
        assert (cid in {client.cid for client in await star.hub.clients()}) == (not closed)


async def test_what_disturbs_nobody(watched):
    """Logs, limits, one user more."""
    async with AsyncNatsController({"port": -1} | users(ANN)) as controller:
        await watched.connect(controller.client_url, **ANN)
        change = users(BOB, ANN) | {"debug": True, "max_payload": 2000}
        await holds(controller, watched, change, set(), "")


async def test_a_restart_disturbs_all(watched):
    """The plan says so, and which fields are the reason."""
    async with AsyncNatsController({"port": -1}) as controller:
        cid = await watched.connect(controller.client_url)
        plan = await controller.plan(server_name="other", debug=True)
        assert plan.reload_class == "restart"
        assert plan.paths("restart") == ("server_name",)
        assert plan.paths("hot") == ("debug",)
        assert [(c.cid, c.reason) for c in plan.disconnected] == [(cid, "the server restarts")]
        await controller.update_config(server_name="other", debug=True, allow_restart=True)
        assert await watched.cut_off({cid}) == {cid}


def test_a_plan_can_be_made_of_a_function():
    """As ``apply`` takes it."""
    with NatsController({"port": -1, "max_payload": 1000}) as controller:
        plan = controller.plan(lambda config: config.replace(max_payload=2000))
        assert plan.diff.paths == ("max_payload",)
        assert controller.varz().max_payload == 1000


def test_a_plan_of_an_invalid_change_is_refused():
    """As the change itself."""
    with NatsController({"port": -1}) as controller, pytest.raises(ConfigError):
        controller.plan(max_payload="much")


def test_a_plan_warns_of_what_is_doubtful():
    """Before it is in force."""
    with NatsController({"port": -1}) as controller:
        (warning,) = controller.plan(max_payload="16MB").warnings
        assert warning.path == "max_payload"


def test_a_plan_reads_well():
    """For logs and tickets: a line a field, a line a client."""
    with NatsController(BrokerConfiguration(port=-1)) as controller:
        assert str(controller.plan(debug=True)) == "debug: (not set) -> True (hot)"
