"""Valid configurations of all kinds, for Hypothesis: made from the fields of the blocks.

A new field or block is covered by itself. What a value must be for nats-server, beyond its kind, is
in ``_SPECIAL``.
"""

import string
from datetime import timedelta
from functools import singledispatch
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from dotgnatly.config import BrokerConfiguration, MappingConfiguration
from dotgnatly.config._base import Block, _fields
from dotgnatly.config._containers import Items, Named, Nested
from dotgnatly.config._kinds import (
    Choice,
    Flag,
    Kind,
    Percent,
    Seconds,
    Size,
    Span,
    Text,
    Url,
    Whole,
)

WORDS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SUBJECTS = st.lists(WORDS, min_size=1, max_size=3).map(".".join)
URLS = st.builds("nats://{}:{}@127.0.0.1:{}".format, WORDS, WORDS, st.integers(1, 65_535))
NAMES = st.one_of(WORDS, TEXTS.filter(lambda t: t and not {"\0"} & {*t} and {*t} < {*t, "'", '"'}))
_DURATIONS = st.one_of(
    st.timedeltas(timedelta(seconds=30), timedelta(days=400)),
    st.integers(1, 10**9).map(lambda ns: f"{ns}ns"),
)
_ANYTHING = [True, "s2_fast", "a.b", "a", 1, 0, ()]


@singledispatch
def values(kind: Kind) -> st.SearchStrategy[Any]:
    """What a field of a kind can hold."""
    return st.sampled_from([value for value in _ANYTHING if not kind.faults(kind.take(value))])


@values.register
def _(_: Flag) -> st.SearchStrategy[Any]:
    return st.booleans()


@values.register
def _(kind: Whole) -> st.SearchStrategy[Any]:
    return st.integers(kind.low, kind.high)


@values.register
def _(kind: Percent) -> st.SearchStrategy[Any]:
    return st.one_of(st.integers(kind.low, kind.high), st.sampled_from(["50%", *kind.words]))


@values.register
def _(kind: Size) -> st.SearchStrategy[Any]:
    units = st.sampled_from(["", "K", "KB", "MB", "G", "GiB"])
    sizes = st.builds("{}{}".format, st.integers(0, 1), units)
    return st.one_of(st.integers(kind.low, min(kind.high, 1 << 40)), sizes)


@values.register
def _(kind: Text) -> st.SearchStrategy[Any]:
    return st.one_of(SUBJECTS, TEXTS).filter(lambda text: not kind.faults(text))


@values.register
def _(_: Url) -> st.SearchStrategy[Any]:
    return URLS


@values.register
def _(kind: Choice) -> st.SearchStrategy[Any]:
    return st.sampled_from(kind.values)


@values.register
def _(kind: Span) -> st.SearchStrategy[Any]:
    return st.one_of(_DURATIONS, *map(st.just, kind.others))


@values.register
def _(_: Seconds) -> st.SearchStrategy[Any]:
    return st.one_of(st.integers(0, 100), st.floats(0.001, 100), st.just("1500ns"))


@values.register
def _(kind: Items) -> st.SearchStrategy[Any]:
    return st.lists(values(kind.item), max_size=3)


@values.register
def _(kind: Named) -> st.SearchStrategy[Any]:
    return st.dictionaries(NAMES, values(kind.item), max_size=3)


@values.register
def _(kind: Nested) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: blocks(kind.block))


@st.composite
def blocks(
    draw: st.DrawFn, cls: type[Block], most: int = 6, **given: st.SearchStrategy[Any]
) -> Any:
    """A valid block; what it lacks is added, what contradicts itself taken away."""
    kinds = _fields(cls).by_name
    names = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=most, unique=True))
    if "http_host" in names:  # no key says it alone
        names.append("http_port")

    def value(name: str) -> Any:
        for strategies, key in (
            (given, name),
            (_SPECIAL, f"{cls.__name__}.{name}"),
            (_SPECIAL, name),
        ):
            if key in strategies:
                return draw(strategies[key])
        return draw(values(kinds[name]))

    fields = {name: value(name) for name in [*names, *given]}
    for _ in range(8):
        block = cls(**fields)
        if not (faults := block.faults()):
            return block
        for path, message, _ in faults:
            name = path.partition(".")[0].partition("[")[0] or draw(st.sampled_from(sorted(kinds)))
            if "required" in message or not path:
                fields[name] = value(name)
            elif name not in given:
                fields.pop(name, None)
    return reject()


