"""Hashes of passwords: the server takes them, and nothing that bcrypt would cut short."""

import asyncio
import re

import nats
import pytest

from dotgnatly import ConfigError, hash_password

LONGEST = "ü" * 36


@pytest.mark.parametrize("password", ["secret", " ", LONGEST, "a\0b"])
async def test_the_server_takes_a_hash_for_the_password(start, password):
    """That is what it is for."""
    user = {"user": "ann", "password": hash_password(password, cost=4)}
    broker = await start(accounts={"A": {"users": [user]}})
    client = await nats.connect(broker.client_url, user="ann", password=password)
    assert [found.user for found in await broker.clients()] == ["ann"]
    await client.close()


def test_two_hashes_of_a_password_differ():
    """Nobody sees that two users have the same."""
    assert hash_password("secret", cost=4) != hash_password("secret", cost=4)


def test_the_cost_is_part_of_the_hash():
    """The server checks it at the price that it was made for."""
    assert re.fullmatch(r"\$2a\$05\$[./0-9A-Za-z]{53}", hash_password("secret", cost=5))


@pytest.mark.parametrize("password", ["", LONGEST + "x", "x" * 73])
def test_a_password_that_bcrypt_would_not_keep_is_refused(password):
    """The rest would count for nothing; and an empty one opens the door. It is not shown."""
    with pytest.raises(ConfigError, match=r"^password: must have 1 to 72 bytes") as caught:
        hash_password(password, cost=4)
    assert "ü" not in str(caught.value)


@pytest.mark.parametrize("cost", [3, 32, -1, 10**10])
def test_a_cost_that_there_is_not_is_refused(cost):
    """The algorithm itself would take another one in its place."""
    with pytest.raises(ConfigError, match=r"^cost: must be 4 to 31"):
        hash_password("secret", cost=cost)


async def test_other_threads_go_on():
    """A hash takes its time on purpose, outside of the interpreter's lock."""
    turns = 0
    hashing = asyncio.create_task(asyncio.to_thread(hash_password, "secret", cost=11))
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    assert (await hashing).startswith("$2a$11$")
    assert turns > 10
