"""A broker that watches itself: who comes and goes, who guesses, and which streams are made."""

import asyncio
from typing import Any

from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import AsyncNatsController
from dotgnatly.events import (
    AuthenticationFailed,
    ClientConnected,
    ClientDisconnected,
    JetStreamAdvisory,
    ServerEvent,
    ServerShutdown,
)

ANN: dict[str, Any] = {"user": "ann", "password": "secret"}


def describe(event: ServerEvent) -> str | None:
    """What is worth a line."""
    match event:
        case ClientConnected():
            return f"{event.client.name} is here, in account {event.client.account}"
        case ClientDisconnected(reason="Client Closed"):
            return f"{event.client.name} has left: sent {event.sent.msgs} messages"
        case AuthenticationFailed():
            return f"somebody from {event.client.host} is not {event.client.user}"
        case JetStreamAdvisory(advisory={"action": action, "stream": str(stream)}):
            return f"the stream {stream} of {event.account}: {action}"
        case ServerShutdown():
            return "the broker is gone, and with it who was still there"
    return None


async def watch(controller: AsyncNatsController) -> None:
    """Read events until the server is gone."""
    async for event in controller.events():
        if line := describe(event):
            print(line)


async def main() -> None:
    """One client who may, and one who may not."""
    users = {"users": [ANN]}
    config = {"port": -1, "jetstream": True, "accounts": {"SHOP": {"jetstream": True} | users}}
    controller = AsyncNatsController(config)
    watching = asyncio.create_task(watch(controller))
    await asyncio.sleep(0)  # it has begun before the server does

    async with controller:
        ann = Client()
        await ann.connect(controller.client_url or "", name="ann", **ANN)
        await ann.jetstream().add_stream(name="ORDERS", subjects=["orders.*"])
        guess = Client()

        async def quiet(_: Exception) -> None:
            """It is the broker that reports."""

        try:
            wrong: dict[str, Any] = ANN | {"password": "tea"}
            await guess.connect(
                controller.client_url or "", allow_reconnect=False, error_cb=quiet, **wrong
            )
        except Error:
            await guess.close()
        await ann.close()
    await watching


if __name__ == "__main__":
    asyncio.run(main())
