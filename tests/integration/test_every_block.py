"""A file that uses every block of nats-server: it starts, and no option is lost on the way.

What is compared are the options as Go has them: those that nats-server reads from the file itself,
and those that live in the running server.
"""

import json
import os
import ssl
from pathlib import Path

import pytest

from dotgnatly import AsyncNatsController, BrokerConfiguration, conffile, jobs, runtime

FILE = Path(__file__).parents[1] / "data" / "every-block.conf"
APP = {"user": "app", "password": "secret"}


@pytest.fixture
def conf(tmp_path, certificates, monkeypatch):
    """The file, with what it takes from the environment."""
    for name in ("STORE_DIR", "OCSP_DIR", "PORTS_DIR"):
        directory = tmp_path / name.lower()
        directory.mkdir()
        monkeypatch.setenv(name, str(directory))
    for name in ("LOG_FILE", "PID_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("CLIENT", "HTTP", "PROF", "CLUSTER", "GATEWAY", "LEAF", "WEBSOCKET", "MQTT"):
        monkeypatch.setenv(f"{name}_PORT", "-1")
    for name, file in (("CERT", "server.pem"), ("KEY", "server.key"), ("CA", "ca.pem")):
        monkeypatch.setenv(name, str(certificates / file))
    path = tmp_path / "every-block.conf"
    path.write_text(FILE.read_text())
    return path


@pytest.fixture
async def server(conf):
    """A server that was started from the file."""
    async with AsyncNatsController(BrokerConfiguration.from_file(conf)) as controller:
        yield controller


def differences(controller, conf):
    """Names of the live options that differ from those that nats-server reads from the file."""
    runtime.hand_over_environ()
    native, handle = runtime.native(), controller._server.handle
    return json.loads(jobs.wait(native.server_compare(handle, b"file", os.fsencode(conf))))


def test_reading_the_file_changes_no_option(conf):
    """What Python has read and writes again means the same."""
    text = conffile.render(BrokerConfiguration.from_file(conf))
    job = runtime.native().config_compare(os.fsencode(conf), text)
    assert json.loads(jobs.wait(job)) == []


async def test_it_starts_with_every_listener(server):
    """All blocks work together."""
    assert set(await server.ports()) == {
        "client", "monitoring", "prof", "cluster", "gateway", "leafnodes", "websocket", "mqtt",
    }  # fmt: skip
    assert server.jetstream_enabled


async def test_live_options_are_those_of_the_file(server, conf):
    """Also after all that happens to them on the way into the server."""
    assert differences(server, conf) == []


async def test_a_change_of_one_flag_changes_one_option(server, conf):
    """And the way back restores it."""
    await server.update_config(debug=True)
    assert differences(server, conf) == ["Debug"]
    await server.update_config(debug=False)
    assert differences(server, conf) == []


async def test_a_reload_changes_no_option(server, conf):
    """Twice the same file, and a change above it, which stays."""
    await server.reload()
    assert differences(server, conf) == []
    await server.update_config(debug=True)
    await server.reload()
    assert differences(server, conf) == ["Debug"]
    await server.reload(discard_changes=True)
    assert differences(server, conf) == []


async def test_replacing_it_by_itself_changes_no_option(server, conf):
    """A configuration that was read, kept as an object, and put in force again."""
    await server.replace_config(BrokerConfiguration.from_dict(server.config.to_dict()))
    assert differences(server, conf) == []


async def test_a_restart_changes_no_option(server, conf):
    """The configuration is sent anew."""
    await server.shutdown()
    await server.start()
    assert differences(server, conf) == []


async def test_the_comparison_sees_what_differs(server, conf):
    """Else the tests above say nothing: options of several kinds, changed in the file."""
    text = conf.read_text()
    for old, new in [
        ("max_payload: 2MB", "max_payload: 3MB"),
        ("pool_size: 5", "pool_size: 6"),
        ('ack_wait: "40s"', 'ack_wait: "41s"'),
        ("mem_max_stream_bytes: 1MB", "mem_max_stream_bytes: 2MB"),
        ('publish { deny: ">" }', 'publish { deny: "a.>" }'),
        ("log_max_num: 5", "log_max_num: 6"),
        ('http_base_path: "/nats"', 'http_base_path: "/other"'),
    ]:  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    conf.write_text(text)
    assert set(differences(server, conf)) == {
        "Accounts", "Cluster.PoolSize", "HTTP", "Log", "MQTT.AckWait", "MaxPayload",
        "Users",
    }  # fmt: skip


@pytest.mark.parametrize("encrypted", [True, False])
async def test_its_clients_stay_connected_over_all_that(
    server, conf, clients, certificates, encrypted
):
    """The whole of a large configuration is reloaded under them."""
    options = dict(APP)
    if encrypted:
        options["tls"] = ssl.create_default_context(cafile=certificates / "ca.pem")
    url = f"nats://127.0.0.1:{(await server.ports())['client']}"
    client = await clients.connect(url, **options)
    await server.update_config(debug=True)
    await server.reload()
    await server.reload(discard_changes=True)
    subscription = await client.subscribe("apps.a")
    await client.publish("apps.a", b"1")
    assert (await subscription.next_msg(timeout=5)).data == b"1"
    await clients.check()
    await clients.close()
    assert differences(server, conf) == []
