"""Operator mode from Python alone: an account is signed and pushed, and a user is cut off again."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import AsyncNatsController, BrokerConfiguration, jwt


class Operator:
    """Who signs accounts. The server never sees his seed."""

    def __init__(self) -> None:
        self._keys, self.system = jwt.create_pair("operator"), jwt.create_pair("account")
        nats = jwt.Operator(system_account=self.system.public)
        claims = jwt.OperatorClaims(sub=self._keys.public, name="ACME", nats=nats)
        self.jwt = jwt.encode(claims, self._keys.seed)

    def sign(self, claims: jwt.AccountClaims) -> str:
        """The JWT of an account."""
        return jwt.encode(claims, self._keys.seed)


class Customer:
    """An account, and the files that its users log in with."""

    def __init__(self, name: str, folder: Path) -> None:
        self._keys, self._folder = jwt.create_pair("account"), folder
        limits = jwt.OperatorLimits(conn=10, payload="64KB")
        self.claims = jwt.AccountClaims(
            sub=self._keys.public, name=name, nats=jwt.Account(limits=limits)
        )

    def user(self, name: str, permissions: jwt.User) -> tuple[str, Path]:
        """A new user: his public key, and his file."""
        user, path = jwt.create_pair("user"), self._folder / f"{name}.creds"
        claims = jwt.UserClaims(sub=user.public, name=name, nats=permissions)
        jwt.write_creds(path, jwt.encode(claims, self._keys.seed), user.seed)
        return user.public, path


class UserClient(Client):
    """A client that says what it may not do, and does not come back once it is cut off."""

    async def enter(self, controller: AsyncNatsController, creds: Path) -> None:
        """Log in."""
        self.gone = asyncio.Event()

        async def failed(error: Exception) -> None:
            print("  it hears:", error)

        async def closed() -> None:
            self.gone.set()

        try:
            await self.connect(
                controller.client_url or "",
                user_credentials=str(creds),
                allow_reconnect=False,
                error_cb=failed,
                closed_cb=closed,
            )
        except Error:
            await self.close()
            raise


async def main() -> None:
    """One customer, two users."""
    operator = Operator()
    with tempfile.TemporaryDirectory() as folder:
        shop = Customer("SHOP", Path(folder))
        config = BrokerConfiguration(
            port=-1,
            operator=operator.jwt,
            resolver="MEMORY",
            resolver_preload={
                operator.system.public: operator.sign(
                    jwt.AccountClaims(sub=operator.system.public, name="SYS")
                )
            },
        )
        async with AsyncNatsController(config) as controller:
            _, till = shop.user("till", jwt.User(pub="orders.>"))
            clerk, office = shop.user("office", jwt.User())
            print("before the account is known:")
            with suppress(Error):
                await UserClient().enter(controller, till)

            await controller.push_account(operator.sign(shop.claims), author="ann")
            selling, reading = UserClient(), UserClient()
            await selling.enter(controller, till)
            await reading.enter(controller, office)
            orders = await reading.subscribe("orders.>")
            for _ in range(2):  # nats-py's first PING can be ahead of what was subscribed
                await reading.flush()
            await selling.publish("orders.new", b"tea")
            print("an order:", (await orders.next_msg()).data.decode())
            print("a publish that the till has no leave for:")
            await selling.publish("prices.tea", b"0")
            await selling.flush()

            revoked = operator.sign(jwt.revoke(shop.claims, clerk))
            await controller.push_account(revoked, author="ann", reason="has left")
            await reading.gone.wait()
            print("the office is cut off; the till is still there:", selling.is_connected)
            for version in await controller.history():
                print(version.number, version.kind, version.author or "", version.reason or "")
            await selling.close()


if __name__ == "__main__":
    asyncio.run(main())
