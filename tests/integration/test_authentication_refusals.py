"""Where no function can decide who may log in, it is said, and nobody is let in."""

import asyncio

import pytest

from dotgnatly import AsyncNatsController, ConfigError, NatsController, RestartRequiredError, jwt
from tests.doors import ACCEPTED, ANN, Door, log_in, with_block
from tests.realms import Realm


async def test_it_comes_before_the_start(nats_server):
    """A running server cannot begin to ask."""
    with pytest.raises(RestartRequiredError):
        nats_server.on_authenticate(Door())
    assert await log_in(nats_server.client_url) == ACCEPTED


async def test_a_server_that_is_being_started_cannot_begin_to_ask():
    """Else its door would stand open, without a word."""
    controller = AsyncNatsController({"port": -1})
    start = asyncio.create_task(controller.start())
    await asyncio.sleep(0)  # it begins
    with pytest.raises(RestartRequiredError):
        controller.on_authenticate(Door())
    await start
    await controller.shutdown()


def test_operator_mode_is_refused(tmp_path):
    """There the callout is in the JWT of an account."""
    controller = NatsController(Realm(tmp_path).config())
    controller.on_authenticate(Door())
    with pytest.raises(ConfigError, match="operator"):
        controller.start()


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"no_system_account": True}, "no_system_account"),
        ({"max_payload": 1000}, "max_payload"),
        (
            {"leafnodes": {"host": "127.0.0.1", "port": -1, "authorization": ANN}},
            "leafnodes.authorization",
        ),
        (
            {"websocket": {"port": -1, "no_tls": True, "authorization": ANN}},
            "websocket.authorization",
        ),
    ],
)
def test_other_doors_are_refused(fields, key):
    """What would let somebody in unasked, or leave no way to ask."""
    controller = NatsController({"port": -1} | fields)
    controller.on_authenticate(Door())
    with pytest.raises(ConfigError) as found:
        controller.start()
    assert [fault.path for fault in found.value.errors] == [key]


def test_a_callout_without_a_system_account_is_refused():
    """With function or without: nats-server would panic at the first login."""
    block = with_block(jwt.create_pair("account"))
    with pytest.raises(ConfigError, match="no_system_account"):
        NatsController({"port": -1, "no_system_account": True} | block).start()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({}, "issuer", id="issuer"),
        pytest.param({"xkey": jwt.create_pair("curve").public}, "xkey", id="xkey"),
        pytest.param({"account": "NONE"}, "account", id="account"),
    ],
)
async def test_a_block_that_does_not_fit_is_refused(serve, change, said):
    """An answer that the server would not take lets nobody in: say so at the start."""
    issuer = jwt.create_pair("account")
    seeds = {} if said == "issuer" else {"issuer_seed": issuer.seed}
    with pytest.raises(ConfigError, match=f"auth_callout.{said}"):
        await serve(Door(), with_block(issuer, **change), **seeds)


async def test_a_callout_that_nobody_answers_lets_nobody_in():
    """The block alone is a shut door."""
    block = with_block(jwt.create_pair("account"))
    block["authorization"]["timeout"] = 0.2
    async with AsyncNatsController({"port": -1} | block) as controller:
        assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")
