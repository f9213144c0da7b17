"""Nkeys made and used from Python."""

import copy
import pickle

import nkeys
import pytest

from dotgnatly import ConfigError, jwt

KINDS = {"operator": "O", "account": "A", "user": "U", "server": "N", "cluster": "C", "curve": "X"}


@pytest.mark.parametrize(("kind", "letter"), KINDS.items())
def test_a_pair_is_of_its_kind(kind, letter):
    """The first letter says who somebody is."""
    pair = jwt.create_pair(kind)
    assert (pair.public[0], pair.seed[:2]) == (letter, "S" + letter)
    assert jwt.public_key(pair.seed) == pair.public


def test_every_pair_is_another_one():
    """Nobody has keys that somebody else has."""
    assert len({jwt.create_pair("user").seed for _ in range(100)}) == 100


@pytest.mark.parametrize("show", [repr, str, lambda pair: str(pair.__rich_repr__())])
def test_a_seed_is_not_shown(show):
    """Keys end up in logs, and in the reports of failed tests."""
    pair = jwt.create_pair("operator")
    assert pair.public in show(pair)
    assert pair.seed not in show(pair)


def test_a_pair_does_not_change():
    """It can be handed around."""
    pair = jwt.create_pair("user")
    with pytest.raises(AttributeError):
        pair.seed = ""
    assert pickle.loads(pickle.dumps(pair)) == copy.copy(pair) == pair


def test_others_read_our_keys():
    """The nkeys package is what nats-py signs with."""
    pair = jwt.create_pair("user")
    theirs = nkeys.from_seed(bytearray(pair.seed.encode()))
    assert theirs.public_key.decode() == pair.public
    assert jwt.verify(pair.public, b"data", theirs.sign(b"data"))
    assert theirs.verify(b"data", jwt.sign(pair.seed, b"data"))


def test_a_signature_is_for_one_key_and_these_data():
    """Anything else was not signed."""
    pair, other = jwt.create_pair("account"), jwt.create_pair("account")
    signature = jwt.sign(pair.seed, b"data")
    assert len(signature) == 64
    assert jwt.verify(pair.public, b"data", signature)
    assert not jwt.verify(pair.public, b"date", signature)
    assert not jwt.verify(other.public, b"data", signature)
    assert not jwt.verify(pair.public, b"data", b"")


@pytest.mark.parametrize(
    "call",
    [
        jwt.create_pair,
        lambda seed: jwt.public_key(seed[:-1]),
        lambda seed: jwt.public_key(seed + "\udc80"),
        lambda seed: jwt.public_key(jwt.public_key(seed)),
        lambda _: jwt.public_key(""),
        lambda seed: jwt.sign(f" {seed}", b""),
        lambda _: jwt.sign(jwt.create_pair("curve").seed, b""),
        lambda seed: jwt.verify(seed, b"", b""),
        lambda _: jwt.verify(jwt.create_pair("curve").public, b"", b""),
    ],
    ids=[
        "kind", "short", "no-unicode", "public-key", "empty", "space", "curve-signs",
        "verified-by-seed", "verified-by-curve",
    ],
)  # fmt: skip
def test_wrong_keys_are_a_typed_error_without_secrets(call):
    """A mistake with keys must not print them."""
    seed = jwt.create_pair("user").seed
    with pytest.raises(ConfigError) as error:
        call(seed)
    assert error.value.errors
    assert seed[:20] not in str(error.value)
