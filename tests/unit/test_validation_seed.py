"""The rules and behaviours of the validator that this one follows: kept, corrected, or dropped.

Each is looked at on a running server, and not only in what was stored.
"""

from typing import Any

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, NatsController

NAMED = {"name": "c"}


def kept(path: str, **keys: Any):
    """A rule: its faults have this path."""
    return pytest.param(keys, path, id=f"{path}-{'-'.join(keys)}")


ERRORS = [
    kept("port", port=99_999),
    kept("port", port=-2),
    kept("max_payload", max_payload=-2),
    kept("max_control_line", max_control_line=-1),
    kept("ping_interval", ping_interval=-1),
    kept("ping_max", ping_max=-1),
    kept("write_deadline", write_deadline=-1),
    kept("http_port", http_port=70_000),
    kept("https_port", https_port=70_000),
    kept("http_port", port=4333, http_port=4333),
    kept("https_port", http_port=8222, https_port=8222),
    kept("authorization.password", authorization={"user": "u"}),
    kept("authorization.user", authorization={"password": "p"}),
    kept("authorization.token", authorization={"user": "u", "password": "p", "token": "t"}),
    kept("logfile_size_limit", logfile_size_limit=-1),
    kept("leafnodes.port", leafnodes={"port": 70_000}),
    kept("leafnodes.port", port=4333, leafnodes={"port": 4333}),
    kept("leafnodes.tls.key_file", leafnodes={"port": -1, "tls": {"cert_file": "c"}}),
    kept("leafnodes.tls.cert_file", leafnodes={"port": -1, "tls": {"key_file": "k"}}),
    kept("leafnodes.authorization.password",
         leafnodes={"port": -1, "authorization": {"user": "u"}}),
    kept("leafnodes.authorization.user",
         leafnodes={"port": -1, "authorization": {"password": "p"}}),
    kept("leafnodes.remotes[0].deny_imports[0]",
         leafnodes={"remotes": [{"urls": "nats://a:1", "deny_imports": [""]}]}),
    kept("leafnodes.tls.cert_match_by", leafnodes={"tls": {"cert_store": "WindowsCurrentUser"}}),
    kept("leafnodes.remotes[0].tls.timeout",
         leafnodes={"remotes": [{"urls": "nats://a:1", "tls": {"timeout": "soon"}}]}),
    kept("cluster.port", cluster={**NAMED, "port": 70_000}),
    kept("cluster.port", port=4333, cluster={**NAMED, "port": 4333}),
    kept("cluster.port", http_port=4333, cluster={**NAMED, "port": 4333}),
    kept("leafnodes.port", leafnodes={"port": 4333}, cluster={**NAMED, "port": 4333}),
    kept("cluster.tls.key_file", cluster={"port": -1, "tls": {"cert_file": "c"}}),
    kept("cluster.authorization.password", cluster={"port": -1, "authorization": {"user": "u"}}),
    kept("cluster.authorization.user", cluster={"port": -1, "authorization": {"password": "p"}}),
    kept("cluster.authorization.token", cluster={"port": -1, "authorization": {"token": "t"}}),
    kept("cluster.routes[0]", cluster={"port": -1, "routes": [""]}),
    kept("cluster.routes[0]", cluster={"port": -1, "routes": ["http://a:1"]}),
    kept("cluster.routes[0]", cluster={"port": -1, "routes": ["nats://:1"]}),
    kept("cluster.routes[0]", cluster={"port": -1, "routes": ["nats://a"]}),
]  # fmt: skip

WARNINGS = [
    kept("max_payload", max_payload="11MB"),
    kept("trace", trace=True),
    kept("cluster.routes", cluster={**NAMED, "port": -1}),
]

DROPPED = [
    ("a port is 1 to 65535", {"port": -1}, "-1 takes a free port, 0 is the default"),
    ("host is not blank", {"host": ""}, "blank is the default"),
    ("max_payload is more than 0", {"max_payload": -1}, "-1 is no limit, 0 the default"),
    ("max_control_line is more than 0", {"max_control_line": 0}, "0 is the default"),
    ("ping_max is more than 0", {"ping_max": 0}, "0 is the default"),
    ("write_deadline is more than 0", {"write_deadline": 0}, "0 is the default"),
    ("JetStream needs a store_dir", {"jetstream": {}}, "a private directory is the default"),
    ("max_memory_store is not 0", {"jetstream": {"max_memory_store": 0}}, "0 is no memory streams"),
    ("max_file_store is not 0", {"jetstream": {"max_file_store": 0}}, "0 is no file streams"),
    (
        "a subject has no $",
        {"authorization": {"users": [
            {"user": "u", "password": "p", "permissions": {"subscribe": "$JS.>"}}]}},
        "the server's own subjects begin with it",
    ),
    (
        "a leaf node's listener imports and exports subjects",
        {"leafnodes": {"port": -1, "host": "127.0.0.1"}},
        "there are no such keys: users have permissions, remotes have deny lists",
    ),
    ("cert files and a store are a warning", {}, "the server refuses them: they are an error"),
    ("a cluster has a name", {"cluster": {"port": -1}}, "the server makes one up, with a warning"),
    ("a named cluster has a port", {"cluster": NAMED}, "leaf nodes tell the name without it"),
    (
        "a route begins with nats:// or nats-route://",
        {"cluster": {**NAMED, "port": -1, "routes": ["tls://127.0.0.1:1"]}},
        "the server passes over the scheme; tls:// is one that people write",
    ),
    (
        "connect_timeout is not negative",
        {"cluster": {**NAMED, "port": -1, "connect_retries": -1}},
        "there is no such key; connect_retries below 0 are none",
    ),
    (
        "changes of port, host, JetStream and cluster are warnings",
        {},
        "what a running server cannot take is RestartRequiredError, before anything is changed",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "path"), ERRORS)
