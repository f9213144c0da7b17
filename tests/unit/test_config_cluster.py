"""The ``cluster`` block of a configuration, and compression."""

import pytest

from dotgnatly.config import ClusterConfiguration, CompressionConfiguration


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, True),
        ("s2_Fast", "s2_fast"),
        ({"mode": "s2_best"}, "s2_best"),
        (
            {"mode": True, "rtt_thresholds": [0.01, "20ms"]},
            {"mode": "on", "rtt_thresholds": ["10ms", "20ms"]},
        ),
        ({"thresholds": ["1s"]}, {"rtt_thresholds": ["1s"]}),
        ({}, {}),
    ],
)
def test_compression_is_written_as_the_server_reads_it(value, written):
    """In a block a mode is a string; by itself it can be true as well."""
    cluster = ClusterConfiguration(compression=value)
    cluster.validate()
    assert cluster.to_dict() == {"compression": written}


def test_a_mode_stands_for_the_block():
    """A program reads one form only."""
    cluster = ClusterConfiguration(compression="accept")
    assert cluster.compression == CompressionConfiguration(mode="accept")


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"authorization": {"users": [{"user": "a"}]}}, ["authorization.users"]),
        ({"authorization": {"token": "a"}}, ["authorization.token"]),
        ({"compression": "zip"}, ["compression.mode"]),
        ({"compression": {"mode": 5}}, ["compression.mode"]),
        ({"routes": [5]}, ["routes[0]"]),
        ({"port": -2}, ["port"]),
        ({"permissions": {"import": 5}}, ["permissions.publish"]),
        ({"permissions": {"import": "a q"}}, ["permissions.publish.allow[0]"]),
        ({"permissions": {"export": {"deny": ["a", "a q"]}}}, ["permissions.subscribe.deny[1]"]),
        ({"permissions": {"allow_responses": True}}, ["permissions.allow_responses"]),
        ({"authorization": {"users": []}}, ["authorization.users"]),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(fields, paths):
    """It comes out before a server is asked."""
    cluster = ClusterConfiguration.from_dict(fields)
    assert [fault.path for fault in cluster.faults()] == paths
