"""What a hub lets leaf nodes hear: permissions of the user that they log in as.

The .NET library had import and export subjects of the leaf node's listener for that, which reached
no server.
"""

from typing import Any

import nats

from dotgnatly import AsyncNatsController, NatsController
from tests.conftest import answer, answered, is_answered

ANN = {"user": "ann", "password": "a"}
LEAF = {"user": "leaf", "password": "l"}


def users(*subjects: str) -> dict[str, Any]:
    """The configuration's part that lets leaf nodes hear these subjects, and ``ready.*`` before."""
    permissions = {"subscribe": ["ready.*", *subjects], "publish": ["_INBOX.>"]}
    return {"authorization": {"users": [ANN, LEAF | {"permissions": permissions}]}}


def hub(*subjects: str) -> dict[str, Any]:
    """A configuration with a listener for such leaf nodes."""
    return {"port": -1, "leafnodes": {"host": "127.0.0.1", "port": -1}} | users(*subjects)


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
