"""Files as people have them: what they say is what the running server does.

What is compared are the options as Go has them: those that nats-server makes of the file, and those
that live in a server that was started from the object.
"""

import json
import os
from pathlib import Path

import pytest

from dotgnatly import BrokerConfiguration, NatsController, conffile, jobs, runtime

FOLDER = Path(__file__).parents[1] / "data" / "stock"
FILES = sorted(path.name for path in FOLDER.glob("*.conf") if path.name != "secrets.conf")


@pytest.fixture(params=FILES)
def conf(request, tmp_path, certificates, monkeypatch):
    """A file, with what it takes from the environment."""
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "store"))
    for name, file in (("CERT", "server.pem"), ("KEY", "server.key"), ("CA", "ca.pem")):
        monkeypatch.setenv(name, str(certificates / file))
    return FOLDER / request.param


def differences(conf, text):
    """Names of the options that differ between a file and a text."""
    runtime.hand_over_environ()
    return json.loads(jobs.wait(runtime.native().config_compare(os.fsencode(conf), text)))


def test_no_option_is_lost_on_the_way(conf):
    """Neither in the text that a server gets nor in the file for people."""
    config = BrokerConfiguration.from_file(conf)
    config.validate()
    assert differences(conf, conffile.render(config)) == []
    assert differences(conf, config.to_conf().encode()) == []


def test_every_way_out_and_in_again_is_the_same(conf):
    """Nothing is written that is not read, and nothing reads differently."""
    config = BrokerConfiguration.from_file(conf)
    assert BrokerConfiguration.from_text(config.to_conf()) == config
    assert BrokerConfiguration.from_json(config.to_json()) == config
    assert BrokerConfiguration.from_dict(config.to_dict()) == config


def test_a_server_runs_as_the_file_says(conf):
    """After a start, a change and its way back, and a reload."""
    with NatsController(BrokerConfiguration.from_file(conf)) as controller:
        native, handle = runtime.native(), controller._server.handle

        def live():
            runtime.hand_over_environ()
            return json.loads(jobs.wait(native.server_compare(handle, b"file", os.fsencode(conf))))

        assert live() == []
        controller.update_config(max_payload=1234)
        assert live() == ["MaxPayload"]
        controller.update_config(max_payload=None)
        assert live() == []
        controller.reload()
        assert live() == []
