"""What all blocks have in common: values, names, changes, faults and secrets."""

import copy
import pickle
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import UNSET

from dotgnatly import ConfigError
from dotgnatly.config import (
    AccountConfiguration,
    BrokerConfiguration,
    ClusterConfiguration,
    JetStreamConfiguration,
    TlsConfiguration,
    UserConfiguration,
)
from dotgnatly.config import _units as units

SECRET = "canary"


def faults(config):
    """The faults of a configuration by their paths."""
    with pytest.raises(ConfigError) as caught:
        config.validate()
    return {fault.path: fault.message for fault in caught.value.errors}


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("-1", -1),
        ("1k", 1000),
        ("1K", 1000),
        ("1kb", 1024),
        ("1Ki", 1024),
        ("1KiB", 1024),
        ("64MB", 64 << 20),
        ("3G", 3_000_000_000),
        ("1tib", 1 << 40),
        ("2P", 2 * 10**15),
        ("1EB", 1 << 60),
        ("1.5GB", None),
        ("64 MB", None),
        ("12 parsecs", None),
        ("1KIBB", None),
        ("", None),
    ],
)
def test_sizes_have_the_units_of_the_configuration_file(text, size):
    """A unit of one letter counts in thousands, a longer one in 1024, as nats-server reads them."""
    assert units.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("5s", 5 * 10**9),
        ("2m30s", 150 * 10**9),
        ("1h1m1s1ms1us1ns", 3_661_001_001_001),
        ("1.5h", 5_400 * 10**9),
        (".5s", 5 * 10**8),
        ("1.s", 10**9),
        ("-1m", -60 * 10**9),
        ("+1µs", 1_000),
        ("1μs", 1_000),
        ("5", None),
        ("1d", None),
        ("1 s", None),
        ("s", None),
        ("", None),
    ],
)
def test_durations_are_those_of_go(text, ns):
    """What nats-server's parser takes for a duration is one here, and nothing else is."""
    assert units.parse_duration(text) == ns


@pytest.mark.parametrize("ns", [0, 1, 999, 1_500, 10**9, 150 * 10**9, -1, 3_661_001_001_001, 2**62])
def test_a_written_duration_is_read_as_the_same(ns):
    """No nanosecond is lost on the way to the server."""
    assert units.parse_duration(units.format_duration(ns)) == ns


@pytest.mark.parametrize(
    "same",
    [
        [{"max_payload": size} for size in (65_536, "65536", "64KB", "64kib")],
        [{"ping_interval": time} for time in (150, 150.0, "2m30s", timedelta(seconds=150))],
        [{"log_file": path} for path in ("a/b", Path("a/b"))],
        [{"server_tags": tags} for tags in ("a", ["a"], ("a",))],
        [{"jetstream": on} for on in (True, "enabled", {"enabled": True}, {"enable": True})],
        [{"accounts": names} for names in (["A"], {"A": {}}, {"A": AccountConfiguration()})],
        [{"mappings": {"a": to}} for to in ("b", {"dest": "b", "weight": "100%"})],
        [{"tls": {"timeout": time}} for time in (1, "1s", "1000ms")],
        [{"tls": {"handshake_first": first}} for first in (True, "on", "TRUE")],
        [{"websocket": {"port": -1, "handshake_timeout": t}} for t in ("5s", timedelta(seconds=5))],
        [{"cluster": {"compression": on}} for on in (True, "on", "Enabled", {"mode": "TRUE"})],
        [{"leafnodes": {"compression": mode}} for mode in ("s2_fast", "Fast", {"mode": "fast"})],
        [{"gateway": {"gateways": [{"urls": urls}]}} for urls in ("nats://h", ["nats://h"])],
        [{"ocsp": on} for on in (True, {"mode": "auto"}, {"mode": "AUTO"})],
        [{"resolver": memory} for memory in ("MEMORY", "mem", {"type": "Memory"})],
        [{"operator": file} for file in ("a.jwt", Path("a.jwt"), ["a.jwt"], [Path("a.jwt")])],
        [{"max_traced_msg_len": size} for size in (1024, "1KB")],
    ],
    ids=lambda same: str(same[0]).translate(dict.fromkeys(map(ord, "{}' "))),
)
def test_equal_values_are_equal_however_they_are_written(same):
    """A comparison of configurations says what has changed, not who wrote it."""
    first, *others = (BrokerConfiguration(**keys) for keys in same)
    assert all(first == other for other in others)


