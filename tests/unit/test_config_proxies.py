"""The ``proxies`` block of a configuration."""

import pytest

from dotgnatly.config import ProxiesConfiguration, TrustedProxyConfiguration

KEY = "NCRPZ7DEMGOMBMYP54FMXPDS33EN5YCLYHILLO6VY5J776UX37CR3VTJ"


def test_both_spellings_of_the_key_are_the_same_field(reread):
    """And nats-server's parser reads what was written as the same."""
    proxies = ProxiesConfiguration.from_dict({"trusted": [{"public_key": KEY}]})
    assert proxies.trusted == (TrustedProxyConfiguration(key=KEY),)
    assert reread(proxies=proxies).proxies == proxies


def test_a_public_key_is_no_secret():
    """It says which proxy is meant."""
    assert KEY in repr(TrustedProxyConfiguration(key=KEY))


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"trusted": KEY}, ["trusted"]),
        ({"trusted": [KEY]}, ["trusted[0]"]),
        ({"trusted": [{"key": 5}]}, ["trusted[0].key"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in ProxiesConfiguration(**fields).faults()] == paths
