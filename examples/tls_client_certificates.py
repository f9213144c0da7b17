"""TLS with client certificates: who a client is, and what it may do, is what its certificate says.

The certificates are made here, with ``cryptography``, which the tests of this package use as well;
elsewhere they come from your own authority.
"""

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from nats.aio.client import Client
from nats.errors import Error

from dotgnatly import (
    AsyncNatsController,
    PermissionsConfiguration,
    TlsConfiguration,
    UserConfiguration,
)

LOCAL = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]


class Authority:
    """Signs certificates and writes them into a folder: ``name.pem`` and ``name.key``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.file = folder / f"{name}.pem"
        self._write(name, self._key, self._name, [])

    def issue(self, name: str, hosts: list[x509.GeneralName] | None = None) -> None:
        """A certificate for somebody, or with hosts for a server."""
        self._write(name, ec.generate_private_key(ec.SECP256R1()), _named(name), hosts or [])

    def _write(
        self,
        file: str,
        key: ec.EllipticCurvePrivateKey,
        subject: x509.Name,
        hosts: list[x509.GeneralName],
    ) -> None:
        now, ours = datetime.now(UTC), self._key.public_key()
        itself = x509.BasicConstraints(ca=key is self._key, path_length=None)
        builder = (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(itself, critical=True)
        )
        for extension in (
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ours),
        ):
            builder = builder.add_extension(extension, critical=False)
        if key is self._key:
            builder = builder.add_extension(_SIGNS, critical=True)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        (self._folder / f"{file}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self._folder / f"{file}.key"
        path.touch(mode=0o600)
        path.write_bytes(secret)


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ACME"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


async def ignore(_: Exception) -> None:
    """What a client is told that is not let in."""


async def enter(
    url: str, folder: Path, name: str, tell: Callable[[Exception], Awaitable[None]] = ignore
) -> Client:
    """Connect with somebody's certificate; there is no other login."""
    context = ssl.create_default_context(cafile=folder / "authority.pem")
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    client = Client()
    try:
        await client.connect(url, tls=context, allow_reconnect=False, error_cb=tell)
        await client.flush()
    except (Error, OSError):
        await client.close()
        raise
    return client


async def main(folder: Path) -> None:
    """Let in whom the authority has signed for and the server knows."""
    authority = Authority(folder, "authority")
    authority.issue("server", LOCAL)
    for name in ("till", "screen", "visitor"):
        authority.issue(name)
    Authority(folder, "somebody").issue("stranger")

    tls = TlsConfiguration(
        cert_file=folder / "server.pem",
        key_file=folder / "server.key",
        ca_file=authority.file,
        verify_and_map=True,
    )
    users = [
        UserConfiguration(user="CN=till,O=ACME"),
        UserConfiguration(
            user="CN=screen,O=ACME",
            permissions=PermissionsConfiguration(publish={"deny": ">"}, subscribe="orders.>"),
        ),
    ]
    config = {"port": -1, "tls": tls, "authorization": {"users": users}}
    async with AsyncNatsController(config) as controller:
        url = controller.client_url
        assert url
        till = await enter(url, folder, "till")
        told: asyncio.Queue[Exception] = asyncio.Queue()
        screen = await enter(url, folder, "screen", told.put)
        for found in await controller.clients():
            print(f"{found.user} is connected")

        orders = await screen.subscribe("orders.*")
        while not any(found.subscriptions for found in await controller.clients()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # nothing tells when the server knows of it
        await till.publish("orders.new", b"tea")
        print(f"the screen shows {(await orders.next_msg(timeout=5)).data.decode()}")
        await screen.publish("orders.new", b"not allowed")
        print(f"and is told: {await told.get()}")

        for name in ("visitor", "stranger"):
            try:
                await enter(url, folder, name)
            except (Error, OSError):
                print(f"{name} is not let in")

        authority.issue("server", LOCAL)
        await controller.update_config(reason="the certificate was renewed")
        print(f"renewed, and {len(await controller.clients())} clients are still connected")
        for client in (till, screen):
            await client.close()


if __name__ == "__main__":
    # asyncio warns whenever a server ends a TLS connection of nats-py's, as it does with strangers.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(Path(temporary)))
