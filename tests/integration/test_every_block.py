"""A file that uses every block of nats-server: it starts, and no option is lost on the way.

What is compared are the options as Go has them: those that nats-server reads from the file itself,
and those that live in the running server.
"""

import json
import os
import pickle
import ssl
from pathlib import Path

import pytest

from dotgnatly import AsyncNatsController, BrokerConfiguration, conffile, config, jobs, runtime
from dotgnatly.config._base import Block

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "data" / "every-block.conf"
APP = {"user": "app", "password": "secret"}

NKEY = "UCPR6SWDTWCBKPIQNR7IKDZLGLBBG253AHIANZDFIRDO7ZFHMQB3GAAP"

# What cannot stand beside something else in the files.
OTHER_WAYS = [
    "authorization { user: a, password: b, proxy_required: true }, https: 127.0.0.1:-1",
    "authorization { token: a }, no_system_account: true, store_dir: $STORE_DIR",
    "authorization { users: [ { user: a, password: b } ] }, http: 127.0.0.1:-1",
    "leafnodes { authorization { user: a, password: b, account: A, proxy_required: true } }",
    f"leafnodes {{ authorization {{ nkey: {NKEY} }} }}",
    "websocket { listen: 127.0.0.1:-1, authorization { token: a, timeout: 1.5 } }",
    'mqtt { listen: -1, authorization { user: a, password: b, timeout: "5s" } }',
    "cluster { listen: 127.0.0.1:-1, compression: on }, leafnodes { compression { mode: accept } }",
    "gateway { listen: 127.0.0.1:-1, authorization { user: a, password: b } }",
    "ocsp: true, ocsp_cache: true",
    "ocsp: false, ocsp_cache: false",
    'resolver: "URL(http://a:b@127.0.0.1:1/jwt/)", resolver_tls { ca_file: $CA }',
    'resolver: MEM, default_sentinel: "a"',
    'resolver { type: CACHE, dir: $STORE_DIR, limit: 5, ttl: "1h", timeout: "2s" }',
    "trusted_keys: OC7LN7NX5DYFRSXF4UVV74LAQFNXZ3UPTJATRMUY4RG4DE3BOFKU6ZP5",
    "jetstream { tpm {keys_file: a, encryption_password: b, srk_password: c, pcr: 5, cipher: aes}}",
    "tls {cert_match_by: subject, cert_match: a, cert_match_skip_invalid: true, ca_certs_match: a}",
]


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
    assert lost(conf) == []


def lost(path):
    """Names of the options that change when Python reads a file and writes it again."""
    text = conffile.render(BrokerConfiguration.from_file(path))
    job = runtime.native().config_compare(os.fsencode(path), text)
    return json.loads(jobs.wait(job))


@pytest.mark.parametrize("text", OTHER_WAYS)
def test_reading_a_text_changes_no_option(conf, text):
    """The same for what the file cannot say as well."""
    conf.write_text(text)
    assert lost(conf) == []


def test_every_key_is_among_them(conf, monkeypatch):
    """What no file uses, no test has seen on its way to the server."""
    monkeypatch.setenv("RESOLVER_DIR", os.environ["STORE_DIR"])
    used = set()
    for path in (conf, FILE.with_name("operator.conf")):
        used |= keys(BrokerConfiguration.from_file(path))
    for text in OTHER_WAYS:
        used |= keys(BrokerConfiguration.from_text(text))
    blocks = json.loads((ROOT / "gobridge/testdata/keys.json").read_text())["blocks"]
    fields = {f"{name}.{key}" for name, block in blocks.items() for key in block["keys"]
              if key in getattr(config, name).__struct_fields__}  # fmt: skip
    assert fields - used == {"TlsConfiguration.cert_store"}  # which only Windows has


def keys(value):
    """Every key that is set, within all blocks, with its class."""
    if isinstance(value, Block):
        items = value._items()
        own = {f"{type(value).__name__}.{name}" for name, _, _ in items}
        return own.union(*(keys(item) for _, _, item in items))
    if isinstance(value, dict):
        value = tuple(value.values())
    return set().union(*map(keys, value)) if isinstance(value, tuple) else set()


def test_a_configuration_with_every_block_is_a_value(conf):
    """It goes to other processes and into sets, whole."""
    config = BrokerConfiguration.from_file(conf)
    config.validate()
    again = pickle.loads(pickle.dumps(config))
    assert {config, BrokerConfiguration.from_dict(config.to_dict())} == {again}


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
