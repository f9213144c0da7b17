"""An event loop goes on while its server is slow to take a change."""

import asyncio
import time

from dotgnatly import AsyncNatsController

# Of "secret", and of cost 9: a reload checks it again for every user, which takes its time.
HASHED = "$2a$09$KX6AwhjzjkdamhN4Rs1H9O9Q4s2HH78G1BKGYdQC2uHg95W1aNxMy"
USERS = [{"user": f"u{number}", "password": HASHED} for number in range(20)]


class Ticks:
    """A task that wants to run all the time, and notes for how long it could not."""

    def __init__(self):
        self.longest = 0.0
        self._last = time.monotonic()
        self._task = asyncio.create_task(self._tick())

    async def _tick(self):
        while True:
            await asyncio.sleep(0)
            self._note()

    def _note(self):
        now = time.monotonic()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    async def stop(self):
        """The longest gap, in seconds."""
        self._note()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.longest


async def test_a_slow_change_does_not_hold_up_the_event_loop(clients):
    """Twenty users with hashed passwords, each of whom a reload checks again."""
    config = {"port": -1, "authorization": {"users": USERS}}
    async with AsyncNatsController(config) as controller:
        for user in USERS:
            await clients.connect(controller.client_url, user=user["user"], password="secret")
        ticks = Ticks()
        begun = time.monotonic()
        await controller.update_config(max_payload="2MB")
        seconds = time.monotonic() - begun
        longest = await ticks.stop()
        assert longest < seconds / 4
        await clients.check()
        assert (await controller.varz()).total_connections == len(USERS)
        await clients.close()
