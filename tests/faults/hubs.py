"""A hub and its spokes, which store for themselves what they need of one another."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nats.js.api import ExternalStream, StreamSource

from tests.faults.publishers import Kept, Publisher, kept
from tests.faults.servers import Server, until

if TYPE_CHECKING:
    from nats.aio.client import Client


def source(stream: str, domain: str) -> StreamSource:
    """A stream of another JetStream domain."""
    return StreamSource(name=stream, external=ExternalStream(api=f"$JS.{domain}.API"))


class HubAndSpokes:
    """Streams and publishers of a hub and of spokes whose JetStream domains are their names.

    ORDERS of the hub has a mirror on each spoke, and READINGS there gathers the stream of each.
    """

    def __init__(self, hub: Server, *spokes: Server) -> None:
        self._hub, self._spokes = hub, spokes
        self._clients: dict[str, Client] = {}

    async def begin(self, connect: Callable[..., Any], publish: Callable[..., Publisher]) -> None:
        """Make the streams and start the publishers, each at a server of its own.

        Those at the spokes do not connect again: what cuts them off, they do not survive.
        """
        at_hub = await connect(self._hub)
        self._clients = {self._hub.name: at_hub}
        await at_hub.jetstream().add_stream(name="ORDERS", subjects=["orders"])
        for spoke in self._spokes:
            client = await connect(spoke, allow_reconnect=False)
            stream = client.jetstream()
            await stream.add_stream(name=spoke.name, subjects=[f"readings.{spoke.name}"])
            await stream.add_stream(name="ORDERS", mirror=source("ORDERS", self._hub.name))
            self._clients[spoke.name] = client
        sources = [source(spoke.name, spoke.name) for spoke in self._spokes]
        await at_hub.jetstream().add_stream(name="READINGS", sources=sources)
        pause = 0.005  # every message is stored on both sides, and read there in the end
        self.orders = publish(at_hub, "orders", pause=pause)
        self.readings = [
            publish(self._clients[spoke.name], f"readings.{spoke.name}", pause=pause, timeout=5)
            for spoke in self._spokes
        ]

    async def advance(self) -> None:
        """Wait until each spoke has stored some more."""
        await asyncio.gather(*(publisher.advance() for publisher in self.readings))

    async def mirrored(self) -> float:
        """Wait until each mirror has all orders acknowledged by now; the seconds that took."""
        count = len(self.orders.acknowledged)
        return max(
            await asyncio.gather(*(self._has(spoke, "ORDERS", count) for spoke in self._spokes))
        )

    async def gathered(self) -> float:
        """Wait until the hub has all readings acknowledged by now; the seconds that took."""
        count = sum(len(publisher.acknowledged) for publisher in self.readings)
        return await self._has(self._hub, "READINGS", count)

    async def _has(self, server: Server, stream: str, count: int) -> float:
        context = self._clients[server.name].jetstream(timeout=2)

        async def enough() -> bool:
            return (await context.stream_info(stream)).state.messages >= count

        return await until(enough, f"{server.name}'s {stream} has {count}", timeout=90)

    async def end(self) -> Kept:
        """Stop publishing, and see what became of all that was acknowledged, on both sides."""
        for publisher in (self.orders, *self.readings):
            await publisher.stop()
        await self.mirrored()
        await self.gathered()
        found = [
            await kept(self._clients[self._hub.name], "ORDERS", self.orders),
            await kept(self._clients[self._hub.name], "READINGS", *self.readings),
        ]
        for spoke, readings in zip(self._spokes, self.readings, strict=True):
            found.append(await kept(self._clients[spoke.name], "ORDERS", self.orders))
            found.append(await kept(self._clients[spoke.name], spoke.name, readings))
        return Kept(*map(sum, zip(*found, strict=True)))

    @property
    def acknowledged(self) -> int:
        """How many messages were, on either side."""
        return sum(len(each.acknowledged) for each in (self.orders, *self.readings))
