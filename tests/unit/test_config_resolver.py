"""The ``resolver`` block of a configuration, and the strings that stand in its place."""

import pytest

from dotgnatly import ConfigError, conffile
from dotgnatly.config import BrokerConfiguration, ResolverConfiguration


@pytest.mark.parametrize(
    "written", ["MEMORY", "mem", " Memory ", {"type": "MEM"}, ResolverConfiguration(type="memory")]
)
def test_all_spellings_of_memory_are_the_same_block(written):
    """A program reads one form only."""
    config = BrokerConfiguration(resolver=written)
    config.validate()
    assert config.resolver == ResolverConfiguration(type="memory")


@pytest.mark.parametrize("written", ["URL(http://a/b)", 'url( "http://a/b" )', "Url(http://a/b) "])
def test_a_url_has_one_spelling(written):
    """No key of the block can say it, so it stays a string."""
    config = BrokerConfiguration(resolver=written)
    config.validate()
    assert config.resolver == "URL(http://a/b)"


@pytest.mark.parametrize(
    "keys",
    [
        {"type": "memory"},
        "URL(http://user:password@127.0.0.1:1/jwt/)",
        {"type": "full", "allow_delete": True, "hard_delete": False, "interval": "2m", "limit": 5},
        {"type": "full", "ttl": 0, "timeout": "3s"},
        {"type": "cache", "ttl": "1h", "limit": 5, "timeout": "3s", "allow_delete": False},
    ],
)
def test_what_was_written_is_read_as_the_same(reread, tmp_path, keys):
    """Nothing is lost between Python and nats-server's parser, and what it takes is no fault."""
    if isinstance(keys, dict) and keys["type"] != "memory":
        keys = keys | {"dir": tmp_path}
    config = BrokerConfiguration(resolver=keys)
    config.validate()
    assert reread(resolver=keys) == config


def test_the_url_is_shown_without_user_and_password():
    """A configuration ends up in logs."""
    config = BrokerConfiguration(resolver="URL(http://user:canary@host/jwt)")
    assert repr(config) == "BrokerConfiguration(resolver='URL(http://***@host/jwt)')"


def test_a_string_takes_the_place_of_the_block():
    """There is nothing to merge."""
    config = BrokerConfiguration(resolver={"type": "full", "dir": "/a"})
    assert config.merge({"resolver": "URL(http://a)"}).resolver == "URL(http://a)"


def test_a_key_that_the_server_passes_over_is_kept_as_it_is():
    """nats-server reads these keys in lower case only; others have no effect there."""
    keys = {"type": "full", "dir": "/a", "Limit": 5}
    assert ResolverConfiguration.from_conf(keys).to_dict() == keys
    with pytest.raises(ConfigError, match="unknown field `Limit`"):
        ResolverConfiguration.from_dict(keys)


@pytest.mark.parametrize(
    ("resolver", "path"),
    [
        ("http://host/jwt", "resolver"),
        (5, "resolver"),
        ({}, "resolver.type"),
        ({"type": "disk"}, "resolver.type"),
        ({"type": "full"}, "resolver.dir"),
        ({"type": "cache"}, "resolver.dir"),
        ({"type": "full", "dir": "{dir}", "ttl": "1h"}, "resolver.ttl"),
        ({"type": "full", "dir": "{dir}", "hard_delete": True}, "resolver.hard_delete"),
        ({"type": "cache", "dir": "{dir}", "interval": "1m"}, "resolver.interval"),
        ({"type": "cache", "dir": "{dir}", "allow_delete": True}, "resolver.allow_delete"),
        ({"type": "cache", "dir": "{dir}", "hard_delete": False}, "resolver.hard_delete"),
    ],
)
def test_what_the_server_refuses_is_a_fault(tmp_path, resolver, path):
    """It comes out before a server is asked, which agrees."""
    if isinstance(resolver, dict) and "dir" in resolver:
        resolver = resolver | {"dir": tmp_path}
    config = BrokerConfiguration(resolver=resolver)
    assert path in [fault.path for fault in config.faults()]
    with pytest.raises(ConfigError):
        BrokerConfiguration.from_text(conffile.render(config).decode())
