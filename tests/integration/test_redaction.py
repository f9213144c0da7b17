"""A canary in every secret field: it comes out nowhere that people look.

The fields are found by walking the blocks; for each, the canary is the only secret, and all that a
program, a log or an error says is searched for it.
"""

import logging
import traceback
from base64 import b32encode
from binascii import crc_hqx
from typing import Any

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, DotgnatlyError, NatsController, conffile
from dotgnatly.config._base import Block, _fields
from dotgnatly.config._containers import Items, Named, Nested
from dotgnatly.config._kinds import Secret, Url
from dotgnatly.logs import TRACE

CANARY = "CaNaRy7Zq4Xw"
NUMBER = 918_273_645
JWT = f"eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.{CANARY}.{CANARY}"
_RAW = bytes([18 << 3 | 20 >> 2, (20 & 3) << 6]) + CANARY.encode() * 2 + bytes(8)
SEED = b32encode(_RAW + crc_hqx(_RAW, 0).to_bytes(2, "little")).decode().rstrip("=")
URLS = [
    f"nats://{CANARY}:{CANARY}@127.0.0.1:1",
    f"nats://{CANARY}@127.0.0.1:1",
    f"{CANARY}:{CANARY}@127.0.0.1:1",
    f"nats://u:{CANARY}/{CANARY}@127.0.0.1:1",
    f"nats://u:{CANARY}%zz@127.0.0.1:1",
]
COMPANIONS = {
    "authorization.password": {"user": "u"},
    "authorization.users[].password": {"user": "u"},
    "accounts.A.users[].password": {"user": "u"},
    "cluster": {"name": "c", "port": -1, "host": "127.0.0.1"},
    "cluster.authorization.password": {"user": "u"},
    "leafnodes": {"port": -1, "host": "127.0.0.1"},
    "leafnodes.authorization.password": {"user": "u"},
    "leafnodes.authorization.users[].password": {"user": "u"},
    "leafnodes.remotes[].nkey": {"urls": ["nats://127.0.0.1:1"]},
    "leafnodes.remotes[].proxy": {"url": "http://127.0.0.1:1"},
    "leafnodes.remotes[].proxy.password": {"username": "u"},
    "leafnodes.remotes[]": {"urls": ["ws://127.0.0.1:1"]},
    "gateway": {"name": "g", "port": -1, "host": "127.0.0.1"},
    "gateway.authorization.password": {"user": "u"},
    "gateway.gateways[]": {"name": "h", "urls": ["nats://127.0.0.1:1"]},
    "websocket": {"port": -1, "host": "127.0.0.1", "no_tls": True},
    "websocket.authorization.password": {"user": "u"},
    "mqtt": {"port": -1, "host": "127.0.0.1"},
    "mqtt.authorization.password": {"user": "u"},
}
"""What else a block needs to be one that the server takes, by its path or by that of the secret."""


def secret_fields(kind: Any, path: str = ""):
    """The path of every secret below a kind, with the kind that it has."""
    if isinstance(kind, Secret | Url):
        yield path, kind
    elif isinstance(kind, Items):
        yield from secret_fields(kind.item, f"{path}[]")
    elif isinstance(kind, Named):
        yield from secret_fields(kind.item, f"{path}.A")
    elif isinstance(kind, Nested):
        for name, field in _fields(kind.block).by_name.items():
            yield from secret_fields(field, f"{path}.{name}".lstrip("."))


FIELDS = dict(secret_fields(Nested(BrokerConfiguration)))


def plant(path: str, secret: Any) -> dict[str, Any]:
    """The keys of a configuration with a secret at a path, and what belongs to it."""
    for_secret = COMPANIONS.get(path, {})
    value, at = secret, path
    while at:
        parent, _, name = at.rpartition(".")
        if name.endswith("[]"):
            value, at = [value], at.removesuffix("[]")
            continue
        value = {**for_secret, **COMPANIONS.get(parent, {}), name: value}
        for_secret, at = {}, parent
    return value


