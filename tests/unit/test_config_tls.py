"""The ``tls`` block of a configuration."""

from datetime import timedelta

import pytest

from dotgnatly.config import OcspPeerConfiguration, TlsConfiguration


@pytest.mark.parametrize(
    ("value", "kept", "written"),
    [
        (True, True, True),
        ("off", False, False),
        ("auto_fallback", "auto", "auto"),
        ("250ms", timedelta(milliseconds=250), "250ms"),
        (1, timedelta(seconds=1), "1s"),
    ],
)
def test_handshake_first_is_a_switch_or_a_duration(value, kept, written):
    """A number is a number of seconds, also where 1 could be taken for true."""
    tls = TlsConfiguration(handshake_first=value)
    tls.validate()
    assert (tls.handshake_first, type(tls.handshake_first)) == (kept, type(kept))
    assert tls.to_dict() == {"handshake_first": written}


def test_a_fingerprint_is_kept_in_lower_case():
    """nats-server compares it so."""
    assert TlsConfiguration(pinned_certs="AB" * 32).pinned_certs == ("ab" * 32,)


def test_a_switch_stands_for_the_ocsp_block():
    """nats-server takes both."""
    assert TlsConfiguration(ocsp_peer=True).ocsp_peer == OcspPeerConfiguration(verify=True)


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"cert_file": "c"}, ["key_file"]),
        ({"key_file": "k"}, ["cert_file"]),
        ({"certs": [{"cert_file": "c"}]}, ["certs[0].key_file"]),
        (
            {"cert_file": "c", "key_file": "k", "certs": [{"cert_file": "c", "key_file": "k"}]},
            ["certs"],
        ),
        ({"verify": False, "verify_and_map": True}, ["verify"]),
        ({"handshake_first": "soon"}, ["handshake_first"]),
        ({"min_version": "1.1"}, ["min_version"]),
        ({"cipher_suites": [1]}, ["cipher_suites[0]"]),
        ({"curve_preferences": ["X25519", "P256"]}, ["curve_preferences[1]"]),
        ({"pinned_certs": ["ab"]}, ["pinned_certs[0]"]),
        ({"cert_store": "linux"}, ["cert_store"]),
        ({"timeout": True}, ["timeout"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in TlsConfiguration(**fields).faults()] == paths
