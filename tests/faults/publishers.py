"""Publishers that wait for acknowledgements, and whether what was acknowledged is there."""

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from nats import errors
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from tests.faults.servers import until


class Publisher:
    """Publishes one message after the other, each again and again until it is acknowledged.

    An id goes with it, so that the stream keeps only one of them.
    """

    def __init__(
        self, client: Client, subject: str, *, pause: float = 0.0, timeout: float = 1.0
    ) -> None:
        self.acknowledged: list[str] = []
        self.repeated = 0
        """How often there was an error, or nothing, instead of an acknowledgement."""
        self.longest = 0.0
        """Seconds until the acknowledgement that took longest."""
        self._stream = client.jetstream(timeout=timeout)
        self._subject, self._pause = subject, pause
        self._stopped = False
        self._task = asyncio.create_task(self._run())

    async def advance(self, by: int = 50) -> float:
        """Wait until so many more are acknowledged; the seconds that took."""
        goal = len(self.acknowledged) + by

        async def reached() -> bool:
            return len(self.acknowledged) >= goal or self._task.done()

        seconds = await until(reached, f"{by} more are acknowledged on {self._subject}")
        if self._task.done():
            await self._task  # says why
        return seconds

    async def stop(self) -> None:
        """End as soon as the last message has been acknowledged as well."""
        self._stopped = True
        async with asyncio.timeout(30):
            await self._task

    async def close(self) -> None:
        """End at once."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while not self._stopped:
            name = f"{self._subject}-{len(self.acknowledged)}"
            begun = time.monotonic()
            while not await self._publish(name):
                self.repeated += 1
                await asyncio.sleep(0.05)  # as a client would that must not make things worse
            self.acknowledged.append(name)
            self.longest = max(self.longest, time.monotonic() - begun)
            await asyncio.sleep(self._pause)

    async def _publish(self, name: str) -> bool:
        try:
            await self._stream.publish(self._subject, name.encode(), headers={"Nats-Msg-Id": name})
        except errors.ConnectionClosedError:
            raise  # there will be no other
        except errors.Error:
            return False
        return True


class Kept(NamedTuple):
    """What a stream has of what was acknowledged."""

    lost: int
    twice: int


async def kept(client: Client, stream: str, *publishers: Publisher) -> Kept:
    """Read a stream from its beginning and compare it with what its publishers were told."""
    context = client.jetstream(timeout=10)
    left = (await context.stream_info(stream)).state.messages
    consumer = await context.pull_subscribe(
        "", stream=stream, config=ConsumerConfig(ack_policy=AckPolicy.NONE)
    )
    found: Counter[str] = Counter()
    while left > 0:
        messages = await consumer.fetch(min(left, 500), timeout=10)
        found.update(message.data.decode() for message in messages)
        left -= len(messages)
    await consumer.unsubscribe()
    acknowledged = [name for publisher in publishers for name in publisher.acknowledged]
    return Kept(
        lost=sum(name not in found for name in acknowledged),
        twice=sum(count > 1 for count in found.values()),
    )
