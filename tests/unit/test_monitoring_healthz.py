"""``Healthz`` says all that the server's own ``/healthz`` says."""

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.monitoring import Healthz, HealthzError

decode = msgspec.json.Decoder(Healthz).decode


def test_a_running_server_is_well(nats_server: NatsController):
    """The document of a server without faults."""
    assert nats_server.healthz() == Healthz(status="ok", status_code=200)


@pytest.fixture
def with_jetstream(tmp_path: Path) -> NatsController:
    """A controller with JetStream and a monitoring listener, not started."""
    return NatsController(
        BrokerConfiguration(port=-1, http_port=-1, jetstream={"store_dir": tmp_path})
    )


def test_what_is_not_well_is_named(with_jetstream: NatsController):
    """The first fault is a sentence; with details every fault says what it is about."""
    with with_jetstream as controller:
        brief = controller.healthz(account="missing")
        detailed = controller.healthz(account="missing", details=True)
    assert (brief.status, brief.status_code, brief.errors) == ("unavailable", 404, ())
    assert "missing" in brief.error
    assert (detailed.status, detailed.status_code, detailed.error) == ("error", 404, "")
    assert detailed.errors == (
        HealthzError(type="ACCOUNT", account="missing", error=detailed.errors[0].error),
    )


@pytest.mark.parametrize(
    "query", ["", "?account=missing", "?account=missing&details=true", "?stream=S&details=true"]
)
def test_nothing_of_the_servers_document_is_lost(with_jetstream: NatsController, query: str):
    """A key that is missing or misspelt in a struct would silently keep its default."""
    with with_jetstream as controller:
        try:
            with urlopen(f"{controller.monitoring_url}/healthz{query}", timeout=5) as response:
                document = response.read()
        except HTTPError as error:  # how the server says that it is not well
            document = error.read()
            error.close()
    ours = {k: v for k, v in msgspec.to_builtins(decode(document)).items() if v}
    theirs = json.loads(document)
    assert ours.keys() == theirs.keys()
    assert ours["status"] == theirs["status"]
    for mine, their in zip(ours.get("errors", ()), theirs.get("errors", ()), strict=True):
        assert {k: v for k, v in mine.items() if v} == their


def test_older_and_newer_documents_are_read():
    """The structure is that of one version; others leave keys out, or have more."""
    assert decode(b'{"status": "ok", "a_new_key": 1}') == Healthz(status="ok")