def test_a_duration_finer_than_a_microsecond_stays_exact():
    """A timedelta cannot hold it, so it stays a text."""
    assert BrokerConfiguration(write_deadline="1500ns").write_deadline == "1us500ns"


def test_sizes_are_integers_and_durations_timedeltas():
    """Programs compute with what they read."""
    config = BrokerConfiguration(max_payload="1MB", ping_interval="90s")
    assert (config.max_payload, config.ping_interval) == (1 << 20, timedelta(seconds=90))


def test_a_plain_dict_stands_for_a_block():
    """Blocks need no import."""
    config = BrokerConfiguration(cluster={"name": "C", "tls": {"insecure": True}})
    assert config.cluster == ClusterConfiguration(name="C", tls=TlsConfiguration(insecure=True))


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "fields"),
    [
        ({"net": "::1", "max_conn": 5}, {"host": "::1", "max_connections": 5}),
        (
            {"MONITOR_PORT": 8222, "Leaf": {"NET": "h"}},
            {"http_port": 8222, "leafnodes": {"host": "h"}},
        ),
        (
            {"authorization": {"username": "a", "pass": "b"}},
            {"authorization": {"user": "a", "password": "b"}},
        ),
        (
            {"jetstream": {"max_mem": 5, "ek": "x"}},
            {"jetstream": {"max_memory_store": 5, "encryption_key": "x"}},
        ),
    ],
)
def test_every_spelling_of_a_key_is_the_same_field(keys, fields):
    """What nats-server reads as one key is one field, in any letter case."""
    assert BrokerConfiguration.from_dict(keys) == BrokerConfiguration(**fields)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"host": "a", "net": "b"}, "net"),
        ({"port": 1, "PORT": 2}, "PORT"),
        ({"listen": "a:1", "port": 2}, "port"),
        ({"cluster": {"host": "a", "NET": "b"}}, "cluster.NET"),
    ],
)
def test_two_spellings_that_disagree_are_refused(keys, path):
    """nats-server takes one of them at random."""
    with pytest.raises(ConfigError, match="than another spelling does") as caught:
        BrokerConfiguration.from_dict(keys)
    assert [fault.path for fault in caught.value.errors] == [path]


@pytest.mark.parametrize(
    "make",
    [
        lambda: BrokerConfiguration().replace(max_payloads=1),
        lambda: BrokerConfiguration().merge({"max_payloads": 1}),
        lambda: BrokerConfiguration.from_dict({"max_payloads": 1}),
    ],
    ids=["replace", "merge", "from_dict"],
)
def test_an_unknown_key_is_refused_by_its_name(make):
    """A slip of the pen is not a setting that does nothing."""
    with pytest.raises(
        ConfigError,
        match="unknown field `max_payloads`, did you mean `max_payload`",
    ):
        make()


def test_all_unknown_keys_are_named_at_once_with_their_paths():
    """One round of corrections is enough."""
    keys = {"a": 1, "cluster": {"b": 1}, "accounts": {"X": {"users": [{"c": 1}]}}}
    with pytest.raises(ConfigError) as caught:
        BrokerConfiguration.from_dict(keys)
    assert [fault.path for fault in caught.value.errors] == ["a"]
    del keys["a"]
    with pytest.raises(ConfigError) as caught:
        BrokerConfiguration(**keys)
    paths = {fault.path for fault in caught.value.errors}
    assert paths == {"cluster.b", "accounts.X.users[0].c"}