def classes() -> dict[str, tuple[type[Block], list[tuple[type[Block], str, Kind]]]]:
    """Every block, by name, with the fields that lead to it from the top."""
    found = {BrokerConfiguration.__name__: (BrokerConfiguration, [])}
    todo: list[type[Block]] = [BrokerConfiguration]
    for outer in todo:
        way = found[outer.__name__][1]
        for name, kind in _fields(outer).by_name.items():
            inner = kind
            while isinstance(inner, Items | Named):
                inner = inner.item
            if isinstance(inner, Nested) and inner.block.__name__ not in found:
                found[inner.block.__name__] = inner.block, [*way, (outer, name, kind)]
                todo.append(inner.block)
    return found


def configurations(cls: type[Block] = BrokerConfiguration) -> st.SearchStrategy[Any]:
    """Configurations that have a block of a class."""
    strategy: st.SearchStrategy[Any] = blocks(cls)
    for outer, name, kind in reversed(classes()[cls.__name__][1]):
        strategy = blocks(outer, 2, **{name: _wrapped(strategy, kind)})
    return strategy


def _wrapped(strategy: st.SearchStrategy[Any], kind: Kind) -> st.SearchStrategy[Any]:
    if isinstance(kind, Items):
        return _wrapped(strategy, kind.item).map(lambda value: [value])
    if isinstance(kind, Named):
        return _wrapped(strategy, kind.item).map(lambda value: {"a": value})
    return strategy


_USER_NKEY = "UDDL54VKHYCHDW3LOKHFNME5VXGZVSQKCJ4TXTMD5W3OJ57J7F4C5NP7"
_USER_SEED = "SUAHKQUEGC56ANZIDJAWHMMA7R2YNSBIGCYFDCIKBN3LWI6FN4ZQZOSNEA"
_ACCOUNT_NKEY = "ABOEBEFX7JMDVOCE74OIYQ2SCRZ5ZAO4KNYKM527WNI2DI4OEMM5E6FV"
_OPERATOR_NKEY = "OCXFRCYW5L3FV56N4Y2TN3P6L3GMBWN2SBFEZWDJOW3RGICDX5BJUNRJ"
_CURVE_KEY = "XAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB7QO7"
_NOTHING = st.just(())
_SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "nkey": st.just(_USER_NKEY),
    "AccountConfiguration.nkey": st.just(_ACCOUNT_NKEY),
    "LeafNodeRemoteConfiguration.nkey": st.just(_USER_SEED),
    "AuthCalloutConfiguration.issuer": st.just(_ACCOUNT_NKEY),
    "AuthCalloutConfiguration.allowed_accounts": _NOTHING,
    "AuthCalloutConfiguration.xkey": st.just(_CURVE_KEY),
    "trusted_keys": st.just([_OPERATOR_NKEY]),
    "operator": _NOTHING,  # would be JWTs, and exclude accounts
    "resolver_preload": st.just({}),
    "default_sentinel": st.just(""),
    "server_name": WORDS,
    "trace_verbose": st.just(value=True),  # false beside another that is true is not written
    "trace_headers": st.just(value=True),
    "allow": st.lists(SUBJECTS, max_size=3),
    "deny": st.lists(SUBJECTS, max_size=3),
    "dest": SUBJECTS,
    "destination": SUBJECTS,
    "subject": SUBJECTS,
    "service": SUBJECTS,
    "mappings": st.dictionaries(
        SUBJECTS, st.deferred(lambda: st.lists(blocks(MappingConfiguration), max_size=1))
    ),
    "ServiceLatencyConfiguration.subject": SUBJECTS,
    "ExportConfiguration.accounts": _NOTHING,
    "min_version": st.sampled_from(["1.2", "1.3"]),
    "LeafNodeConfiguration.min_version": st.just("2.8.0"),
    "LeafNodeProxyConfiguration.url": URLS.map(lambda url: url.replace("nats:", "http:")),
    "pinned_certs": st.just(["a8f407340dcc719864214b85ed96f98d16cbffa8f509d9fa4ca237b7bb3f9c32"]),
    "cipher_suites": st.just(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]),
    "curve_preferences": st.just(["X25519"]),
    "certs": _NOTHING,
}
"""What nats-server asks of fields, by name, or by class and name."""
