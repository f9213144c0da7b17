"""What can be wrong with a configuration as a whole: rules across its fields, and files it names.

A rule looks at the configuration and tells what it found. Most mirror what nats-server refuses, one
fault at a time, after it has read everything; here all faults come out at once, before it is asked.
What the server takes and cannot honour, or what would let strangers in, is a fault too in a
configuration made in Python, and a warning in one that was read from a file: a file runs here if
nats-server runs it. A module of rules is imported when a key that it is about is set.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET
from msgspec.structs import astuple

from dotgnatly.config._kinds import shown
from dotgnatly.errors import Fault

if TYPE_CHECKING:
    from dotgnatly.config.server import BrokerConfiguration

_PROTOCOLS = frozenset({"websocket", "mqtt"})
_SERVERS = frozenset({"cluster", "gateway", "leafnodes"})
_MONITORING = frozenset({"http_port", "https_port", "prof_port"})
_USERS = frozenset({"authorization", "accounts"})
_OPERATOR = frozenset({"operator", "trusted_keys", "default_sentinel", "resolver_pinned_accounts"})
_FILES = frozenset({"tls", "resolver_tls", "log_file", "pid_file", "ports_file_dir", "jetstream"})

_MODULES = (
    ("general", None),
    ("listeners", _SERVERS | _PROTOCOLS | _MONITORING | {"host"}),
    ("users", _USERS | {"no_auth_user"} | _PROTOCOLS | _SERVERS),
    ("accounts", _USERS | {"system_account", "default_js_domain"} | _SERVERS),
    ("servers", _SERVERS),
    ("protocols", _PROTOCOLS),
    ("jetstream", frozenset({"jetstream", "default_js_domain"})),
    ("operators", _OPERATOR | {"proxies"}),
    ("tls", frozenset({"tls", "resolver_tls"}) | _SERVERS | _PROTOCOLS),
    ("files", _FILES | {"operator", "resolver", "leafnodes"}),
)
"""The modules in their order, each with the keys that it is about."""


class Findings:
    """What the rules have found so far."""

    def __init__(
        self, config: "BrokerConfiguration", *, dont_listen: bool, on_authenticate: bool
    ) -> None:
        self.errors: list[Fault] = []
        self.warnings: list[Fault] = []
        self.dont_listen = dont_listen
        self.on_authenticate = on_authenticate
        self.made_here = config.source is None
        """In Python, not read from a file."""

    def error(self, path: str, message: str, value: object = None) -> None:
        """Tell what the server refuses: of the value, if there is one, else of the key."""
        self.errors.append(_fault(path, message, value))

    def doubt(self, path: str, message: str, value: object = None) -> None:
        """Tell what the server takes, but neither can honour nor should."""
        (self.error if self.made_here else self.warn)(path, message, value)

    def warn(self, path: str, message: str, value: object = None) -> None:
        """Tell what may be meant."""
        self.warnings.append(_fault(path, message, value))


def _fault(path: str, message: str, value: object) -> Fault:
    if value is None:
        return Fault(path, message)
    return Fault(path, f"{shown(value)} {message}", shown(value))


Rule: TypeAlias = Callable[[Any, Findings], None]


@cache
def _rules(module: str) -> tuple[Rule, ...]:
    rules: tuple[Rule, ...] = import_module(f"{__name__}.{module}").RULES
    return rules


def find(
    config: "BrokerConfiguration", *, dont_listen: bool, on_authenticate: bool, broken: bool
) -> Findings:
    """Everything that the rules find.

    Args:
        config: The configuration; rules see None, as UNSET, for the default.
        dont_listen: There will be no listener for clients.
        on_authenticate: A function of the program decides who may log in.
        broken: Some values are of the wrong type; a rule that stumbles over one is passed over.
    """
    found = Findings(config, dont_listen=dont_listen, on_authenticate=on_authenticate)
    keys = {
        name for name, value in zip(config.__struct_fields__, astuple(config), strict=True) if value
    }
    if not found.made_here:
        keys.add("host")  # by default all the machine's addresses
    for name, about in _MODULES:
        if about is not None and about.isdisjoint(keys):
            continue
        for rule in _rules(name):
            try:
                rule(config, found)
            except (AttributeError, TypeError, ValueError, RecursionError):
                if not broken:
                    raise
    return found


def get(block: Any, *names: str) -> Any:
    """What a block, or a block in it, has under a key; None if nothing is set there."""
    for name in names:
        block = getattr(block, name, None)
        if block is None or block is UNSET:
            return None
    return block


def each(block: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """The items of a list in a block, or the entries of a map, each with its path."""
    held = get(block, *names)
    path = ".".join(names)
    if isinstance(held, dict):
        for name, entry in held.items():
            if entry is not None:
                yield f"{path}.{name}", entry
    elif isinstance(held, list | tuple):
        for index, item in enumerate(held):
            yield f"{path}[{index}]", item
