"""Python decides who may log in: people whom only the program knows, with subjects of their own."""

import asyncio
import hashlib
import os
from datetime import timedelta

from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import AsyncNatsController, AuthenticatedUser, AuthenticationRequest


class Staff:
    """Who works here, as a database would know it: salts and hashes of passwords by name."""

    def __init__(self) -> None:
        self._hashes: dict[str, tuple[bytes, bytes]] = {}

    def hire(self, name: str, password: str) -> None:
        """Add somebody."""
        salt = os.urandom(16)
        self._hashes[name] = salt, _hash(password, salt)

    def dismiss(self, name: str) -> None:
        """Remove somebody."""
        del self._hashes[name]

    def decide(self, request: AuthenticationRequest) -> AuthenticatedUser | None:
        """Let in who works here and has the password, for an hour at a time.

        It is called on a thread, so it may take the time that a hash takes.
        """
        salt, known = self._hashes.get(request.user, (b"", b""))
        if not known or _hash(request.password, salt) != known:
            return None
        subjects = [f"{request.user}.>", "notices", "_INBOX.>"]
        return AuthenticatedUser(
            account="SHOP",
            permissions={"publish": subjects, "subscribe": subjects},
            expires=timedelta(hours=1),
        )


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)


class StaffClient(Client):
    """A client that says what it hears, and does not come back once it is cut off."""

    async def enter(self, controller: AsyncNatsController, user: str, password: str) -> None:
        """Log in."""
        self.gone = asyncio.Event()

        async def failed(error: Exception) -> None:
            print(f"  {user} hears: {error}")

        async def closed() -> None:
            self.gone.set()

        try:
            await self.connect(
                controller.client_url or "",
                user=user,
                password=password,
                allow_reconnect=False,
                error_cb=failed,
                closed_cb=closed,
            )
        except Error:
            await self.close()
            raise


async def main() -> None:
    """Two people, one of whom leaves."""
    staff = Staff()
    staff.hire("ann", "secret")
    staff.hire("bob", "hidden")
    controller = AsyncNatsController({"port": -1, "accounts": {"SHOP": {}}})
    controller.on_authenticate(staff.decide)
    async with controller:
        ann, bob = StaffClient(), StaffClient()
        await ann.enter(controller, "ann", "secret")
        await bob.enter(controller, "bob", "hidden")
        notices = await bob.subscribe("notices")
        for _ in range(2):  # nats-py's first PING can be ahead of what was subscribed
            await bob.flush()
        await ann.publish("notices", b"tea is ready")
        print("bob reads:", (await notices.next_msg()).data.decode())

        print("somebody guesses a password:")
        try:
            await StaffClient().enter(controller, "ann", "tea")
        except Error as error:
            print("  and is not let in:", error)

        print("bob leaves:")
        staff.dismiss("bob")
        for client in await controller.clients():
            if client.user == "bob":
                await controller.disconnect_client(client.cid)
        await bob.gone.wait()
        print("ann is still there:", ann.is_connected)
        await ann.close()


if __name__ == "__main__":
    asyncio.run(main())
