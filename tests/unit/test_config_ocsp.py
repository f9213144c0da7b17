"""The ``ocsp`` and ``ocsp_cache`` blocks of a configuration."""

import pytest

from dotgnatly import ConfigError
from dotgnatly.config import BrokerConfiguration, OcspCacheConfiguration, OcspConfiguration


@pytest.mark.parametrize(
    ("switch", "ocsp", "cache"),
    [
        (True, OcspConfiguration(mode="auto"), OcspCacheConfiguration(type="local")),
        (False, OcspConfiguration(mode="never"), OcspCacheConfiguration(type="none")),
    ],
)
def test_a_switch_stands_for_the_block(switch, ocsp, cache):
    """A program reads one form only."""
    config = BrokerConfiguration(ocsp=switch, ocsp_cache=switch)
    assert (config.ocsp, config.ocsp_cache) == (ocsp, cache)


def test_modes_and_types_are_read_in_any_case():
    """nats-server does so too."""
    assert OcspConfiguration(mode="MUST").mode == "must"
    assert OcspCacheConfiguration(type="Local").type == "local"


def test_what_was_written_is_read_as_the_same(reread, tmp_path):
    """Nothing is lost between Python and nats-server's parser."""
    ocsp = OcspConfiguration(mode="always", url="http://a:b@127.0.0.1:1")
    cache = OcspCacheConfiguration(
        type="local", local_store=tmp_path, preserve_revoked=True, save_interval="10m"
    )
    config = reread(ocsp=ocsp, ocsp_cache=cache)
    assert (config.ocsp, config.ocsp_cache) == (ocsp, cache)


def test_the_url_is_shown_without_user_and_password():
    """A configuration ends up in logs."""
    assert "b@" not in repr(OcspConfiguration(url="http://a:b@host"))


def test_keys_of_ocsp_are_in_lower_case_only():
    """nats-server refuses other ones."""
    with pytest.raises(ConfigError, match=r"ocsp\.Mode: unknown field `Mode`"):
        BrokerConfiguration(ocsp={"Mode": "auto"})


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"ocsp": {"mode": "perhaps"}}, ["ocsp.mode"]),
        ({"ocsp": "always"}, ["ocsp"]),
        ({"ocsp_cache": {"type": "remote"}}, ["ocsp_cache.type"]),
        ({"ocsp_cache": {"save_interval": "soon"}}, ["ocsp_cache.save_interval"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in BrokerConfiguration(**fields).faults()] == paths
