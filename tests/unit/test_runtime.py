"""What the library says of itself."""

import re

import dotgnatly


def test_versions_are_those_of_what_is_inside(nats_server):
    """For a report of a fault."""
    versions = dotgnatly.versions()
    assert list(versions) == ["dotgnatly", "go", "nats_go", "nats_server"]
    assert versions["nats_server"] == nats_server.varz().version
    assert all(re.match(r"\d+\.\d+", version) for version in versions.values())