def test_an_unknown_key_of_the_server_is_kept_and_written_back():
    """A newer server's key is not lost because this package is older."""
    config = BrokerConfiguration.from_conf({"port": 1, "cluster": {"new": {"a": [1]}}})
    assert config.merge({"debug": True}).to_dict()["cluster"] == {"new": {"a": [1]}}


# -- changes ---------------------------------------------------------------------------------------


@pytest.fixture
def base():
    """A configuration with a block, a list and a map."""
    return BrokerConfiguration(
        port=4222,
        jetstream={"store_dir": "/a", "domain": "d"},
        server_tags=["a", "b"],
        accounts={"A": {"nkey": "N"}, "B": {}},
    )


def test_merge_changes_blocks_key_by_key(base):
    """A change says only what it changes."""
    merged = base.merge({"jetstream": {"domain": "e"}})
    assert merged.jetstream == JetStreamConfiguration(store_dir="/a", domain="e")
    assert merged.port == 4222


def test_merge_replaces_lists(base):
    """The items of a list have no names to merge them by."""
    assert base.merge({"server_tags": ["c"]}).server_tags == ("c",)


def test_merge_changes_maps_by_name(base):
    """None removes an entry; the others stay."""
    merged = base.merge({"accounts": {"B": None, "C": {}, "A": {"limits": {"max_payload": 1}}}})
    assert set(merged.accounts) == {"A", "C"}
    assert merged.accounts["A"].nkey == "N"


def test_merge_resets_what_is_none(base):
    """None means back to the default, which is to say nothing."""
    merged = base.merge({"port": None, "jetstream": {"domain": None}, "accounts": None})
    assert merged.port is UNSET
    assert merged.jetstream == JetStreamConfiguration(store_dir="/a")
    assert merged.accounts is UNSET


def test_merge_into_nothing_leaves_no_none():
    """Resetting a key of a block that is not there says nothing either."""
    merged = BrokerConfiguration().merge({"jetstream": {"domain": None}, "accounts": {"A": None}})
    assert merged == BrokerConfiguration(jetstream={}, accounts={})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"port": None}, {"debug": True}),
        ({"port": 1}, {"port": None}),
        ({"port": None}, {"port": 5}),
        ({"jetstream": {"domain": None}}, {"jetstream": {"strict": True}}),
        ({"jetstream": None}, {"jetstream": {"strict": True}}),
        ({"jetstream": {"domain": "x"}}, {"jetstream": None}),
        ({"accounts": {"A": None}}, {"accounts": {"C": {}}}),
        ({"accounts": {"A": None}}, {"accounts": {"A": {"limits": {}}}}),
        ({"accounts": None}, {"accounts": {"C": {}}}),
        ({"accounts": None}, {"accounts": {"A": {"limits": {}}, "B": None}}),
        ({"server_tags": None}, {"server_tags": ["z"]}),
        ({"gateway": {"name": "x", "port": 1}}, {"gateway": {"PORT": None}}),
    ],
)
def test_accumulated_changes_do_what_they_did_one_by_one(base, first, second):
    """Changes made at run time are a layer that is laid over a file again and again."""
    layer = BrokerConfiguration().merge(first, keep_none=True).merge(second, keep_none=True)
    assert base.merge(layer) == base.merge(first).merge(second)


def test_accumulated_changes_survive_pickling():
    """A layer may be stored."""
    layer = BrokerConfiguration(accounts=None).merge({"accounts": {"C": {}}}, keep_none=True)
    restored = pickle.loads(pickle.dumps(layer))
    assert set(BrokerConfiguration(accounts=["A"]).merge(restored).accounts) == {"C"}


def test_replace_replaces_whole_blocks(base):
    """Unlike merge: what is given is what there is."""
    assert base.replace(jetstream={"domain": "e"}).jetstream == JetStreamConfiguration(domain="e")


