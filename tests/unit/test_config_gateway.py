"""The ``gateway`` block of a configuration."""

import pytest

from dotgnatly.config import BrokerConfiguration, GatewayConfiguration, GatewayRemoteConfiguration


def test_every_spelling_of_a_key_is_the_same_field():
    """What is written back has one spelling."""
    keys = {"Listen": "h:7222", "reject_unknown": True, "gateways": [{"url": "nats://h"}]}
    assert GatewayConfiguration.from_dict(keys).to_dict() == {
        "host": "h",
        "port": 7222,
        "gateways": [{"urls": ["nats://h"]}],
        "reject_unknown_cluster": True,
    }


def test_a_change_of_the_port_keeps_the_rest():
    """Blocks merge key by key, also those that once were dicts."""
    config = BrokerConfiguration(gateway={"name": "A", "port": 7222, "advertise": "h:1"})
    changed = config.merge({"gateway": {"PORT": 7223, "advertise": None}})
    assert changed.gateway == GatewayConfiguration(name="A", port=7223)


def test_what_was_written_is_read_as_the_same(reread):
    """Nothing is lost between Python and nats-server's parser."""
    gateway = GatewayConfiguration(
        name="A",
        host="127.0.0.1",
        port=-1,
        advertise="h:7222",
        authorization={"user": "a", "password": "b", "timeout": 2},
        tls={"timeout": 1.5},
        gateways=[GatewayRemoteConfiguration(name="B", urls=["nats://a:b@h:7222"])],
        reject_unknown_cluster=True,
        connect_retries=3,
        connect_backoff=True,
        write_deadline="5s",
        write_timeout="close",
    )
    assert reread(gateway=gateway).gateway == gateway


def test_the_remotes_urls_are_shown_without_passwords():
    """A configuration ends up in logs."""
    remote = GatewayRemoteConfiguration(name="B", urls="nats://user:secret@h:7222")
    assert repr(remote) == "GatewayRemoteConfiguration(name='B', urls=['nats://***@h:7222'])"


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"port": 70_000}, ["port"]),
        ({"gateways": {"name": "B"}}, ["gateways"]),
        ({"gateways": [{"name": 5}]}, ["gateways[0].name"]),
        ({"authorization": {"users": [{"user": "a"}]}}, ["authorization.users"]),
        ({"authorization": {"token": "a"}}, ["authorization.token"]),
        ({"tls": {"cert_file": "c"}}, ["tls.key_file"]),
        ({"write_timeout": "never"}, ["write_timeout"]),
        ({"tls": {"verify_cert_and_check_known_urls": True}}, []),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    gateway = GatewayConfiguration.from_dict(fields)
    assert [fault.path for fault in gateway.faults()] == paths
