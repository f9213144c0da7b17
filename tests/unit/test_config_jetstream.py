"""The ``jetstream`` block of a configuration."""

import copy
import pickle
from datetime import timedelta

import pytest
from msgspec import UNSET

from dotgnatly import ConfigError
from dotgnatly.config import BrokerConfiguration, JetStreamConfiguration


@pytest.mark.parametrize(
    ("value", "enabled"),
    [(True, True), ("Enabled", True), (False, False), ("disable", False), ({}, UNSET)],
)
def test_what_stands_for_the_block_becomes_one(value, enabled):
    """A program reads one form only."""
    assert BrokerConfiguration(jetstream=value).jetstream.enabled is enabled


def test_turning_it_off_keeps_the_other_keys():
    """Turned on again it is what it was."""
    config = BrokerConfiguration(jetstream={"store_dir": "/a"}).merge({"jetstream": False})
    assert config.jetstream == JetStreamConfiguration(enabled=False, store_dir="/a")


@pytest.mark.parametrize(
    ("size", "in_python", "in_a_file"),
    [
        (5, 5, 5),
        ("1M", 1_000_000, 1 << 20),
        ("2G", 2_000_000_000, 2 << 30),
        ("", "", 0),
    ],
)
def test_a_quoted_size_of_a_file_has_units_of_its_own(size, in_python, in_a_file):
    """A file means what nats-server makes of it; in Python there is one rule for sizes."""
    assert JetStreamConfiguration(max_memory_store=size).max_memory_store == in_python
    assert JetStreamConfiguration.from_conf({"max_mem": size}).max_memory_store == in_a_file


@pytest.mark.parametrize(
    ("fields", "interval"),
    [
        ({}, UNSET),
        ({"durability": "power"}, "always"),
        ({"durability": "process"}, None),
        ({"sync_interval": "ALWAYS"}, "always"),
        ({"sync_interval": "10s"}, timedelta(seconds=10)),
        ({"sync_interval": "10s", "durability": "process"}, timedelta(seconds=10)),
    ],
)
def test_durability_is_another_view_of_the_sync_interval(fields, interval):
    """One says what an acknowledgement is worth, the other how it is done."""
    config = JetStreamConfiguration(**fields)
    config.validate()
    assert config.sync_interval == interval
    assert config.durability == ("power" if interval == "always" else "process")


@pytest.mark.parametrize(
    ("change", "durability"),
    [
        ({"durability": "process"}, "process"),
        ({"durability": "power"}, "power"),
        ({"sync_interval": "5s"}, "process"),
        ({"sync_interval": None}, "process"),
        ({"domain": "x"}, "power"),
    ],
)
def test_durability_follows_a_change(change, durability):
    """The two views never disagree."""
    base = JetStreamConfiguration(durability="power")
    assert base.merge(change).durability == durability
    assert base.replace(**change).durability == durability


@pytest.mark.parametrize(
    "fields",
    [{"durability": "disk"}, {"durability": "power", "sync_interval": "5s"}, {"durability": 1}],
)
def test_a_durability_that_cannot_be_is_a_fault(fields):
    """Durability is promised by name, never implied."""
    with pytest.raises(
        ConfigError, match="durability: expected 'power' with sync_interval 'always'"
    ):
        JetStreamConfiguration(**fields).validate()


def test_durability_is_not_written():
    """It is no key of nats-server's."""
    config = JetStreamConfiguration(durability="power")
    assert config.to_dict() == {"sync_interval": "always"}


def test_a_copy_says_no_more_than_the_original():
    """Reading durability sets nothing."""
    config = JetStreamConfiguration(domain="x")
    assert pickle.loads(pickle.dumps(config)) == copy.deepcopy(config) == config
    assert copy.deepcopy(config).sync_interval is UNSET


@pytest.mark.parametrize(
    ("spelt", "cipher"), [("aes", "aes"), ("AES", "aes"), ("ChaCha", "chachapoly")]
)
def test_a_cipher_has_one_name(spelt, cipher):
    """nats-server knows it under several."""
    assert JetStreamConfiguration(cipher=spelt).cipher == cipher


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_concurrent_io", 3),
        ("meta_compact", -1),
        ("meta_compact_size", -1),
        ("cipher", "rot13"),
        ("store_dir", 5),
        ("limits", {"max_ack_pending": "many"}),
        ("tpm", {"pcr": "0"}),
    ],
)
def test_what_the_server_would_refuse_is_a_fault(field, value):
    """It comes out before a server is asked."""
    (fault,) = JetStreamConfiguration(**{field: value}).faults()
    assert fault.path.startswith(field)