def test_the_original_of_a_change_stays_as_it_was(base):
    """Versions and histories hold configurations that nobody alters."""
    before = copy.deepcopy(base)
    base.merge({"accounts": {"A": None}, "port": 1}).replace(debug=True)
    assert base == before


@pytest.mark.parametrize(
    "alter",
    [
        lambda config: setattr(config, "port", 1),
        lambda config: setattr(config.jetstream, "domain", "x"),
        lambda config: config.accounts.update(C={}),
        lambda config: config.accounts.pop("A"),
    ],
    ids=["field", "block", "update", "pop"],
)
def test_a_configuration_cannot_be_altered_in_place(base, alter):
    """A version in the history is what was in force."""
    with pytest.raises((AttributeError, TypeError)):
        alter(base)


def test_a_configuration_can_be_pickled_copied_and_hashed(base):
    """It goes to other processes and into sets."""
    assert pickle.loads(pickle.dumps(base)) == copy.deepcopy(base) == copy.copy(base) == base
    assert len({base, copy.deepcopy(base)}) == 1


def test_to_dict_holds_builtin_types_only(base):
    """It can be written as JSON, YAML or TOML, and read back."""
    config = base.replace(ping_interval=90, max_payload="1MB", debug=None)
    assert config.to_dict() == {
        "port": 4222,
        "server_tags": ["a", "b"],
        "max_payload": 1048576,
        "ping_interval": "1m30s",
        "accounts": {"A": {"nkey": "N"}, "B": {}},
        "jetstream": {"store_dir": "/a", "domain": "d"},
    }
    assert BrokerConfiguration.from_dict(config.to_dict()) == config.replace(debug=UNSET)


# -- faults ----------------------------------------------------------------------------------------


def test_all_faults_come_out_at_once_with_their_paths():
    """One round of corrections is enough."""
    config = BrokerConfiguration(
        port=70_000,
        max_payload="12 parsecs",
        debug="yes",
        ping_interval="5 minutes",
        write_timeout="never",
        server_tags=["a", 5],
        jetstream={"max_file_store": 1.5, "limits": {"duplicate_window": {}}},
        accounts={"A": {"users": [{"user": "a", "password": "b"}, {"user": 7, "password": "b"}]}},
        cluster=5,
        websocket={"port": object(), "no_tls": True},
    )
    assert set(faults(config)) == {
        "port",
        "max_payload",
        "debug",
        "ping_interval",
        "write_timeout",
        "server_tags[1]",
        "jetstream.max_file_store",
        "jetstream.limits.duplicate_window",
        "accounts.A.users[1].user",
        "cluster",
        "websocket.port",
    }


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("port", 70_000, "expected -1 to 65535, got 70000"),
        ("port", "abc", "expected an integer, got 'abc'"),
        ("port", True, "expected an integer, got True"),
        ("port", 4222.0, "expected an integer, got 4222.0"),
        ("debug", 1, "expected true or false, got 1"),
        ("max_payload", 1 << 31, "expected -1 to 2147483647, got 2147483648"),
        ("max_pending", 1 << 63, "got 9223372036854775808"),
        ("max_sub_tokens", 0, "expected 1 to 255, got 0"),
        ("server_name", 5, "expected a string, got 5"),
        ("server_name", "\ud800", "expected a string in Unicode, got str"),
        ("lame_duck_duration", "29s", "expected 30s or more, got '29s'"),
        ("lame_duck_grace_period", -1, "expected 0s or more, got '-1s'"),
        ("write_deadline", float("nan"), "expected a number of seconds"),
        ("write_deadline", timedelta(days=999_999), "expected a number of seconds"),
        ("write_timeout", "never", "expected one of 'default', 'close', 'retry', got 'never'"),
        ("server_metadata", {"a": 1}, "expected a string, got 1"),
        ("server_metadata", {"a\"'": "b"}, "expected a string without NUL"),
        ("gateway", [], "expected a block, got list"),
        ("accounts", ["A", 5], "expected a block, got list"),
        ("server_tags", [None], "expected a string, got None"),
        ("log_file", b"bytes", "expected a string, got bytes"),
        ("server_name", "x" * 1000 + "\ud800", "got str"),
    ],
)
def test_a_fault_says_what_was_expected(field, value, said):
    """The message is enough to correct the value."""
    ((path, message),) = faults(BrokerConfiguration(**{field: value})).items()
    assert path.startswith(field)
    assert said in message


