"""The top level of a configuration: addresses, contradictions, sources."""

import copy
import pickle

import pytest
from msgspec import UNSET

import dotgnatly.config
from dotgnatly import ConfigError
from dotgnatly.config import BrokerConfiguration, Source


@pytest.mark.parametrize(
    ("keys", "fields"),
    [
        ({"listen": "127.0.0.1:4333"}, {"host": "127.0.0.1", "port": 4333}),
        ({"listen": "[::1]:-1"}, {"host": "::1", "port": -1}),
        ({"listen": ":4333"}, {"host": "", "port": 4333}),
        ({"listen": 4333}, {"port": 4333}),
        ({"http": 8222}, {"http_port": 8222}),
        ({"http": "h:8222"}, {"http_host": "h", "http_port": 8222}),
        ({"https": "h:8443"}, {"http_host": "h", "https_port": 8443}),
        ({"http": "h:1", "https": "h:2"}, {"http_host": "h", "http_port": 1, "https_port": 2}),
        ({"gateway": {"listen": "h:1"}}, {"gateway": {"host": "h", "port": 1}}),
        ({"websocket": {"listen": "h:1"}}, {"websocket": {"host": "h", "port": 1}}),
        ({"mqtt": {"listen": "h:1"}}, {"mqtt": {"host": "h", "port": 1}}),
        ({"cluster": {"listen": "h:1"}}, {"cluster": {"host": "h", "port": 1}}),
        ({"leafnodes": {"listen": 7422}}, {"leafnodes": {"port": 7422}}),
    ],
)
def test_an_address_is_a_host_and_a_port(keys, fields):
    """Changing one of the two leaves the other."""
    assert BrokerConfiguration.from_dict(keys) == BrokerConfiguration(**fields)


@pytest.mark.parametrize(
    "address", ["4333", "h", "h:", "h:x", "a:b:1", "[::1]", True, 1.5, ["h:1"]]
)
def test_an_address_that_is_none_is_refused(address):
    """It says which key it was."""
    with pytest.raises(ConfigError, match="listen: expected a port or host:port"):
        BrokerConfiguration.from_dict({"listen": address})


def test_a_change_of_the_monitoring_port_keeps_its_host():
    """Else a change of the port would open monitoring to the network."""
    config = BrokerConfiguration.from_dict({"http": "127.0.0.1:8222"}).merge({"http_port": 8223})
    assert config.to_conf_keys() == {"http": "127.0.0.1:8223"}


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"http_port": 1}, {"http_port": 1}),
        ({"http_host": "::1", "http_port": 1}, {"http": "[::1]:1"}),
        ({"http_host": "h", "https_port": 1}, {"https": "h:1"}),
        ({"http_host": "h"}, {}),
    ],
)
def test_the_monitoring_host_is_written_with_its_port(fields, keys):
    """nats-server has no key for the host alone."""
    assert BrokerConfiguration(**fields).to_conf_keys() == keys


@pytest.mark.parametrize(
    ("flags", "written"),
    [
        ({"trace": True, "trace_verbose": False}, {"trace": True}),
        ({"trace_headers": True, "trace_verbose": False}, {"trace_headers": True}),
        ({"trace": False, "trace_verbose": False}, {"trace": False, "trace_verbose": False}),
    ],
)
def test_no_key_is_written_that_another_one_undoes(flags, written):
    """nats-server applies keys in random order, and each of these sets ``trace``."""
    assert BrokerConfiguration(**flags).to_conf_keys() == written


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"trace": False, "trace_verbose": True}, "trace"),
        (
            {"resolver_tls": {"verify_cert_and_check_known_urls": True}},
            "resolver_tls.verify_cert_and_check_known_urls",
        ),
        ({"store_dir": "/a", "jetstream": {"store_dir": "/b"}}, "store_dir"),
    ],
)
def test_contradictions_are_faults(fields, path):
    """What cannot all be honoured is refused."""
    assert [fault.path for fault in BrokerConfiguration(**fields).faults()] == [path]


def test_a_configuration_made_in_python_has_no_source():
    """There is no file to read again."""
    assert BrokerConfiguration(port=1).source is None


@pytest.mark.parametrize(
    "same",
    [
        lambda config: config.replace(debug=True),
        lambda config: config.merge({"debug": True}),
        lambda config: config.merge(BrokerConfiguration(debug=True), keep_none=True),
        copy.copy,
        copy.deepcopy,
        lambda config: pickle.loads(pickle.dumps(config)),
    ],
    ids=["replace", "merge", "keep_none", "copy", "deepcopy", "pickle"],
)
def test_the_source_stays_with_the_configuration(same):
    """A changed configuration can still be read again below its changes."""
    source = Source(kind="file", path="/a.conf")
    config = BrokerConfiguration.from_conf({"port": 1}, source)
    assert same(config).source == source


def test_the_source_is_not_compared():
    """Where it was written does not change what it says."""
    from_file = BrokerConfiguration.from_conf({"port": 1}, Source(kind="file", path="/a.conf"))
    assert from_file == BrokerConfiguration(port=1)


def test_a_reset_says_none_of_every_key():
    """Merged, it leaves nothing that was set."""
    config = BrokerConfiguration(port=1, jetstream=True, accounts=["A"])
    assert config.merge(BrokerConfiguration.reset()) == BrokerConfiguration()


def test_every_field_is_unset_at_first():
    """Only what was set is sent."""
    config = BrokerConfiguration()
    assert all(getattr(config, name) is UNSET for name in config.__struct_fields__)


def test_every_public_name_has_a_home():
    """Classes are imported when they are first used."""
    assert sorted(dotgnatly.config._HOME) == dotgnatly.config.__all__
    assert all(
        isinstance(getattr(dotgnatly.config, name), type) for name in dotgnatly.config.__all__
    )
