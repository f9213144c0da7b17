"""Software for many tenants: an account for each, made, limited and taken away live."""

import asyncio

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.errors import APIError

from dotgnatly import (
    AccountConfiguration,
    AccountJetStreamConfiguration,
    AccountLimitsConfiguration,
    AsyncNatsController,
    ExportConfiguration,
    ImportConfiguration,
    NotFoundError,
    hash_password,
)

PLATFORM = AccountConfiguration(
    users=[{"user": "platform", "password": "p"}],
    exports=[ExportConfiguration(service="billing.*", account_token_position=2)],
)
"""What all tenants may ask; the second token of the subject is the tenant who does."""


def tenant(name: str, password: str) -> AccountConfiguration:
    """What a new tenant gets: an administrator, a device that only reports, limits, and billing."""
    return AccountConfiguration(
        users=[
            {"user": f"{name}-admin", "password": password},
            {"user": f"{name}-device", "password": "d", "permissions": {"publish": "reports.>"}},
        ],
        limits=AccountLimitsConfiguration(max_connections=10, max_payload="64KB"),
        jetstream=AccountJetStreamConfiguration(max_streams=1, max_file="10MB"),
        imports=[
            ImportConfiguration(
                service={"account": "PLATFORM", "subject": f"billing.{name}"}, to="billing"
            )
        ],
    )


async def enter(controller: AsyncNatsController, user: str, password: str) -> Client:
    """A client inside the process, which errors do not concern here."""

    async def ignore(_: Exception) -> None:
        pass

    return await controller.connect_nats_py(
        user=user, password=password, error_cb=ignore, allow_reconnect=False
    )


async def work(controller: AsyncNatsController) -> None:
    """Two tenants use the same subjects, and hear nothing of each other."""
    admins = {name: await enter(controller, f"{name}-admin", name) for name in ("ACME", "INITECH")}
    for name, admin in admins.items():
        stream = admin.jetstream()
        await stream.add_stream(name="REPORTS", subjects=["reports.>"])
        try:
            await stream.add_stream(name="MORE", subjects=["more"])
        except APIError as exc:
            print(f"{name}: no second stream, {exc.description}")

    device = await enter(controller, "ACME-device", "d")
    await device.publish("orders", b"not allowed")
    await device.jetstream().publish("reports.heat", b"21")
    for name, admin in admins.items():
        stored = (await admin.jetstream().stream_info("REPORTS")).state.messages
        bill = (await admin.request("billing", timeout=5)).data.decode()
        print(f"{name}: {stored} reports, {bill}")
    for found in await controller.clients():
        print(f"   {found.user} in {found.account}: {found.in_msgs} messages in")
    for client in (device, *admins.values()):
        await client.close()


async def main() -> None:
    """Start, let tenants come, work and go."""
    config = {"port": -1, "jetstream": {}, "accounts": {"PLATFORM": PLATFORM}}
    async with AsyncNatsController(config) as controller:
        platform = await enter(controller, "platform", "p")

        async def bill(question: Msg) -> None:
            await question.respond(b"the bill of " + question.subject.encode().partition(b".")[2])

        await platform.subscribe("billing.*", cb=bill)
        print((await platform.request("billing.PLATFORM", timeout=5)).data.decode())

        hashed = await asyncio.to_thread(hash_password, "ACME", cost=4)  # cheap, for an example
        tenants = {"ACME": tenant("ACME", hashed), "INITECH": tenant("INITECH", "INITECH")}
        version = await controller.create_accounts(tenants, reason="two contracts")
        print(f"version {version.number} has {[*await controller.accounts()]}")
        await work(controller)

        await controller.update_account("ACME", {"imports": None}, reason="pays otherwise")
        admin = await enter(controller, "ACME-admin", "ACME")
        try:
            await admin.request("billing", timeout=5)
        except NoRespondersError:
            print("ACME: nobody to ask for a bill")
        await admin.close()

        await controller.delete_account("INITECH", reason="the contract ended")
        try:
            await controller.delete_account("INITECH")
        except NotFoundError as exc:
            print(exc)
        await controller.rollback(reason="and was renewed")
        admin = await enter(controller, "INITECH-admin", "INITECH")
        info = await admin.jetstream().stream_info("REPORTS")
        print(f"INITECH is back, with its stream {info.config.name}")
        await admin.close()
        await platform.close()


if __name__ == "__main__":
    asyncio.run(main())