def test_a_valid_configuration_has_no_faults(base):
    """Validation lets through what is right."""
    base.validate()
    assert base.faults() == []


# -- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        {"authorization": {"password": SECRET}},
        {"authorization": {"token": SECRET}},
        {"authorization": {"users": [{"user": "u", "password": SECRET}]}},
        {"accounts": {"A": {"users": [{"user": "u", "password": SECRET}]}}},
        {"jetstream": {"encryption_key": SECRET, "prev_encryption_key": SECRET}},
        {"jetstream": {"tpm": {"encryption_password": SECRET, "srk_password": SECRET}}},
        {"cluster": {"routes": [f"nats://user:{SECRET}@host:6222"]}},
        {"cluster": {"routes": [f"nats://user:a@{SECRET}@host:6222"]}},
        {"leafnodes": {"remotes": [{"url": f"nats://{SECRET}@host"}]}},
        {"leafnodes": {"remotes": [{"urls": ["nats://h"], "nkey": SECRET}]}},
        {
            "leafnodes": {
                "remotes": [{"proxy": {"url": f"http://u:{SECRET}@h", "password": SECRET}}],
            },
        },
        {"leafnodes": {"authorization": {"users": [{"password": SECRET}]}}},
        {"default_sentinel": SECRET},
        {
            "gateway": {
                "authorization": {"Password": SECRET},
                "gateways": [{"url": f"n://{SECRET}@h"}],
            },
        },
        {"websocket": {"authorization": {"token": SECRET}}},
        {"mqtt": {"authentication": {"pass": SECRET}}},
        {"ocsp": {"url": f"http://user:{SECRET}@host"}},
        {"resolver": f"URL(http://user:{SECRET}@host/jwt)"},
        {"resolver": f"http://user:{SECRET}@host/jwt"},
        {"authorization": f"user:{SECRET}"},
        {"accounts": {"A": {"users": f"user:{SECRET}"}}},
        {"cluster": {"routes": {"a": SECRET}}},
        {"authorization": {"password": [SECRET]}},
        {"authorization": {"users": [{"user": "u", "password": {SECRET: 1}}]}},
    ],
    ids=lambda keys: str(keys)[:60].replace(SECRET, "."),
)
def test_secrets_are_shown_nowhere(keys):
    """Configurations end up in logs, tracebacks and bug reports."""
    config = BrokerConfiguration(**keys)
    shown = [repr(config), str(config), repr(config.__rich_repr__()), f"{config.faults()}"]
    assert not any(SECRET in text for text in shown)


def test_a_key_that_is_not_known_is_shown_without_its_value():
    """Nobody knows whether it is a secret."""
    assert SECRET not in repr(BrokerConfiguration.from_conf({"new_key": SECRET}))


def test_repr_shows_what_was_set_and_nothing_else():
    """A configuration has a hundred fields."""
    config = BrokerConfiguration(port=-1, debug=None, cluster={"name": "C"}, ping_interval=5)
    assert repr(config) == (
        "BrokerConfiguration(port=-1, debug=None, ping_interval='5s', "
        "cluster=ClusterConfiguration(name='C'))"
    )


def test_a_user_is_shown_with_his_name():
    """Only the secret itself is hidden."""
    assert repr(UserConfiguration(user="a", password="b")) == (
        "UserConfiguration(user='a', password='***')"
    )
