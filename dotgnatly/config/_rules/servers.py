"""Rules of the connections to other servers: routes, gateways and leaf nodes."""

import re
from collections.abc import Iterator
from typing import Any

from dotgnatly.config._kinds import nanoseconds
from dotgnatly.config._rules import Findings, Rule, each, get
from dotgnatly.config._units import hide_user_info, split_url

_SCHEMES = frozenset({"nats", "tls", "nats-route", "nats-gateway", "nats-leaf"})
_LEAF_SCHEMES = _SCHEMES | {"ws", "wss"}
_RESERVED = "_"
_LARGEST_PORT, _DIGITS = 65_535, 5
_MOST_THRESHOLDS = 4
_MOST_POOLED = 65_535  # as in gobridge
_LEAST_VERSION = (2, 8, 0)


def _urls(config: Any) -> Iterator[tuple[str, str, bool]]:
    """Every URL to connect to, with its path, and whether a leaf node's."""
    for path, url in each(config, "cluster", "routes"):
        yield path, url, False
    for path, gateway in each(config, "gateway", "gateways"):
        for tail, url in each(gateway, "urls"):
            yield f"{path}.{tail}", url, False
    for path, remote in each(config, "leafnodes", "remotes"):
        for tail, url in each(remote, "urls"):
            yield f"{path}.{tail}", url, True


def _addresses(config: Any, found: Findings) -> None:
    for path, given, leaf in _urls(config):
        scheme, host, port = split_url(given)
        url = hide_user_info(given)
        known = _LEAF_SCHEMES if leaf else _SCHEMES
        if not host or host == "[]":
            found.doubt(path, "names no host", url)
        elif scheme is None:
            found.doubt(path, f"has no scheme, such as {'nats-leaf' if leaf else 'nats'}://", url)
        elif scheme not in known:
            found.doubt(path, f"has a scheme that is none of {', '.join(sorted(known))}", url)
        elif port and not (port.isascii() and port.isdecimal()):
            found.error(path, "has a port that is no number", url)
        elif not port and not leaf:
            found.doubt(path, "names no port", url)
        elif port and not (len(port) <= _DIGITS and 0 < int(port) <= _LARGEST_PORT):
            found.doubt(path, f"has a port that is not 1 to {_LARGEST_PORT}", url)


def _repeated(config: Any, found: Findings) -> None:
    seen: set[tuple[str, str]] = set()
    for path, url, _ in _urls(config):
        key = path.rpartition("[")[0], url
        if key in seen:
            found.warn(path, "is there twice", hide_user_info(url))
        seen.add(key)


def _cluster(config: Any, found: Findings) -> None:
    cluster = get(config, "cluster")
    name, gateway = get(cluster, "name"), get(config, "gateway", "name")
    _name(found, "cluster.name", name)
    if name and gateway and name != gateway:
        found.error("cluster.name", "must be that of the gateway", name)
    accounts = get(cluster, "accounts") or ()
    if accounts and (get(cluster, "pool_size") or 0) < 0:
        found.error("cluster.pool_size", "cannot be negative beside accounts", cluster.pool_size)
    if (get(cluster, "pool_size") or 0) > _MOST_POOLED:
        message = f"is more than {_MOST_POOLED}: each is a connection to every server"
        found.error("cluster.pool_size", message, cluster.pool_size)
    for index, account in enumerate(accounts):
        if account in accounts[:index]:
            found.error(f"cluster.accounts[{index}]", "is there twice", account)
    if not get(cluster, "port"):
        return
    if not name and not gateway:
        found.warn("cluster.name", "is made up by the server, and another one at each start")
    if not get(cluster, "routes"):
        found.warn("cluster.routes", "is empty: this server waits for the others to connect")


def _anonymous_routes(config: Any, found: Findings) -> None:
    if not get(config, "cluster", "authorization", "user"):
        return
    for path, url in each(config, "cluster", "routes"):
        if hide_user_info(url) == url:
            found.warn(path, "names no user, which servers with such an authorization want", url)


def _name(found: Findings, path: str, name: Any) -> None:
    if name and " " in name:
        found.error(path, "cannot have spaces", name)
    if name == _RESERVED:
        found.error(path, "is reserved", name)


