"""What a hub lets leaf nodes hear: permissions of the user that they log in as.

The .NET library had import and export subjects of the leaf node's listener for that, which reached
no server.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import nats
from nats.aio.client import Client
from nats.errors import TimeoutError as NothingCame

from dotgnatly import AsyncNatsController, NatsController
from tests.conftest import answer, answered, arrived, is_answered

ANN = {"user": "ann", "password": "a"}
LEAF = {"user": "leaf", "password": "l"}
EDGE = {"user": "edge", "password": "e"}
LISTENER = {"port": -1, "leafnodes": {"host": "127.0.0.1", "port": -1}}
HUB = LISTENER | {"authorization": {"users": [ANN, LEAF, EDGE]}}


def users(*subjects: str) -> dict[str, Any]:
    """The configuration's part that lets leaf nodes hear these subjects, and ``ready.*`` before."""
    permissions = {"subscribe": ["ready.*", *subjects], "publish": ["_INBOX.>"]}
    return {"authorization": {"users": [ANN, LEAF | {"permissions": permissions}]}}


def hub(*subjects: str) -> dict[str, Any]:
    """A configuration with a listener for such leaf nodes."""
    return LISTENER | users(*subjects)


async def heard(controller: AsyncNatsController | NatsController, *subjects: str) -> set[str]:
    """Which of these a leaf node hears that connects to the hub now."""
    port = controller._server.facts().ports["leafnodes"]
    remote = {"urls": [f"nats-leaf://leaf:l@127.0.0.1:{port}"]}
    client = await nats.connect(controller.client_url, **ANN)
    try:
        async with AsyncNatsController({"port": -1, "leafnodes": {"remotes": [remote]}}) as leaf:
            listener = await leaf.connect_nats_py()
            await answer(listener, "ready.1", b"")
            await answered(client, "ready.1")  # connected: interest comes in order from now on
            for subject in (*subjects, "ready.2"):
                await answer(listener, subject, b"")
            await answered(client, "ready.2")
            found = {subject for subject in subjects if await is_answered(client, subject)}
            await listener.close()
            return found
    finally:
        await client.close()


class Star:
    """A hub, leaf nodes of it, and a client at each server."""

    def __init__(self, config: Any = HUB, client: dict[str, Any] | None = ANN) -> None:
        self.hub = AsyncNatsController(config)
        self._client = client
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.hub)
        self.at_hub = await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def connect(self) -> Client:
        """A client at the hub."""
        return await self._connect(self.hub, self._client)

    async def leaf(
        self,
        login: str = "leaf:l@",
        client: dict[str, Any] | None = None,
        remote: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Client:
        """A client at one more leaf node, which is connected when this returns."""
        others = len(await self.cids(0))
        url = f"nats-leaf://{login}127.0.0.1:{(await self.hub.ports())['leafnodes']}"
        block = {"reconnect": "20ms", "remotes": [{"url": url} | (remote or {})]}
        leaf = AsyncNatsController({"port": -1, "leafnodes": block} | fields)
        await self._stack.enter_async_context(leaf)
        await self.cids(others + 1)
        return await self._connect(leaf, client)

    async def cids(self, count: int = 1) -> list[int]:
        """Those of the leaf nodes, as soon as so many are connected to the hub."""
        async with asyncio.timeout(15):
            while True:
                found = [c.cid for c in await self.hub.clients() if c.kind == "Leafnode"]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.005)  # between two looks

    async def _connect(self, server: AsyncNatsController, options: dict[str, Any] | None) -> Client:
        assert server.client_url
        client = await nats.connect(server.client_url, **options or {})
        self._stack.push_async_callback(client.close)
        return client


async def joined(sender: Client, receiver: Client, prefix: str = "_INBOX") -> None:
    """Wait until what the receiver has subscribed to is known at the sender's server.

    It is also the end of what was sent before: messages come in order.
    """
    for number in range(2):  # the first one may come with all others when two servers connect
        subject = f"{prefix}.{sender.new_inbox()}.{number}"
        subscription = await receiver.subscribe(subject)
        await arrived(receiver)
        async with asyncio.timeout(15):
            while True:
                await sender.publish(subject)
                with suppress(NothingCame):
                    await subscription.next_msg(timeout=0.02)
                    break
        await subscription.unsubscribe()


async def crossing(
    sender: Client,
    receiver: Client,
    *subjects: str,
    to: tuple[str, ...] = (),
    prefix: str = "_INBOX",
) -> set[str]:
    """Which of these subjects reach a client that subscribes to each, or to some wildcards."""
    subscriptions = [await receiver.subscribe(subject) for subject in to or subjects]
    await joined(sender, receiver, prefix)
    for subject in subjects:
        await sender.publish(subject)
    await joined(sender, receiver, prefix)
    heard = set()
    for subscription in subscriptions:
        for _ in range(subscription.pending_msgs):
            heard.add((await subscription.next_msg()).subject)
        await subscription.unsubscribe()
    return heard & set(subjects)
