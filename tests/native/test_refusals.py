"""A server that does not start, or refuses a change, says why and leaves nothing behind."""

import sys

import pytest

PRELUDE = """
from dotgnatly import NatsController, errors
from inside import *

config, kind, key, said, certificates = sys.argv[1:]
GOOD = {"port": -1, "log_file": "first.log"}
MORE = GOOD | {"http_port": -1, "jetstream": {}}
CERT = {"cert_file": certificates + "/server.pem", "key_file": certificates + "/server.key"}
NO_CERT = {"cert_file": "no.pem", "key_file": "no.key"}
OTHER_KEY = CERT | {"key_file": certificates + "/other.key"}
JUNK = {"cert_file": __import__("inside").__file__, "key_file": __import__("inside").__file__}

def refused(call, *arguments):
    try:
        call(*arguments)
    except errors.DotgnatlyError as exc:
        error = exc
    else:
        raise AssertionError("it was accepted")
    assert type(error).__name__ == kind, repr(error)
    if kind == "ConfigError":
        keys = [fault.path for fault in error.errors]
    else:
        keys = [*getattr(error, "paths", ()), getattr(error, "key", "")]
    assert key in keys, (keys, str(error))
    assert said in str(error) or sys.platform == "win32", str(error)  # which has other words
"""

START = """
with taken_port() as taken, held_store() as held:
    config = eval(config)
    controller = NatsController()
    controller.start(MORE)  # what the first server leaves in the process stays for the others
    controller.shutdown()
    before = alive()

    refused(controller.start, config)
    assert not controller.is_running
    settled(before)

    controller.start(MORE)
    controller.shutdown()
    settled(before)
"""

CHANGE = """
with taken_port() as taken, held_store() as held:
    change = eval(config)
    with NatsController(MORE):
        pass
    controller = NatsController(GOOD)
    controller.start()
    client = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
    until(lambda: controller.varz().connections == 1)
    before, config = alive(), controller.config

    refused(controller.update_config, change)
    assert controller.is_running and controller.config == config
    assert controller.varz().total_connections == controller.varz().connections == 1
    settled(before)

    assert controller.update_config(max_payload=12345).number == 2
    assert controller.varz().max_payload == 12345
    settled(before)
    client.close()
    controller.shutdown()
"""

AT_START = """
client port taken
    {"port": taken}
    PortInUseError | port | address already in use
leaf port taken
    {"leafnodes": {"port": taken}}
    PortInUseError | leafnodes.port | address already in use
cluster port taken
    {"cluster": {"name": "c", "port": taken}}
    PortInUseError | cluster.port | address already in use
gateway port taken
    {"gateway": {"name": "g", "port": taken}}
    PortInUseError | gateway.port | address already in use
websocket port taken
    {"websocket": {"port": taken, "no_tls": True}}
    PortInUseError | websocket.port | address already in use
MQTT port taken
    {"server_name": "m", "jetstream": {}, "mqtt": {"port": taken}}
    PortInUseError | mqtt.port | address already in use
profiling port taken
    {"prof_port": taken}
    PortInUseError | prof_port | address already in use
gateway URL
    {"gateway": {"name": "g", "port": -1, "gateways": [{"name": "h", "url": "nats://:::x"}]}}
    ConfigError | gateway.gateways[0].urls[0] | nats://:::x
JetStream does not start
    {"jetstream": {"store_dir": blocked_store()}}
    StartError | jetstream | not a directory
JetStream for the system
    {"jetstream": {}, "accounts": {"S": {"jetstream": True}}, "system_account": "S"}
    ConfigError | accounts.S.jetstream | system account
PID file in a missing directory
    {"pid_file": "missing/x.pid"}
    ConfigError | pid_file | not there
advertised address
    {"client_advertise": "a:b:c"}
    StartError | client_advertise | too many colons
"""

ON_RELOAD = """
client port moves
    {"port": taken}
    RestartRequiredError | port | port
leaf listener is new
    {"leafnodes": {"port": taken}}
    RestartRequiredError | leafnodes.port | leafnodes.port
cluster is new
    {"cluster": {"name": "c", "port": taken}}
    RestartRequiredError | cluster.port | cluster.port
websocket is new
    {"websocket": {"port": taken, "no_tls": True}}
    RestartRequiredError | websocket.port | websocket.port
JetStream does not start
    {"jetstream": {"store_dir": blocked_store()}}
    ChangeError |  | not a directory
"""

ALWAYS = """
HTTP port taken
    {"http_port": taken}
    PortInUseError | http_port | address already in use
HTTPS port taken
    {"https_port": taken, "tls": CERT}
    PortInUseError | https_port | address already in use
HTTPS without TLS
    {"https_port": -1}
    ConfigError | https_port | tls
log file in a missing directory
    {"log_file": "missing/x.log"}
    ConfigError | log_file | not there
log file unwritable
    {"log_file": unwritable() + "/x.log"}
    ConfigError | log_file | permission denied
log file a directory
    {"log_file": "."}
    ConfigError | log_file | is a directory
store a file
    {"jetstream": {"store_dir": a_file()}}
    ConfigError | jetstream.store_dir | not a directory
store unwritable
    {"jetstream": {"store_dir": unwritable() + "/x"}}
    ConfigError | jetstream.store_dir | mkdir
store in use
    {"jetstream": {"store_dir": held}}
    StoreInUseError | jetstream.store_dir | server holder
no certificate
    {"tls": NO_CERT}
    ConfigError | tls.cert_file | no.pem
key of another certificate
    {"tls": OTHER_KEY}
    ConfigError | tls.key_file | is not the key of the certificate
no authority
    {"tls": {**CERT, "ca_file": "no.pem"}}
    ConfigError | tls.ca_file | no.pem
certificate is none
    {"tls": JUNK}
    ConfigError | tls.cert_file | holds no certificate
leaf node URL
    {"leafnodes": {"remotes": [{"url": "nats://:::x"}]}}
    ConfigError | leafnodes.remotes[0].urls[0] | nats://:::x
route URL
    {"cluster": {"name": "c", "port": -1, "routes": ["nats://:::x"]}}
    ConfigError | cluster.routes[0] | nats://:::x
unknown key
    {"max_payloads": 1}
    ConfigError | max_payloads | unknown
unknown key in a block
    {"jetstream": {"stores": "x"}}
    ConfigError | jetstream.stores | unknown
wrong type
    {"max_payload": "much"}
    ConfigError | max_payload | much
"""


def cases(*tables):
    """Of three lines each: what is wrong; the configuration; exception, key, and the reason."""
    lines = [line.strip() for table in tables for line in table.strip().splitlines()]
    return [
        pytest.param(config, *error.split(" | "), id=name)
        for name, config, error in zip(*[iter(lines)] * 3, strict=True)
        if sys.platform != "win32" or "unwritable" not in config  # there, root may write anywhere
    ]


@pytest.mark.parametrize(("config", "kind", "key", "said"), cases(AT_START, ALWAYS))
def test_a_refused_start_says_why_and_leaves_nothing(passes, certificates, config, kind, key, said):
    """The exception names key and reason; the process lives on, and its next server starts."""
    config = f'{{"port": -1}} | {config}'
    passes(PRELUDE + START, config, kind, key, said, certificates)


@pytest.mark.parametrize(("config", "kind", "key", "said"), cases(ON_RELOAD, ALWAYS))
def test_a_refused_change_says_why_and_leaves_nothing(
    passes, certificates, config, kind, key, said
):
    """The running server keeps its configuration and its clients, and takes the next change."""
    passes(PRELUDE + CHANGE, config, kind, key, said, certificates)
