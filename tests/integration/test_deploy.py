"""The manifests of ``examples/deploy``: what is in them of ours. Their schema is `make lint`'s."""

import re
import textwrap
from pathlib import Path

import pytest

from dotgnatly import BrokerConfiguration
from dotgnatly.cli import main

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"


@pytest.fixture
def cluster_conf(tmp_path, monkeypatch):
    """The file that the pods of the cluster read."""
    manifest = (DEPLOY / "cluster.yaml").read_text()
    (text,) = re.findall(r"^  nats\.conf: \|\n((?:    .*\n)+)", manifest, re.MULTILINE)
    monkeypatch.setenv("POD_NAME", "nats-0")
    path = tmp_path / "nats.conf"
    path.write_text(textwrap.dedent(text))
    return path


def test_the_file_of_the_cluster_is_valid(cluster_conf):
    """Nobody sees it before it is in a pod."""
    assert main(["check", str(cluster_conf)]) == 0


def test_the_file_of_the_cluster_fits_its_manifest(cluster_conf):
    """Ports are said in both, and so is how long a pod may take to end."""
    config = BrokerConfiguration.from_file(cluster_conf)
    manifest = (DEPLOY / "cluster.yaml").read_text()
    for port in (config.port, config.cluster.port, config.http_port):
        assert f"containerPort: {port}}}" in manifest
    (grace,) = re.findall(r"terminationGracePeriodSeconds: (\d+)", manifest)
    assert int(grace) > config.lame_duck_duration.total_seconds()
    assert f"-sl=ldm={config.pid_file}" in manifest


def test_the_environment_of_the_sidecar_is_a_configuration():
    """A variable that is none would keep the pod from starting."""
    manifest = (DEPLOY / "sidecar.yaml").read_text()
    environment = dict(re.findall(r'- name: (NATS__\w+)\n +value: "(.*)"', manifest))
    config = BrokerConfiguration.from_environ(environment)
    assert config == BrokerConfiguration(
        port=4222, http_port=8222, jetstream={"enabled": True, "store_dir": "/data/jetstream"}
    )
    for port in (config.port, config.http_port):
        assert f"containerPort: {port}}}" in manifest
