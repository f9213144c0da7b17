"""A broker in this process: JetStream, real clients over TCP, a reload that nobody notices."""

import asyncio
import sys
import tempfile
import time

import nats

from dotgnatly import AsyncNatsController, BrokerConfiguration

MESSAGES = 5_000


def took(since: float) -> str:
    """Milliseconds since then."""
    return f"{(time.perf_counter() - since) * 1e3:6.1f} ms"


def progress(done: int) -> None:
    """One line that grows, in a terminal; silent elsewhere."""
    if sys.stdout.isatty():
        bar = "#" * (30 * done // MESSAGES)
        end = "\n" if done == MESSAGES else ""
        print(f"\r   [{bar:<30}] {done:>5} of {MESSAGES} messages", end=end, flush=True)


async def publish(url: str) -> None:
    """Publish every message and wait for the acknowledgements: what is acknowledged is stored."""
    client = await nats.connect(url, name="publisher")
    jetstream = client.jetstream()
    await jetstream.add_stream(name="ORDERS", subjects=["orders.>"])
    for first in range(0, MESSAGES, 250):
        await asyncio.gather(
            *(jetstream.publish("orders.new", b"%d" % n) for n in range(first, first + 250))
        )
    await client.close()


async def consume(url: str, halfway: asyncio.Event) -> int:
    """Consume them all, and count the disconnects meanwhile."""
    disconnects = 0

    async def disconnected() -> None:
        nonlocal disconnects
        disconnects += not client.is_closed

    client = await nats.connect(url, name="consumer", disconnected_cb=disconnected)
    subscription = await client.jetstream().pull_subscribe("orders.>", durable="demo")
    received = 0
    while received < MESSAGES:
        messages = await subscription.fetch(250, timeout=5)
        for message in messages:
            assert int(message.data) == received
            await message.ack()
            received += 1
        progress(received)
        if received >= MESSAGES // 2:
            halfway.set()
    seen = disconnects
    await client.close()
    return seen


async def main() -> None:
    """Start, publish, consume, reload in the middle, restart, stop."""
    with tempfile.TemporaryDirectory() as store:
        config = BrokerConfiguration(port=-1, http_port=-1, jetstream={"store_dir": store})
        controller = AsyncNatsController(config)

        begun = time.perf_counter()
        url = await controller.start() or ""
        info = await controller.get_info()
        print(f"{took(begun)}  nats-server {info.version} started in this process at {url}")

        begun = time.perf_counter()
        await publish(url)
        print(f"{took(begun)}  {MESSAGES} messages published to JetStream and acknowledged")

        begun = time.perf_counter()
        halfway = asyncio.Event()
        consumer = asyncio.create_task(consume(url, halfway))
        await halfway.wait()
        changed = time.perf_counter()
        version = await controller.update_config(max_payload="2MB", debug=True)
        change = took(changed)
        disconnects = await consumer
        print(f"{took(begun)}  {MESSAGES} messages consumed")
        print(
            f"{change}  reload in the middle: version {version.number} in force, "
            f"max_payload {(await controller.varz()).max_payload:,}, {disconnects} disconnects"
        )

        begun = time.perf_counter()
        await controller.shutdown()
        await controller.start()
        client = await controller.connect_nats_py()
        state = (await client.jetstream().stream_info("ORDERS")).state
        print(
            f"{took(begun)}  restarted: {state.messages} messages are still there, "
            "read by a client inside the process"
        )
        await client.close()

        begun = time.perf_counter()
        await controller.shutdown()
        print(f"{took(begun)}  stopped")


if __name__ == "__main__":
    asyncio.run(main())
