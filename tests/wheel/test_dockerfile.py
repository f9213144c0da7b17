"""The Dockerfile of ``examples/deploy``, line by line in an environment that has nothing else."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

DOCKERFILE = (Path(__file__).parents[2] / "examples" / "deploy" / "Dockerfile").read_text()


def lines(instruction):
    """What stands after an instruction, wherever it is."""
    return re.findall(rf"^{instruction} (?:CMD )?(.+)$", DOCKERFILE, re.MULTILINE)


@pytest.fixture
def image(wheel, tmp_path):
    """The environment of an image after its RUN lines, with this very wheel."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    (tmp_path / "this").write_text(f"dotgnatly @ {wheel.resolve().as_uri()}\n")
    environment = os.environ | {
        "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(tmp_path / "this"),
    }
    for line in lines("RUN"):
        subprocess.run(shlex.split(line), env=environment, cwd=tmp_path, check=True)
    return environment


@pytest.mark.skipif(sys.platform == "win32", reason="an image of Linux")
def test_each_line_of_the_dockerfile_works(image, tmp_path):
    """It installs, serves, is found healthy, and ends at the signal that docker sends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        image |= {"NATS__PORT": "-1", "NATS__HTTP_PORT": str(probe.getsockname()[1])}
    (entrypoint,), (healthcheck,) = lines("ENTRYPOINT"), lines("HEALTHCHECK")
    with subprocess.Popen(
        json.loads(entrypoint), env=image, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert any("Starting monitor" in line for line in server.stderr)
            subprocess.run(json.loads(healthcheck), env=image, cwd=tmp_path, check=True)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate()  # its last lines
    assert server.returncode == 0
