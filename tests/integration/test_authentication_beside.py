"""A function that decides about logins, beside JetStream, callouts and in clusters."""

import asyncio

import nats

from dotgnatly import AsyncNatsCluster, AsyncNatsController, AuthenticatedUser, NatsController, jwt
from tests.conftest import arrived
from tests.doors import ACCEPTED, ACCOUNTS, ANN, REFUSED, Door, log_in, with_block


def test_a_door_with_a_porter_is_not_warned_of(tmp_path):
    """Neither as open, nor of accounts without users or users with a password."""
    log = tmp_path / "server.log"
    controller = NatsController({"host": "0.0.0.0", "port": -1, "log_file": log} | ACCOUNTS)
    controller.on_authenticate(Door())
    with controller:
        assert "[WRN]" not in log.read_text()


async def test_a_server_without_accounts_has_jetstream_as_before(serve, tmp_path):
    """The global account is still the only one of users."""
    config = {"jetstream": {"store_dir": tmp_path / "store"}, "accounts": {}}
    controller = await serve(Door(account="$G"), config)
    client = await nats.connect(controller.client_url, **ANN)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    await controller.update_config(max_payload=1 << 19)
    assert (await stream.publish("s", b"")).seq == 1
    await client.close()


async def test_requests_are_not_to_be_read_in_the_system_account(serve):
    """Its users may know much, but not the passwords of others."""
    users = [{"user": "admin", "password": "admin"}]

    def decide(request):
        return AuthenticatedUser(account="$SYS" if request.user == "admin" else "SHOP")

    controller = await serve(
        decide, {"accounts": ACCOUNTS["accounts"] | {"$SYS": {"users": users}}}
    )
    admin = await nats.connect(controller.client_url, user="admin", password="admin")
    heard = []

    async def hear(message):
        heard.append(message.data)

    await admin.subscribe("$SYS.REQ.USER.AUTH", cb=hear)
    await arrived(admin)
    client = await nats.connect(controller.client_url, user="ann", password="a secret of mine")
    await client.close()
    await arrived(admin)
    await admin.close()
    assert heard
    assert not [data for data in heard if b"eyJ" in data or b"secret" in data]


async def test_a_block_of_the_configuration_stands(serve, clients):
    """Its keys are given, its account and users stay."""
    issuer, xkey = jwt.create_pair("account"), jwt.create_pair("curve")
    controller = await serve(
        Door(),
        with_block(issuer, xkey=xkey.public),
        issuer_seed=issuer.seed,
        xkey_seed=xkey.seed,
    )
    await clients.connect(controller.client_url, **ANN)
    await clients.connect(controller.client_url, user="auth", password="auth")
    await controller.update_config(max_payload=1 << 19)
    await clients.check()
    assert await log_in(controller.client_url, user="auth", password="wrong") == REFUSED


async def test_accounts_that_a_block_does_not_allow_are_refused(serve):
    """The server would take them at the login, and drop them at a reload."""
    issuer = jwt.create_pair("account")
    config = with_block(issuer, allowed_accounts=["OTHER"])
    controller = await serve(Door(), config, issuer_seed=issuer.seed)
    assert await log_in(controller.client_url, **ANN) == REFUSED
    controller.on_authenticate(Door(account="OTHER"), issuer_seed=issuer.seed)
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_the_user_of_a_block_survives_a_reload(clients):
    """Also one that stands alone in authorization, and is the service that answers elsewhere."""
    block = {"issuer": jwt.create_pair("account").public, "auth_users": ["ann"]}
    config = {"port": -1, "authorization": ANN | {"auth_callout": block}}
    async with AsyncNatsController(config) as controller:
        await clients.connect(controller.client_url, **ANN)
        await controller.update_config(max_payload=1 << 19)
        await clients.check()
        assert await log_in(controller.client_url, **ANN) == ACCEPTED
        await clients.close()


async def test_one_member_decides_for_the_cluster():
    """The others only have the block."""
    issuer = jwt.create_pair("account")
    cluster = AsyncNatsCluster(2, config=with_block(issuer))
    deciding, other = cluster.servers
    door = deciding.on_authenticate(Door(), issuer_seed=issuer.seed)
    async with cluster:
        async with asyncio.timeout(20):
            while await log_in(other.client_url, **ANN) != ACCEPTED:
                pass  # the interest of the responder has not travelled there yet
        assert await log_in(other.client_url, user="ann", password="wrong") == REFUSED
        assert door.asked[-1].server_name == "nats-1"
        client = await nats.connect(other.client_url, allow_reconnect=False, **ANN)
        await other.update_config(max_payload=1 << 19)
        await client.flush()
        assert client.is_connected
        await client.close()


async def test_members_with_functions_of_their_own_do_not_meddle():
    """Each asks its own, though requests reach all."""
    cluster = AsyncNatsCluster(2)
    one, two = cluster.servers
    one.on_authenticate(lambda request: AuthenticatedUser() if request.user == "one" else None)
    two.on_authenticate(lambda request: AuthenticatedUser() if request.user == "two" else None)
    async with cluster:
        for _ in range(20):
            for controller, mine, theirs in ((one, "one", "two"), (two, "two", "one")):
                assert await log_in(controller.client_url, user=mine, password="") == ACCEPTED
                assert await log_in(controller.client_url, user=theirs, password="") == REFUSED
