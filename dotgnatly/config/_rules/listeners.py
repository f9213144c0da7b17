"""Rules of the ports that the server listens on."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from dotgnatly.config._rules import Findings, Rule, each, get

_BLOCKS = ("cluster", "gateway", "leafnodes", "websocket", "mqtt")
_PEERS = frozenset({"cluster", "gateway"})
_MONITORING = ("http_port", "https_port", "prof_port")
_ALL_IPV4 = "0.0.0.0"  # noqa: S104 - looked for, not listened on
_ALL = frozenset({"", "::", "[::]"})


class _Listener(NamedTuple):
    path: str
    host: str
    port: int

    @property
    def local(self) -> bool:
        """Only the machine itself can reach it."""
        return self.host.startswith("127.") or self.host in {"localhost", "::1", "[::1]"}

    def overlaps(self, other: "_Listener") -> bool:
        """Whether the two cannot both have the port."""
        hosts = {"127.0.0.1" if host == "localhost" else host for host in (self.host, other.host)}
        if len(hosts) == 1 or not hosts.isdisjoint(_ALL):
            return True
        return _ALL_IPV4 in hosts and not any(":" in host for host in hosts)


def _listeners(config: Any, found: Findings) -> Iterator[_Listener]:
    """Every listener that there can be; one with port 0 is not opened."""
    ours = "127.0.0.1" if found.made_here else _ALL_IPV4
    host = config.host or ours
    if not found.dont_listen:
        yield _Listener("port", host, config.port or 4222)
    for key in _MONITORING:
        its_host = host if key == "prof_port" else config.http_host or host
        yield _Listener(key, its_host, getattr(config, key) or 0)
    for name in _BLOCKS:
        block = get(config, name)
        yield _Listener(f"{name}.port", get(block, "host") or _ALL_IPV4, get(block, "port") or 0)


def _clashes(config: Any, found: Findings) -> None:
    taken: list[_Listener] = []
    for listener in _listeners(config, found):
        if listener.port <= 0:
            continue
        for other in taken:
            if listener.port == other.port and listener.overlaps(other):
                found.error(listener.path, f"is that of {other.path}", listener.port)
                break
        taken.append(listener)


def _open_to_all(config: Any, found: Findings) -> None:
    for listener in _listeners(config, found):
        if listener.port == 0 or listener.local or _asks(config, listener.path, found):
            continue
        why = "nobody has to log in"
        if listener.path in _MONITORING:
            why = "monitoring has no login"
        message = f"is open to everybody who reaches {listener.host}: {why}"
        found.warn(listener.path, message, listener.port)


def _asks(config: Any, path: str, found: Findings) -> bool:
    """Whether who comes to a listener has to prove who he is."""
    if path in _MONITORING:
        return False
    block, _, _ = path.rpartition(".")
    if _logs_in(get(config, block) if block else config):
        return True
    if block in _PEERS:
        return bool(get(config, block, "tls"))  # with which both sides show certificates, always
    return clients_log_in(config, found)


def clients_log_in(config: Any, found: Findings) -> bool:
    """Whether there is anybody whom clients must log in as."""
    auth = get(config, "authorization")
    return bool(
        found.on_authenticate
        or get(config, "operator")
        or get(config, "trusted_keys")
        or any(get(auth, key) for key in ("user", "token", "users", "auth_callout"))
        or any(get(account, "users") for _, account in each(config, "accounts"))
    )


def _logs_in(block: Any) -> bool:
    """Whether a listener asks for a login, or a certificate, of its own."""
    auth, tls = get(block, "authorization"), get(block, "tls")
    return any(get(auth, key) for key in ("user", "nkey", "users", "token")) or any(
        get(tls, key) for key in ("verify", "verify_and_map", "verify_cert_and_check_known_urls")
    )


RULES: tuple[Rule, ...] = (_clashes, _open_to_all)
