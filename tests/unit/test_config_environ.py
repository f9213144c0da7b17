"""The environment as a layer of the configuration."""

from datetime import timedelta

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, NatsController


def read(**variables):
    """The configuration that some variables make up."""
    return BrokerConfiguration.from_environ(variables)


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PORT", "4222", {"port": 4222}),
        ("port", "-1", {"port": -1}),
        ("MONITOR_PORT", "8222", {"http_port": 8222}),
        ("LISTEN", "0.0.0.0:4222", {"host": "0.0.0.0", "port": 4222}),
        ("LISTEN", "4222", {"port": 4222}),
        ("DEBUG", "true", {"debug": True}),
        ("DEBUG", "On", {"debug": True}),
        ("DEBUG", "0", {"debug": False}),
        ("MAX_PAYLOAD", "2MB", {"max_payload": 2 << 20}),
        ("MAX_PAYLOAD", "1000", {"max_payload": 1000}),
        ("PING_INTERVAL", "1m30s", {"ping_interval": timedelta(seconds=90)}),
        ("PING_INTERVAL", "1.5", {"ping_interval": timedelta(seconds=1.5)}),
        ("SERVER_NAME", "4222", {"server_name": "4222"}),
        ("SERVER_TAGS", "a, b", {"server_tags": ["a", "b"]}),
        ("SERVER_TAGS", "", {"server_tags": []}),
        ("SERVER_TAGS", '["a,b", "c"]', {"server_tags": ["a,b", "c"]}),
        ("SERVER_METADATA", '{"zone": "1"}', {"server_metadata": {"zone": "1"}}),
        ("SERVER_METADATA__Zone", "1", {"server_metadata": {"Zone": "1"}}),
        ("WRITE_TIMEOUT", "Retry", {"write_timeout": "retry"}),
        ("JETSTREAM", "enabled", {"jetstream": {"enabled": True}}),
        ("JETSTREAM", "off", {"jetstream": {"enabled": False}}),
        ("JETSTREAM", '{"domain": "hub"}', {"jetstream": {"domain": "hub"}}),
        ("JETSTREAM__STORE_DIR", "/data", {"jetstream": {"store_dir": "/data"}}),
        ("JetStream__Max_File", "1GB", {"jetstream": {"max_file_store": 1 << 30}}),
        ("JETSTREAM__SYNC_INTERVAL", "always", {"jetstream": {"sync_interval": "always"}}),
        ("JETSTREAM__DURABILITY", "power", {"jetstream": {"durability": "power"}}),
        ("JETSTREAM_ENABLED", "true", {"jetstream": {"enabled": True}}),
        ("JETSTREAM_STORE_DIR", "/data", {"jetstream": {"store_dir": "/data"}}),
        ("CLUSTER__ROUTES", "nats://a:1,nats://b:2",
         {"cluster": {"routes": ["nats://a:1", "nats://b:2"]}}),
        ("CLUSTER__COMPRESSION", "s2_fast", {"cluster": {"compression": "s2_fast"}}),
        ("AUTHORIZATION__TIMEOUT", "1.5", {"authorization": {"timeout": 1.5}}),
        ("AUTHORIZATION__USERS", '[{"user": "a", "pass": "b"}]',
         {"authorization": {"users": [{"user": "a", "password": "b"}]}}),
        ("ACCOUNTS", "A, b", {"accounts": {"A": {}, "b": {}}}),
        ("ACCOUNTS__Acme__JETSTREAM", "true", {"accounts": {"Acme": {"jetstream": True}}}),
        ("ACCOUNTS__a.b__LIMITS__MAX_CONN", "5",
         {"accounts": {"a.b": {"limits": {"max_connections": 5}}}}),
        ("MAPPINGS__orders.*", "new.$1", {"mappings": {"orders.*": "new.$1"}}),
        ("TLS__HANDSHAKE_FIRST", "true", {"tls": {"handshake_first": True}}),
    ],
)  # fmt: skip
def test_a_variable_is_read_as_its_key_holds_it(variable, text, expected):
    """Text is all that an environment has; the field knows what it stands for."""
    config = read(**{f"NATS__{variable}": text})
    assert config == BrokerConfiguration.from_dict(expected)
    assert not config.faults()


