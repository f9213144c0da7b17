"""The ``leafnodes`` block of a configuration."""

import pytest

from dotgnatly.config import (
    JetStreamClusterMigrateConfiguration,
    LeafNodeConfiguration,
    LeafNodeRemoteConfiguration,
)


def test_a_single_url_is_a_list_of_one():
    """nats-server has a key for each of them."""
    assert LeafNodeRemoteConfiguration.from_dict({"url": "nats://h"}).urls == ("nats://h",)


@pytest.mark.parametrize(
    ("value", "kept"),
    [(True, JetStreamClusterMigrateConfiguration()), (False, False)],
)
def test_true_is_the_block_of_defaults(value, kept):
    """The delay has a default."""
    remote = LeafNodeRemoteConfiguration(jetstream_cluster_migrate=value)
    remote.validate()
    assert remote.jetstream_cluster_migrate == kept


def test_a_key_that_the_server_passes_over_is_kept_as_it_is():
    """nats-server reads these keys in lower case only; others have no effect there."""
    keys = {"Leader_Migrate_Delay": "5s"}
    assert JetStreamClusterMigrateConfiguration.from_conf(keys).to_dict() == keys


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"authorization": {"user": "a", "users": [{"user": "b"}]}}, ["authorization.user"]),
        ({"authorization": {"nkey": "a", "users": [{"user": "b"}]}}, ["authorization.nkey"]),
        ({"remotes": [{"creds": "/a", "seed": "b"}]}, ["remotes[0].nkey"]),
        ({"remotes": [{"proxy": {"username": "b"}}]}, ["remotes[0].proxy.url"]),
        ({"remotes": [{"proxy": {"url": "u", "username": "b"}}]}, ["remotes[0].proxy.password"]),
        ({"remotes": [{"deny_imports": ["a", "a q"]}]}, ["remotes[0].deny_imports[1]"]),
        (
            {"remotes": [{"proxy": {"url": "https://h:1", "tls": {"verify": False}}}]},
            ["remotes[0].proxy.tls.verify"],
        ),
        (
            {"tls": {"verify_cert_and_check_known_urls": True}},
            ["tls.verify_cert_and_check_known_urls"],
        ),
        ({"remotes": [{}, {"dial_timeout": "x"}]}, ["remotes[1].dial_timeout"]),
        ({"remotes": {"url": "nats://h"}}, ["remotes"]),
        ({"reconnect": "x"}, ["reconnect"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    leafnodes = LeafNodeConfiguration.from_dict(fields)
    assert [fault.path for fault in leafnodes.faults()] == paths


@pytest.mark.parametrize(
    "proxy",
    [
        {},
        {"url": "http://h:1"},
        {"url": "u", "username": "a", "password": "b"},
        {"url": "https://h:1", "tls": {"insecure": True, "certificates": []}},
    ],
)
def test_what_the_server_takes_is_no_fault(proxy):
    """A file that nats-server reads starts a server here."""
    LeafNodeConfiguration(remotes=[{"proxy": proxy}]).validate()