def test_an_error_is_an_error(keys, path):
    """Of a configuration that a program made."""
    with pytest.raises(ConfigError) as caught:
        BrokerConfiguration(**keys).validate()
    assert path in [fault.path for fault in caught.value.errors]


@pytest.mark.parametrize(("keys", "path"), WARNINGS)
def test_a_warning_is_a_warning(keys, path):
    """And the server starts."""
    config = BrokerConfiguration(**{"port": -1, **keys})
    assert path in [fault.path for fault in config.validate()]
    with NatsController(config) as controller:
        assert controller.is_running


@pytest.mark.parametrize(
    ("keys", "reason"), [pytest.param(keys, reason, id=rule) for rule, keys, reason in DROPPED]
)
def test_a_dropped_rule_would_refuse_what_runs(keys, reason):
    """Each has its reason."""
    with NatsController({"port": -1, **keys}) as controller:
        assert controller.is_running, reason


# -- the twelve behaviours -------------------------------------------------------------------------


def paths(config: BrokerConfiguration) -> list[str]:
    """Where the errors of a configuration are."""
    with pytest.raises(ConfigError) as caught:
        config.validate()
    return [fault.path for fault in caught.value.errors]


def permitted(*subjects: str) -> BrokerConfiguration:
    """A user who may receive these subjects only."""
    user = {"user": "u", "password": "p", "permissions": {"subscribe": subjects}}
    return BrokerConfiguration(port=-1, authorization={"users": [user]})


def test_an_invalid_port_is_rejected():
    """99999 is none."""
    assert paths(BrokerConfiguration(port=99_999)) == ["port"]


@pytest.mark.parametrize("subject", ["a..b", ".a", "a.", "a b c"])
def test_bad_subjects_are_rejected(subject):
    """Where the server knows subjects of a leaf node or a user; an inner wildcard is a letter."""
    at = "authorization.users[0].permissions.subscribe.allow[0]"
    assert paths(permitted(subject)) == [at]
    remote = {"urls": "nats://a:1", "deny_exports": [subject]}
    at = "leafnodes.remotes[0].deny_exports[0]"
    assert paths(BrokerConfiguration(leafnodes={"remotes": [remote]})) == [at]


def test_an_empty_subject_is_rejected():
    """It would match nothing."""
    assert paths(permitted("a", "")) == ["authorization.users[0].permissions.subscribe.allow[1]"]


def test_a_misplaced_full_wildcard_is_rejected():
    """Only the last token may be one."""
    assert paths(permitted("a.>.b")) == ["authorization.users[0].permissions.subscribe.allow[0]"]


def test_good_subjects_are_accepted():
    """The server accepts them, too."""
    config = permitted("a", "a.b", "a.b.c", "*", "a.*", "a.*.c", "a.>")
    assert config.validate() == ()
    with NatsController(config) as controller:
        assert controller.is_running


def test_a_leaf_node_port_that_is_the_clients_is_rejected():
    """Two listeners cannot have one port."""
    assert paths(BrokerConfiguration(port=4333, leafnodes={"port": 4333})) == ["leafnodes.port"]


def test_jetstream_without_a_directory_has_a_private_one():
    """The original refused it; the server alone would share one with all others on the host."""
    with NatsController({"port": -1, "jetstream": {}}) as controller:
        assert "dotgnatly-" in controller.varz().jetstream.config.store_dir


def test_a_user_without_a_password_is_rejected():
    """Whoever knows the name would be let in."""
    assert paths(BrokerConfiguration(authorization={"user": "u"})) == ["authorization.password"]


def test_a_leaf_node_user_without_a_password_is_rejected():
    """Likewise."""
    leafnodes = {"port": -1, "authorization": {"user": "u"}}
    config = BrokerConfiguration(leafnodes=leafnodes)
    assert paths(config) == ["leafnodes.authorization.password"]


def test_an_invalid_change_is_rejected(nats_server):
    """The server goes on with what it had."""
    nats_server.update_config(max_payload=2048)
    before = nats_server.varz()
    with pytest.raises(ConfigError):
        nats_server.update_config(max_payload=70_000_000, debug=True)
    after = nats_server.varz()
    assert after.max_payload == 2048
    assert after.config_load_time == before.config_load_time
    assert nats_server.config.max_payload == 2048
    assert nats_server.config.debug is not True


def test_a_valid_change_is_accepted(nats_server):
    """The server does what it says."""
    nats_server.update_config(max_payload=4096)
    assert nats_server.varz().max_payload == 4096


def test_several_errors_are_reported_at_once():
    """One round of corrections is enough."""
    config = BrokerConfiguration(
        port=99_999, ping_max=-1, authorization={"user": "u"}, leafnodes={"port": 70_000}
    )
    assert paths(config) == ["port", "leafnodes.port", "ping_max", "authorization.password"]
