"""The difference between two configurations: what people see of a change."""

import pytest

from dotgnatly import BrokerConfiguration
from dotgnatly.diff import compare

CANARY = "canary"


def lines(before, after):
    """The difference as people read it."""
    return str(compare(BrokerConfiguration(**before), BrokerConfiguration(**after))).splitlines()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param({}, {"debug": True}, ["debug: (not set) -> True"], id="set"),
        pytest.param({"debug": True}, {}, ["debug: True -> (not set)"], id="unset"),
        pytest.param({"ping_max": 3}, {"ping_max": 4}, ["ping_max: 3 -> 4"], id="changed"),
        pytest.param(
            {"jetstream": {"domain": "a"}},
            {"jetstream": {"domain": "b"}},
            ["jetstream.domain: 'a' -> 'b'"],
            id="in-a-block",
        ),
        pytest.param(
            {},
            {"jetstream": {}},
            ["jetstream: (not set) -> JetStreamConfiguration()"],
            id="an-empty-block",
        ),
        pytest.param(
            {},
            {"cluster": {"name": "c", "port": -1}},
            ["cluster.name: (not set) -> 'c'", "cluster.port: (not set) -> -1"],
            id="a-block-comes",
        ),
        pytest.param(
            {"accounts": {"A": {}}},
            {"accounts": {"B": {}}},
            [
                "accounts.A: AccountConfiguration() -> (not set)",
                "accounts.B: (not set) -> AccountConfiguration()",
            ],
            id="in-a-map",
        ),
        pytest.param(
            {"server_tags": ["a"]},
            {"server_tags": ["a", "b"]},
            ["server_tags: ['a'] -> ['a', 'b']"],
            id="a-list",
        ),
    ],
)
def test_a_change_is_one_line(before, after, said):
    """What changed, from what, to what."""
    assert lines(before, after) == said


def test_what_is_equal_however_written_does_not_differ():
    """Nobody has to know how it was spelt."""
    assert not lines({"max_payload": "2MB", "ping_interval": "90s"}, {
        "max_payload": 2 << 20, "ping_interval": 90,
    })  # fmt: skip


def test_what_was_reset_does_not_differ_from_what_was_never_set():
    """None is back to the default."""
    assert not lines({"debug": None}, {})


def users(*names, **changed):
    """A configuration with these users, some with other passwords."""
    entries = [{"user": name, "password": changed.get(name, CANARY)} for name in names]
    return {"authorization": {"users": entries}}


def test_an_entry_of_a_list_is_compared_with_what_it_was():
    """Wherever it stands now."""
    said = lines(users("ann", "bob", "eve"), users("eve", "ann", bob="x"))
    bob = "UserConfiguration(user='bob', password='***')"
    assert said == [f"authorization.users[1]: {bob} -> (not set)"]


def test_a_changed_entry_of_a_list_is_named_by_its_key():
    """And by where it stands now."""
    said = lines(users("ann", "bob"), users("bob", "ann", ann="x"))
    assert said == ["authorization.users[1].password: '***' -> '***'"]


def test_the_order_of_a_list_is_a_change():
    """The first of several URLs is the first to be tried."""
    said = lines(users("ann", "bob"), users("bob", "ann"))
    assert len(said) == 1
    assert said[0].startswith("authorization.users: [")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"authorization": {"token": CANARY}}, {"authorization": {"token": CANARY + "2"}}),
        ({}, {"cluster": {"routes": [f"nats://u:{CANARY}@h:1"]}}),
        (users("ann"), {}),
        ({}, {"accounts": {"A": users("ann")["authorization"]}}),
        ({"jetstream": {"encryption_key": CANARY}}, {"jetstream": {}}),
    ],
)
def test_secrets_are_not_shown(before, after):
    """A difference goes to logs and tickets."""
    diff = compare(BrokerConfiguration(**before), BrokerConfiguration(**after))
    assert diff
    assert CANARY not in str(diff) + repr(diff)


def test_a_diff_can_be_asked():
    """For the paths, one path, and how many."""
    diff = compare(BrokerConfiguration(), BrokerConfiguration(debug=True, port=1))
    assert diff.paths == ("port", "debug")
    assert "debug" in diff
    assert "trace" not in diff
    assert [change.path for change in diff] == ["port", "debug"]
    assert len(diff) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"debug": True, "port": 1}, {"port": 2, "trace": True}),
        ({"jetstream": {"domain": "a", "strict": True}}, {"jetstream": {"domain": "b"}}),
        ({"jetstream": {}}, {}),
        ({}, {"jetstream": {}}),
        ({"accounts": {"A": {}, "B": {"nkey": "x"}}}, {"accounts": {"B": {}, "C": {}}}),
        ({"accounts": {"A": {"jetstream": False}}}, {"accounts": {"A": {"jetstream": {}}}}),
        (users("ann", "bob"), users("bob")),
    ],
)
def test_a_delta_makes_one_of_the_other(before, after):
    """So a change made by a function is one that a reload keeps."""
    before, after = BrokerConfiguration(**before), BrokerConfiguration(**after)
    assert before.merge(before.delta(after)) == after
    change = BrokerConfiguration().merge(before.delta(after), keep_none=True)
    assert before.merge(change) == after
