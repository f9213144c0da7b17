"""A running server is changed while its clients talk: planned, vetoed, moved, and taken back."""

import asyncio
import socket
from urllib.request import urlopen

import nats
from nats.aio.msg import Msg

from dotgnatly import (
    AsyncNatsController,
    BrokerConfiguration,
    ChangeVetoedError,
    ConfigurationChanged,
    ConfigurationChanging,
    RestartRequiredError,
)

ENOUGH = 1024
"""Bytes that somebody sends."""


async def talk(url: str, begun: asyncio.Event, stop: asyncio.Event) -> tuple[int, int]:
    """Have one client ask another until told to stop; count the answers and the disconnects."""
    answers = disconnects = 0

    async def disconnected() -> None:
        nonlocal disconnects
        disconnects += not stop.is_set()

    async def answer(question: Msg) -> None:
        await question.respond(b"yes")

    asking, answering = [await nats.connect(url, disconnected_cb=disconnected) for _ in range(2)]
    await answering.subscribe("still.there", cb=answer)
    await answering.request("still.there")  # whoever gets its own answer is subscribed
    begun.set()
    while not stop.is_set():
        answers += (await asking.request("still.there", timeout=5)).data == b"yes"
    await asking.close()
    await answering.close()
    return answers, disconnects


async def get(url: str) -> str:
    """The answer of a monitoring endpoint, without blocking the loop."""
    return await asyncio.to_thread(lambda: urlopen(url).read().decode())  # noqa: S310 - http


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def watch(controller: AsyncNatsController) -> None:
    """Refuse to forbid what somebody sends, and tell of every change."""

    @controller.on("configuration_changing")
    def refuse(event: ConfigurationChanging) -> None:
        most = event.current.max_payload
        if isinstance(most, int) and most < ENOUGH:
            event.veto(f"somebody sends {ENOUGH} bytes")

    @controller.on("configuration_changed")
    def tell(event: ConfigurationChanged) -> None:
        print(f"version {event.version.number}, {event.kind}:")
        print(*(f"   {change}" for change in event.diff), sep="\n")
        print(f"   connections: {event.previous_info.connections} -> {event.info.connections}")


async def change(controller: AsyncNatsController) -> None:
    """Make one change after the other."""
    print("planned, and not done:")
    print(await controller.plan(max_payload="2MB", server_name="hub"))
    try:
        await controller.update_config(max_payload="2MB", server_name="hub")
    except RestartRequiredError as exc:
        print("refused:", exc)
    try:
        await controller.update_config(max_payload=ENOUGH // 2)
    except ChangeVetoedError as exc:
        print("vetoed:", exc)

    before = controller.monitoring_url
    await controller.update_config(debug=False, http_port=free_port(), reason="a port of its own")
    print(f"monitoring moved from {before} to {controller.monitoring_url}")
    print("it answers:", await get(f"{controller.monitoring_url}/healthz"))

    await controller.apply(lambda config: config.replace(max_payload="2MB"))
    await controller.rollback()
    await controller.rollback(1, reason="as at the start")


async def main() -> None:
    """Start, change while clients talk, and see that they noticed nothing."""
    config = BrokerConfiguration(port=-1, http_port=-1, debug=True)
    async with AsyncNatsController(config) as controller:
        watch(controller)
        begun, stop = asyncio.Event(), asyncio.Event()
        talking = asyncio.create_task(talk(controller.client_url or "", begun, stop))
        await begun.wait()
        await change(controller)
        stop.set()
        answers, disconnects = await talking
        print(f"meanwhile: {answers} answers, {disconnects} disconnects")
        assert answers
        assert not disconnects
        for version in await controller.history():
            print(version.number, version.kind, *version.diff.paths, version.reason or "")


if __name__ == "__main__":
    asyncio.run(main())
