"""Rules of users: who they are, that nobody is two, and that each has to prove it."""

from collections.abc import Iterator
from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get
from dotgnatly.config._rules.listeners import clients_log_in

_MAPPED = ("tls", "websocket.tls", "mqtt.tls")
_NO_PASSWORD = "is missing: whoever says the name would be let in"  # noqa: S105 - a message
_NO_USER = "is missing: a password alone would not be asked for"


def _lists(config: Any) -> Iterator[tuple[str, Any]]:
    """Every user that stands in a list, with the path."""
    yield from each(config, "authorization", "users")
    for path, account in each(config, "accounts"):
        for tail, user in each(account, "users"):
            yield f"{path}.{tail}", user


def _duplicates(config: Any, found: Findings) -> None:
    seen: dict[str, str] = {}
    for path, user in _lists(config):
        key = "nkey" if get(user, "nkey") else "user"
        name = get(user, key)
        if name in seen:
            found.error(f"{path}.{key}", f"is that of {seen[name]}", name)
        elif name:
            seen[name] = path


def _single_beside_list(config: Any, found: Findings) -> None:
    if not any(get(account, "users") for _, account in each(config, "accounts")):
        return
    for key in ("user", "token"):
        if get(config, "authorization", key):
            message = "cannot stand beside users of accounts"
            found.error(f"authorization.{key}", message)


def _passwords(config: Any, found: Findings) -> None:
    mapped = any(get(config, *tls.split("."), "verify_and_map") for tls in _MAPPED)
    anonymous = {get(config, "no_auth_user")}
    anonymous |= {get(config, block, "no_auth_user") for block in ("websocket", "mqtt")}
    _pair(get(config, "authorization"), "authorization", found, mapped=mapped)
    for path, user in _lists(config):
        name = get(user, "user")
        inside = get(user, "allowed_connection_types") == ("IN_PROCESS",)
        if name and not get(user, "password") and not (mapped or inside or name in anonymous):
            found.doubt(f"{path}.password", _NO_PASSWORD)


def _other_passwords(config: Any, found: Findings) -> None:
    for name in ("cluster", "gateway", "leafnodes", "websocket", "mqtt"):
        block = get(config, name)
        auth, tls = get(block, "authorization"), get(block, "tls")
        mapped = bool(
            get(tls, "verify_and_map")
            or (name != "leafnodes" and get(tls, "verify_cert_and_check_known_urls"))
        )
        _pair(auth, f"{name}.authorization", found, mapped=mapped)
        for path, user in each(auth, "users"):
            _pair(user, f"{name}.authorization.{path}", found, mapped=mapped)


def _pair(block: Any, path: str, found: Findings, *, mapped: bool) -> None:
    """A user and a password; a user that is taken from a certificate needs none."""
    user, password = get(block, "user"), get(block, "password")
    if user and not password and not mapped:
        found.doubt(f"{path}.password", _NO_PASSWORD)
    elif password and not user:
        found.doubt(f"{path}.user", _NO_USER)


def _empty_lists(config: Any, found: Findings) -> None:
    for path in ("authorization.users", "leafnodes.authorization.users"):
        if get(config, *path.split(".")) == () and not clients_log_in(config, found):
            found.doubt(path, "is empty: everybody would be let in")


def _permissions(config: Any) -> Iterator[tuple[str, Any]]:
    """Everything that somebody may do, with the path."""
    yield "authorization.default_permissions", get(config, "authorization", "default_permissions")
    for path, account in each(config, "accounts"):
        yield f"{path}.default_permissions", get(account, "default_permissions")
    for path, user in _lists(config):
        yield f"{path}.permissions", get(user, "permissions")


def _empty_permissions(config: Any, found: Findings) -> None:
    for path, permissions in _permissions(config):
        for key in ("publish", "subscribe"):
            answers = key == "publish" and get(permissions, "allow_responses")
            if get(permissions, key, "allow") == () and not answers:
                message = 'is empty, which allows everything: deny ">" to allow nothing'
                found.doubt(f"{path}.{key}.allow", message)


def _default_permissions(config: Any, found: Findings) -> None:
    auth = get(config, "authorization")
    if get(auth, "default_permissions") and not get(auth, "users"):
        message = "are of the users in its list: nobody else is held to them"
        tell = found.doubt if get(auth, "user") or get(auth, "token") else found.warn
        tell("authorization.default_permissions", message)


def _leaf_users(config: Any, found: Findings) -> None:
    seen: set[object] = set()
    for path, user in each(config, "leafnodes", "authorization", "users"):
        name = get(user, "user") or ""
        if name in seen:
            found.error(f"{path}.user", "is there twice", name)
        seen.add(name)


def _no_auth_user(config: Any, found: Findings) -> None:
    for path in ("no_auth_user", "websocket.no_auth_user", "mqtt.no_auth_user"):
        name = get(config, *path.split("."))
        block, _, _ = path.rpartition(".")
        if not name or (block and not get(config, block, "port")):
            continue
        if get(config, "operator"):
            found.error(path, "cannot stand beside operator", name)
        elif not any(name in {get(u, "user"), get(u, "nkey")} for _, u in _lists(config)):
            found.error(path, "is no user of authorization.users or of an account", name)


def _callout_users(config: Any, found: Findings) -> None:
    wanted = list(each(config, "authorization", "auth_callout", "auth_users"))
    if not wanted:
        return
    known = {get(user, key) for _, user in _lists(config) for key in ("user", "nkey")}
    for block in ("authorization", "websocket.authorization", "mqtt.authorization"):
        known.add(get(config, *block.split("."), "user"))
    for path, name in wanted:
        if name not in known:
            found.doubt(path, "is no user: nobody could answer for the service", name)


RULES: tuple[Rule, ...] = (
    _duplicates,
    _single_beside_list,
    _passwords,
    _other_passwords,
    _empty_lists,
    _empty_permissions,
    _default_permissions,
    _leaf_users,
    _no_auth_user,
    _callout_users,
)