CASES = [
    pytest.param(path, secret, id=f"{path}-{number}")
    for path, kind in FIELDS.items()
    for number, secret in enumerate(URLS if isinstance(kind, Url) else [CANARY, SEED, JWT])
]
CASES += [
    pytest.param("operator[]", JWT, id="operator"),
    pytest.param("resolver", f"URL(http://{CANARY}:{CANARY}@127.0.0.1:1/)", id="resolver"),
    pytest.param("trusted_keys[]", SEED, id="a-seed-in-place-of-a-key"),
    pytest.param("accounts.A.nkey", SEED, id="a-seed-in-place-of-an-accounts-key"),
    pytest.param("client_advertise", f"nats://u:{CANARY}@a:1", id="a-url-for-a-host-and-port"),
    pytest.param("port", f"nats://u:{CANARY}@a:1", id="a-url-for-a-port"),
    pytest.param("listen", f"nats://u:{CANARY}@a", id="a-url-for-an-address"),
]


class Heard:
    """All that was said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def say(self, *things: Any) -> None:
        """Take note of what people would see of them."""
        for thing in things:
            self.texts += [str(thing), repr(thing), format(thing)]
            if isinstance(thing, BaseException):
                self.texts += ["".join(traceback.format_exception(thing)), repr(vars(thing))]
            if isinstance(thing, Block):
                self.texts.append(repr(thing.__rich_repr__()))

    def of(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Call it and take note of its result or its error; None for an error."""
        try:
            result = function(*arguments, **options)
        except DotgnatlyError as exc:
            self.say(exc)
            return None
        self.say(result)
        return result

    def without(self, *secrets: str) -> None:
        """Assert that no secret was said."""
        assert self.texts
        for text in self.texts:
            for secret in secrets:
                assert secret not in text, text[max(text.find(secret) - 300, 0) :][:600]


@pytest.fixture
def heard(caplog):
    """What was said, and what was logged, in all detail."""
    caplog.set_level(TRACE, "dotgnatly")
    caplog.set_level(logging.DEBUG)
    return Heard()


@pytest.fixture
def unchecked(monkeypatch):
    """Let configurations through that the rules would stop: the server is to speak."""

    def let_through():
        monkeypatch.setattr(BrokerConfiguration, "validate", lambda _self, **_options: ())

    return let_through


def test_every_kind_of_secret_is_walked():
    """Fields that are known to be secret are among those that were found."""
    assert {
        "authorization.password",
        "authorization.token",
        "authorization.users[].password",
        "accounts.A.users[].password",
        "cluster.routes[]",
        "cluster.authorization.password",
        "leafnodes.authorization.password",
        "leafnodes.remotes[].urls[]",
        "leafnodes.remotes[].nkey",
        "leafnodes.remotes[].proxy.url",
        "leafnodes.remotes[].proxy.password",
        "jetstream.encryption_key",
        "jetstream.prev_encryption_key",
        "jetstream.tpm.encryption_password",
        "jetstream.tpm.srk_password",
        "resolver_preload.A",
        "default_sentinel",
    } <= FIELDS.keys()


@pytest.mark.parametrize(("path", "secret"), CASES)
def test_no_object_and_no_error_of_ours_shows_it(heard, path, secret):
    """Nor a change of it, nor the fault of another value beside it or of the secret itself."""
    neighbour = {"server_name": "a b", "max_payload": "much", "lame_duck_duration": "1s"}
    config = heard.of(BrokerConfiguration.from_dict, plant(path, secret))
    if config is not None:
        heard.of(config.validate)
        heard.of(config.replace(**neighbour).validate)
        heard.say(*config.changes(BrokerConfiguration()), *BrokerConfiguration().changes(config))
        other = heard.of(BrokerConfiguration.from_dict, plant(path, "other"))
        heard.say(*(config.changes(other) if other else ()))
    for wrong in ([secret], {"a": secret}, NUMBER, NUMBER / 7, [[secret]]):
        if wrong_kind := heard.of(BrokerConfiguration.from_dict, plant(path, wrong)):
            heard.of(wrong_kind.validate)
    beside = plant(path, secret)
    parent, _, _ = path.rpartition(".")
    if parent and not parent.endswith(".A"):
        heard.of(BrokerConfiguration.from_dict, plant(f"{parent}.no_such_key", secret) | beside)
    heard.without(CANARY, SEED, *((str(NUMBER), str(NUMBER / 7)[:9]) if path in FIELDS else ()))


