"""Fixtures of all tests: servers and interpreters of their own, and nothing left behind."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from dotgnatly import runtime

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

T = TypeVar("T")


def wait_until(condition: Callable[[], Any], what: str = "", timeout: float = 10.0) -> Any:
    """The first true value of the condition; a failure if there is none in time."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout} s: {what or condition}")
        time.sleep(0.005)  # between two looks at a condition
    return value


async def arrived(client: "Client") -> None:
    """Wait until the server has taken all that a client has sent; nats-py's flush overtakes it."""
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    await client.publish(inbox)
    await subscription.next_msg(timeout=10)
    await subscription.unsubscribe()


async def answer(client: "Client", subject: str, data: bytes) -> None:
    """Answer requests on a subject."""

    async def respond(message: "Msg") -> None:
        await message.respond(data)

    await client.subscribe(subject, cb=respond)
    await arrived(client)


async def known(ask: Callable[[], Awaitable[T]]) -> T:
    """What is answered, as soon as some server is known to have somebody who answers."""
    from nats.errors import NoRespondersError
    from nats.js.errors import NoStreamResponseError, ServiceUnavailableError

    async with asyncio.timeout(15):
        while True:
            try:
                return await ask()
            except (NoRespondersError, NoStreamResponseError, ServiceUnavailableError):
                await asyncio.sleep(0.01)  # the interest has not travelled here yet


async def answered(client: "Client", subject: str) -> bytes:
    """The answer to a request, as soon as somebody is known to give one."""
    data: bytes = (await known(lambda: client.request(subject, timeout=5))).data
    return data


async def is_answered(client: "Client", subject: str) -> bool:
    """Whether somebody answers a request."""
    from nats.errors import NoRespondersError

    try:
        await client.request(subject, timeout=5)
    except NoRespondersError:
        return False
    return True


def counts() -> dict[str, int]:
    """What is alive in the native library: servers, jobs, connections, goroutines."""
    result: dict[str, int] = json.loads(runtime.native().counts())
    return result


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """After each test no server, job or in-process connection is alive."""
    yield
    if runtime.loaded():
        alive = {name: n for name, n in counts().items() if name != "goroutines"}
        assert alive == {"servers": 0, "jobs": 0, "connections": 0}


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Finished(NamedTuple):
    """What an interpreter of its own did."""

    code: int
    """Exit code; negative is the signal that ended it."""
    out: str
    err: str
    seconds: float


class Interpreter:
    """A Python process that runs a script; it is ended after the test whatever happened."""

    def __init__(self, script: str, *args: str, env: dict[str, str], cwd: Path) -> None:
        self._begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            cwd=cwd,
        )

    def read_line(self) -> str:
        """The next line it prints; waits for it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def write_line(self, line: str) -> None:
        """Give it a line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def send(self, signal_number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(signal_number)

    def finish(self, timeout: float = 30.0) -> Finished:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # faulthandler says where it hangs
            pytest.fail(f"not within {timeout} s:\n{self.process.communicate()[1]}")
        return Finished(self.process.returncode, out, err, time.monotonic() - self._begun)

    def close(self) -> None:
        """End it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def interpreter(tmp_path: Path) -> Iterator[Callable[..., Interpreter]]:
    """Starts scripts in interpreters of their own: ``interpreter(script, *args, **environ)``."""
    started: list[Interpreter] = []

    def start(script: str, *args: str, **environment: str) -> Interpreter:
        process = Interpreter(script, *args, env=os.environ | environment, cwd=tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        process.close()


@pytest.fixture
def run_python(interpreter: Callable[..., Interpreter]) -> Callable[..., Finished]:
    """Runs a script in an interpreter of its own to its end."""

    def run(script: str, *args: str, timeout: float = 30.0, **environment: str) -> Finished:
        return interpreter(script, *args, **environment).finish(timeout)

    return run


def usage(*, signs: bool) -> x509.KeyUsage:
    """What a key is for, which Python 3.13 wants to know."""
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
              "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs, crl_sign=signs, **dict.fromkeys(others, False)
    )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, server.pem and client.pem that it signed, their keys, and other.key.

    Nobody but itself has signed stranger.pem, which calls itself as client.pem does.
    """
    folder = tmp_path_factory.mktemp("certificates")
    keys = {
        name: ec.generate_private_key(ec.SECP256R1())
        for name in ("ca", "server", "client", "stranger", "other")
    }
    now = datetime.now(UTC)
    for name in ("ca", "server", "client", "stranger"):
        called, signer = ("client", name) if name == "stranger" else (name, "ca")
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer)]))
            .public_key(keys[name].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .add_extension(usage(signs=name == "ca"), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([
                    x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))
                ]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[signer].public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(keys[name].public_key()), critical=False
            )
            .sign(keys[signer], hashes.SHA256())
        )  # fmt: skip
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    for name, key in keys.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(pem)
    return folder
