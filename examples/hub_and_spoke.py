"""A hub and two spokes: the hub says which subjects cross, and changes it while all of them run."""

import asyncio
import time
from contextlib import AsyncExitStack

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from dotgnatly import AsyncNatsController

OFFICE = {"user": "office", "password": "secret"}
SPOKES = [{"user": name, "password": "secret"} for name in ("north", "south")]
HUB = {
    "port": -1,
    "server_name": "hub",
    "leafnodes": {"host": "127.0.0.1", "port": -1},
    "authorization": {"users": [OFFICE, *SPOKES]},
}


async def start_spoke(hub: AsyncNatsController, name: str) -> AsyncNatsController:
    """A server at the edge, a leaf node of the hub; its own clients need no password."""
    port = (await hub.ports())["leafnodes"]
    remote = {"url": f"nats-leaf://{name}:secret@127.0.0.1:{port}"}
    config = {"server_name": name, "leafnodes": {"reconnect": "50ms", "remotes": [remote]}}
    spoke = AsyncNatsController(config, dont_listen=True)
    await spoke.start()
    return spoke


async def serve(client: Client, name: str, *subjects: str) -> None:
    """Answer questions on some subjects."""

    async def respond(question: Msg) -> None:
        await question.respond(f"{name} answers {question.subject}".encode())

    for subject in subjects:
        await client.subscribe(subject, cb=respond)
    await client.flush()


async def ask(client: Client, subject: str) -> str:
    """The answer, as soon as a server is connected that may hear the question."""
    async with asyncio.timeout(10):
        while True:
            try:
                return (await client.request(subject, timeout=5)).data.decode()
            except NoRespondersError:
                await asyncio.sleep(0.005)


async def tell(client: Client, subject: str) -> None:
    """Say whether anybody hears a question now."""
    try:
        print((await client.request(subject, timeout=5)).data.decode())
    except NoRespondersError:
        print(f"nobody hears {subject}")


async def main() -> None:
    """Start, filter, and change the filters."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(AsyncNatsController(HUB))
        office = await hub.connect_nats_py(**OFFICE)
        stack.push_async_callback(office.close)
        await serve(office, "office", "heat.*", "secret")

        for name in ("north", "south"):
            await hub.set_leaf_subjects(name, imports=f"orders.{name}", exports="heat.*")
            spoke = await start_spoke(hub, name)
            stack.push_async_callback(spoke.shutdown)
            client = await spoke.connect_nats_py()
            stack.push_async_callback(client.close)
            await serve(client, name, "orders.*", "news")

            print(await ask(office, f"orders.{name}"))
            print(await ask(client, f"heat.{name}"))
            await tell(client, "secret")
        await tell(office, "news")

        begun = time.monotonic()
        await hub.set_leaf_subjects("south", imports=lambda there: [*there, "news"])
        print(await ask(office, "news"))
        print(f"   {time.monotonic() - begun:.2f} s after the change began")

        await hub.rollback(reason="no news is good news")
        print(await ask(office, "orders.south"))
        await tell(office, "news")
        for found in await hub.clients():
            if found.kind == "Leafnode":
                print(f"   leaf node {found.name}, logged in as {found.user}")


if __name__ == "__main__":
    asyncio.run(main())