@pytest.mark.parametrize(("path", "secret"), CASES)
def test_the_parser_of_the_server_does_not_show_it(heard, path, secret, monkeypatch):
    """Its messages quote values; the text has it as it is, from a variable, or is cut off."""
    config = BrokerConfiguration.from_dict if path == "listen" else BrokerConfiguration
    keys = plant(path, secret)
    read = BrokerConfiguration.from_text
    monkeypatch.setenv("HIDDEN", secret)
    for held in (secret, [secret], {"a": secret}, [{"a": [secret]}], NUMBER):
        planted = conffile.write(plant(path, held)).decode()[1:-1]
        quoted = f'"{secret}"'
        for text in (
            planted,
            f"{planted}, no_such_key: 1",
            f"{planted}, {planted.partition(':')[0]}: {{ no_such_key: 1 }}",
            planted.replace(quoted, "$HIDDEN"),
            f"hidden: {quoted}, no_such_key: $hidden, {planted.replace(quoted, '$hidden')}",
            planted.replace(quoted, f"${secret}"),
            planted.replace(quoted, secret),
            planted.replace(quoted, f"{secret}}}{secret}"),
            planted.replace(str(NUMBER), f"{NUMBER}{NUMBER}{NUMBER}"),
            planted[: planted.find(secret) + len(secret)],
            planted[:-1],
        ):
            heard.of(read, text)
    assert config is not None
    assert keys
    heard.without(CANARY, SEED, *([str(NUMBER)] if path in FIELDS else ()))


@pytest.mark.parametrize(("path", "secret"), CASES)
def test_a_server_shows_it_neither_in_errors_nor_in_its_log(
    heard, path, secret, caplog, unchecked, tmp_path
):
    """It starts with it or refuses it, and refuses changes beside it; debug and trace are on."""
    unchecked()
    keys = plant(path, secret)
    if path.startswith("jetstream"):
        keys["jetstream"] = {"store_dir": str(tmp_path), **keys["jetstream"]}
    keys = {"port": -1, "debug": True, "trace": True, **keys}
    if (config := heard.of(BrokerConfiguration.from_dict, keys)) is None:
        return
    broken = {"no_auth_user": "nobody", "max_pending": -1, "system_account": "none"}
    for name, value in broken.items():
        heard.of(NatsController(config.replace(**{name: value})).start)
    controller = NatsController(config)
    heard.say(controller)
    if heard.of(controller.start) is not None:
        heard.of(controller.get_info)
        for name, value in {**broken, "server_name": "x", "max_payload": 2048}.items():
            heard.of(controller.update_config, **{name: value})
        without = controller.config.replace(**dict.fromkeys(keys.keys() - {"port", "trace"}))
        heard.of(controller.plan, without)
        heard.of(controller.replace_config, without)
        for version in controller.history():
            heard.say(version, version.diff)
        controller.shutdown()
    heard.say(*(record.getMessage() for record in caplog.records))
    heard.without(CANARY, SEED)


def test_most_of_them_start(unchecked):
    """Else the test before would look at refusals only."""
    unchecked()
    started = []
    for path, kind in FIELDS.items():
        good = SEED if path.endswith("remotes[].nkey") else CANARY
        keys = plant(path, URLS[0] if isinstance(kind, Url) else good)
        if path.startswith("mqtt"):
            keys["jetstream"] = {}
        try:
            with NatsController({"port": -1, **keys}):
                started.append(path)
        except DotgnatlyError:
            pass
    refused = FIELDS.keys() - started
    assert refused <= {
        "resolver_preload.A", "default_sentinel", "jetstream.tpm.encryption_password",
        "jetstream.tpm.srk_password", "leafnodes.remotes[].proxy.url",
        "cluster.authorization.token", "cluster.authorization.users[].password",
        "gateway.authorization.token", "gateway.authorization.users[].password",
    }  # fmt: skip


def test_a_secret_from_the_environment_is_one(heard, monkeypatch):
    """Where it came from makes no difference."""
    monkeypatch.setenv("HIDDEN", CANARY)
    monkeypatch.setenv("NATS__AUTHORIZATION__TOKEN", CANARY)
    heard.of(BrokerConfiguration.from_environ)
    heard.of(BrokerConfiguration.from_text, "authorization { token: $HIDDEN }")
    heard.of(BrokerConfiguration.from_text, "authorization { token: $HIDDEN, users: $HIDDEN }")
    with pytest.raises(ConfigError) as caught:
        BrokerConfiguration.from_text("authorization { token: $HIDDEN, timeout: $HIDDEN }")
    heard.say(caught.value)
    heard.without(CANARY)
