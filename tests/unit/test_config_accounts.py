"""The ``accounts`` block of a configuration."""

import pytest

from dotgnatly import ConfigError
from dotgnatly.config import (
    AccountConfiguration,
    AccountJetStreamConfiguration,
    AccountLimitsConfiguration,
    BrokerConfiguration,
    ExportConfiguration,
    ImportConfiguration,
    MappingConfiguration,
)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, AccountJetStreamConfiguration()),
        ("enabled", AccountJetStreamConfiguration()),
        (
            {"mem": "1K", "disk": "1KB"},
            AccountJetStreamConfiguration(max_memory=1000, max_file=1024),
        ),
        ("disabled", False),
        (False, False),
    ],
)
def test_what_stands_for_the_jetstream_block_becomes_one(value, kept):
    """A program reads one form only."""
    account = AccountConfiguration(jetstream=value)
    account.validate()
    assert account.jetstream == kept


@pytest.mark.parametrize(
    ("value", "destinations"),
    [
        ("b", [("b", 100)]),
        ({"destination": "b", "weight": 50}, [("b", 50)]),
        ([{"dest": "b", "weight": "10%"}, {"dest": "c", "weight": 20}], [("b", 10), ("c", 20)]),
        (MappingConfiguration(destination="b", weight=5), [("b", 5)]),
    ],
)
def test_a_mapping_is_a_list_of_destinations(value, destinations):
    """nats-server takes a subject, a destination, and a list of them."""
    account = AccountConfiguration(mappings={"a": value})
    account.validate()
    assert [(d.destination, d.weight) for d in account.mappings["a"]] == destinations


def test_no_word_is_the_system_account():
    """nats-server takes the empty string for it."""
    jetstream = AccountJetStreamConfiguration(cluster_traffic="")
    assert jetstream == AccountJetStreamConfiguration(cluster_traffic="system")


@pytest.mark.parametrize("trace", ["a.b", {"dest": "a.b"}])
def test_a_subject_stands_for_a_trace_destination(trace):
    """nats-server takes both."""
    assert AccountConfiguration(msg_trace=trace).to_dict() == {"msg_trace": {"dest": "a.b"}}


@pytest.mark.parametrize(
    ("latency", "written"),
    [
        ("a", {"subject": "a"}),
        ({"subject": "a", "sampling": "50%"}, {"subject": "a", "sampling": 50}),
        ({"subject": "a", "sampling": "Headers"}, {"subject": "a", "sampling": "headers"}),
    ],
)
def test_a_subject_stands_for_a_latency_block(latency, written):
    """nats-server takes both."""
    export = ExportConfiguration(service="s", latency=latency)
    export.validate()
    assert export.to_dict() == {"service": "s", "latency": written}


def test_a_response_type_has_one_name():
    """nats-server knows each under several."""
    assert ExportConfiguration(service="s", response_type="Chunked").response_type == "chunk"


def test_a_name_that_is_there_twice_is_refused():
    """A list of accounts has every name once."""
    with pytest.raises(ConfigError, match="accounts: a name is in the list twice"):
        BrokerConfiguration(accounts=["A", "A"])


@pytest.mark.parametrize(
    ("block", "paths"),
    [
        (AccountConfiguration(users=[{}]), ["users[0]"]),
        (AccountConfiguration(mappings={"a": {"destination": "b"}}), ["mappings.a[0].weight"]),
        (
            AccountConfiguration(mappings={"a": {"destination": "b", "weight": 101}}),
            ["mappings.a[0].weight"],
        ),
        (AccountConfiguration(msg_trace={"sampling": 0}), ["msg_trace.sampling"]),
        (AccountConfiguration(jetstream={"cluster_traffic": "all"}), ["jetstream.cluster_traffic"]),
        (AccountLimitsConfiguration(max_connections=1 << 31), ["max_connections"]),
        (AccountLimitsConfiguration(max_payload="4GB"), ["max_payload"]),
        (ExportConfiguration(), [""]),
        (ExportConfiguration(stream="a", service="b"), [""]),
        (ExportConfiguration(stream="a", latency="b"), ["latency"]),
        (ExportConfiguration(service="a", latency="b", response_type="stream"), ["latency"]),
        (ExportConfiguration(service="a", latency={"sampling": 5}), ["latency.subject"]),
        (ImportConfiguration(stream={"account": "A"}), ["stream.subject"]),
        (
            ImportConfiguration(service={"account": "A", "subject": "s"}, allow_trace=True),
            ["allow_trace"],
        ),
        (
            ImportConfiguration(stream={"account": "A", "subject": "s"}, to="b", prefix="c"),
            ["prefix"],
        ),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(block, paths):
    """It comes out before a server is asked."""
    assert [fault.path for fault in block.faults()] == paths