def _gateway(config: Any, found: Findings) -> None:
    gateway = get(config, "gateway")
    name, port = get(gateway, "name"), get(gateway, "port")
    if not name and not port:
        return
    _name(found, "gateway.name", name)
    for key, value in (("name", name), ("port", port)):
        if not value:
            found.error(f"gateway.{key}", "is required")
    for path, remote in each(config, "gateway", "gateways"):
        if not get(remote, "name"):
            found.error(f"{path}.name", "is required")
        if not get(remote, "urls") and not get(remote, "url"):
            found.error(f"{path}.urls", "is required")
    system = get(config, "system_account") or get(config, "operator")  # who may name one
    if get(config, "leafnodes", "port") and not system:
        found.error("system_account", "is required where there are leaf nodes and a gateway")


def _remotes(config: Any, found: Findings) -> None:
    seen: set[tuple[object, ...]] = set()
    for path, remote in each(config, "leafnodes", "remotes"):
        urls = tuple(get(remote, "urls") or ())
        if not urls:
            found.doubt(f"{path}.urls", "is required: there is nothing to connect to")
        by_websocket = {(split_url(url)[0] or "").startswith("ws") for url in urls}
        if len(by_websocket) > 1:
            found.error(f"{path}.urls", "cannot mix WebSocket and other URLs")
        identity = (urls, get(remote, "account") or "$G", _credentials(remote))
        if identity in seen:
            found.error(path, "is there twice: the same urls, account and credentials")
        seen.add(identity)


def _credentials(remote: Any) -> tuple[Any, Any]:
    return get(remote, "credentials"), get(remote, "nkey")


def _proxies(config: Any, found: Findings) -> None:
    for remote_path, remote in each(config, "leafnodes", "remotes"):
        proxy, path = get(remote, "proxy"), f"{remote_path}.proxy"
        if not (url := get(proxy, "url")):
            continue
        scheme, host, _ = split_url(url)
        url = hide_user_info(url)
        if scheme not in {"http", "https"}:
            found.error(f"{path}.url", "must begin with http:// or https://", url)
        elif not host:
            found.doubt(f"{path}.url", "names no host", url)
        elif get(proxy, "tls") and scheme != "https":
            found.error(f"{path}.tls", "needs a url with https://")
        if (nanoseconds(get(proxy, "timeout")) or 0) < 0:
            found.error(f"{path}.timeout", "is negative", proxy.timeout)
        secure = any(split_url(one)[0] == "wss" for one in get(remote, "urls") or ())
        if secure and not get(remote, "tls"):
            found.error(f"{remote_path}.tls", "is required for a wss URL through a proxy")


def _versions(config: Any, found: Findings) -> None:
    version = get(config, "leafnodes", "min_version")
    if version is None:
        return
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+]\S*)?", version)
    if match is None or tuple(map(int, match.groups())) < _LEAST_VERSION:
        found.error("leafnodes.min_version", 'must be a version, "2.8.0" or later', version)


def _compression(config: Any, found: Findings) -> None:
    blocks = [(name, get(config, name)) for name in ("cluster", "leafnodes")]
    blocks += each(config, "leafnodes", "remotes")
    for path, block in blocks:
        given = get(block, "compression", "rtt_thresholds")
        mode = get(block, "compression", "mode")
        # What is not said, and what "on" is, differs.
        chosen = str("" if mode is None else mode).lower() in {"", "on", "enabled", "true"}
        auto = path != "cluster" if chosen else str(mode).lower() in {"auto", "s2_auto"}
        if given and auto:
            _thresholds(found, f"{path}.compression.rtt_thresholds", given)


def _thresholds(found: Findings, path: str, given: Any) -> None:
    spans = [max(nanoseconds(span) or 0, 0) for span in given]
    while spans and not spans[-1]:
        spans.pop()
    ordered = [span for span in spans if span]
    if not spans:
        found.error(path, "needs one that is not 0")
    elif len(spans) > _MOST_THRESHOLDS:
        found.error(path, f"has more than {_MOST_THRESHOLDS}")
    elif ordered != sorted(ordered):
        found.error(path, "must be in ascending order")


RULES: tuple[Rule, ...] = (
    _addresses,
    _repeated,
    _cluster,
    _anonymous_routes,
    _gateway,
    _remotes,
    _proxies,
    _versions,
    _compression,
)
