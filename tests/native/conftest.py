"""Fixtures of the tests of the boundary, most of which run scripts in interpreters of their own."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent


@pytest.fixture
def interpreter(interpreter: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """As everywhere; scripts can import ``inside``, and have a temporary directory of their own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    return partial(
        interpreter,
        PYTHONPATH=path,
        TMPDIR=str(scratch),
        TEMP=str(scratch),
        PYTHONWARNINGS="ignore:This process:DeprecationWarning",  # 3.12 warns of forks
    )


@pytest.fixture
def passes(run_python: Callable[..., Any]) -> Callable[..., list[str]]:
    """Runs a script that checks itself: it must end well and say nothing on stderr."""

    def run(script: str, *args: object, **environment: str) -> list[str]:
        done = run_python(script, *map(str, args), **environment)
        assert (done.code, done.err) == (0, ""), f"{done.code}\n{done.out}\n{done.err}"
        return done.out.splitlines()

    return run


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A named pipe: whoever opens it for writing waits until a test reads it."""
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in its file system")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for this machine, its key, and the key of another."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "other"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    return folder
