"""Three servers of one process that store everything three times: one stops, nothing is lost."""

import asyncio
import time
from contextlib import suppress

import nats
from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import AsyncNatsCluster


async def connect(cluster: AsyncNatsCluster) -> Client:
    """A client that goes to another member when its own stops."""

    async def ignore(_: Exception) -> None:
        """It reconnects by itself."""

    return await nats.connect(
        cluster.client_urls, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=ignore
    )


class Orders:
    """Publishes orders, each again and again until it is acknowledged."""

    def __init__(self, client: Client) -> None:
        self._jetstream = client.jetstream(timeout=1)
        self.acknowledged = 0
        self.slowest = 0.0

    async def publish(self, count: int) -> None:
        """Publish some more."""
        for _ in range(count):
            begun = time.perf_counter()
            # An order that was stored, and whose acknowledgement was lost, is known by this.
            headers = {"Nats-Msg-Id": str(self.acknowledged)}
            while True:
                with suppress(Error, TimeoutError):
                    await self._jetstream.publish(
                        "orders.new", b"%d" % self.acknowledged, headers=headers
                    )
                    break
                await asyncio.sleep(0.01)
            self.acknowledged += 1
            self.slowest = max(self.slowest, time.perf_counter() - begun)

    def tell(self, what: str) -> None:
        """How it went."""
        print(f"{what}: {self.acknowledged} acknowledged, slowest {self.slowest * 1e3:.0f} ms")
        self.slowest = 0.0


async def main() -> None:
    """Start, publish, stop the member that leads the stream, start it again, count."""
    begun = time.perf_counter()
    async with AsyncNatsCluster(3, name="shop", jetstream=True) as cluster:
        print(f"ready after {time.perf_counter() - begun:.2f} s: {', '.join(cluster.client_urls)}")
        client = await connect(cluster)
        jetstream = client.jetstream(timeout=5)
        await jetstream.add_stream(name="ORDERS", subjects=["orders.>"], num_replicas=3)
        orders = Orders(client)
        await orders.publish(1000)
        orders.tell("three members")

        replicas = (await jetstream.stream_info("ORDERS")).cluster
        assert replicas
        (leader,) = (s for s in cluster.servers if s.server_name == replicas.leader)
        print(f"{replicas.leader} leads the stream, and stops")
        await leader.shutdown()
        await orders.publish(1000)
        orders.tell("two members")

        await leader.start()
        await cluster.wait_ready()
        await orders.publish(1000)
        orders.tell(f"{replicas.leader} is back and has all of it")

        state = (await jetstream.stream_info("ORDERS")).state
        assert state.messages == orders.acknowledged
        print(f"{state.messages} are stored")
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