def test_variables_add_up_to_a_layer():
    """What they do not say stays as it is below."""
    below = BrokerConfiguration(port=1, jetstream={"domain": "hub"}, accounts={"A": {}})
    layer = read(NATS__PORT="2", NATS__JETSTREAM__STORE_DIR="/d", NATS__ACCOUNTS__B__NKEY="x")
    assert below.merge(layer) == BrokerConfiguration(
        port=2,
        jetstream={"domain": "hub", "store_dir": "/d"},
        accounts={"A": {}, "B": {"nkey": "x"}},
    )


def test_only_nats_variables_are_looked_at():
    """The environment is not ours alone."""
    assert read(PATH="/bin", NATS_PORT="1", NATS="x", XNATS__PORT="2") == BrokerConfiguration()


def test_the_environment_is_that_of_the_process(monkeypatch):
    """As it is now."""
    monkeypatch.setenv("NATS__PORT", "4333")
    assert BrokerConfiguration.from_environ().port == 4333


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"NATS__PORTT": "1"}, "NATS__PORTT: .*unknown field `portt`, did you mean `port`?"),
        ({"NATS__": "1"}, "NATS__: .*unknown field"),
        ({"NATS__CLUSTER__NAM": "1"}, "NATS__CLUSTER__NAM: .*did you mean `name`?"),
        ({"NATS__PORT__X": "1"}, "NATS__PORT__X: port: has no field `X`"),
        ({"NATS__PORT": "x"}, "NATS__PORT: port: expected an integer, got 'x'"),
        ({"NATS__PORT": "70000"}, "NATS__PORT: port: expected -1 to 65535"),
        ({"NATS__DEBUG": "maybe"}, "NATS__DEBUG: debug: expected true or false"),
        ({"NATS__CLUSTER": '{"nam": 1}'}, r"NATS__CLUSTER: cluster.nam: unknown field"),
        ({"NATS__CLUSTER": "{"}, "NATS__CLUSTER: .*not JSON"),
        ({"NATS__PORT": "1", "NATS__LISTEN": "h:2"}, "something else of `port` than NATS__LISTEN"),
        ({"NATS__CLUSTER__NAME": "a", "NATS__CLUSTER": '{"name": "b"}'}, "`cluster.name`"),
    ],
)
def test_a_wrong_variable_is_named(variables, said):
    """It is the variable that somebody has to mend."""
    with pytest.raises(ConfigError, match=said):
        read(**variables)


def test_all_faults_come_at_once_and_tell_no_secret():
    """Neither of a value that is wrong nor of one that is none."""
    with pytest.raises(ConfigError) as caught:
        read(
            NATS__PORT="canary",
            NATS__AUTHORIZATION='{"password": "secret-1",',
            NATS__AUTHORIZATION__USERS='[{"user": "a", "password": "secret-2", "passwort": 1}]',
            NATS__CLUSTER__ROUTES='["nats://a:secret-3@h:1", 5]',
        )
    faults = caught.value.errors
    assert [fault.path for fault in faults] == [
        "NATS__AUTHORIZATION", "NATS__AUTHORIZATION__USERS", "NATS__CLUSTER__ROUTES", "NATS__PORT",
    ]  # fmt: skip
    assert "secret" not in str(caught.value)


def test_a_server_does_what_the_variables_say():
    """The whole way to the options in force."""
    config = BrokerConfiguration(port=-1).merge(read(NATS__MAX_PAYLOAD="2MB", NATS__PING_MAX="7"))
    with NatsController(config) as controller:
        varz = controller.varz()
        assert (varz.max_payload, varz.ping_max) == (2 << 20, 7)
