"""Rules of accounts: that those named somewhere are there, and that somebody can reach each."""

from collections.abc import Iterator
from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get

_GLOBAL, _SYSTEM = "$G", "$SYS"


def _known(config: Any) -> set[str]:
    return set(get(config, "accounts") or ())


def _imports(config: Any) -> Iterator[tuple[str, Any]]:
    """Where imports name the exporting account."""
    for path, account in each(config, "accounts"):
        for tail, import_ in each(account, "imports"):
            for kind in ("stream", "service"):
                if name := get(import_, kind, "account"):
                    yield f"{path}.{tail}.{kind}.account", name


def _exports(config: Any) -> Iterator[tuple[str, Any]]:
    """Where exports name the accounts that may import them."""
    for path, account in each(config, "accounts"):
        for tail, export in each(account, "exports"):
            for end, name in each(export, "accounts"):
                yield f"{path}.{tail}.{end}", name


def _reserved(config: Any, found: Findings) -> None:
    if _GLOBAL in _known(config):
        found.error(f"accounts.{_GLOBAL}", "is the name of the global account")


def _shared(config: Any, found: Findings) -> None:
    known = _known(config)
    if get(config, "mappings"):
        known.add(_GLOBAL)  # the server may have made it by then
    for path, name in (*_exports(config), *_imports(config)):
        if name not in known:
            found.error(path, "is no account", name)


def _system(config: Any, found: Findings) -> None:
    name = get(config, "system_account")
    if not name or get(config, "operator"):
        return
    if name not in _known(config) | {_GLOBAL}:
        found.error("system_account", "is no account", name)
    if get(config, "jetstream") and get(config, "jetstream", "enabled") is not False:
        path = f"accounts.{name}.jetstream"
        account = (get(config, "accounts") or {}).get(name)
        if get(account, "jetstream") not in {None, False}:
            found.error(path, "cannot be on in the system account")


def _leaf_nodes(config: Any, found: Findings) -> None:
    if get(config, "operator"):
        return
    known = _known(config) | {_GLOBAL, ""}
    if not get(config, "system_account") and not get(config, "no_system_account"):
        known.add(_SYSTEM)
    for path, name in _leaf_accounts(config):
        if name not in known:
            found.error(path, "is no account", name)


def _leaf_accounts(config: Any) -> Iterator[tuple[str, Any]]:
    if name := get(config, "leafnodes", "authorization", "account"):
        yield "leafnodes.authorization.account", name
    for lists in (("leafnodes", "authorization", "users"), ("leafnodes", "remotes")):
        for path, item in each(config, *lists):
            if name := get(item, "account"):
                yield f"{path}.account", name


def _callout(config: Any, found: Findings) -> None:
    callout = get(config, "authorization", "auth_callout")
    known = _known(config)
    name = get(callout, "account")
    if name and name not in known | {_GLOBAL}:
        path = "authorization.auth_callout.account"
        found.doubt(path, "is no account: nobody could log in", name)
    for path, allowed in each(callout, "allowed_accounts"):
        if allowed not in known:
            found.error(f"authorization.auth_callout.{path}", "is no account", allowed)


def _default_domains(config: Any, found: Findings) -> None:
    domains = get(config, "default_js_domain") or {}
    accounts = get(config, "accounts") or {}
    system = get(config, "system_account") or _SYSTEM
    for name, domain in domains.items():
        path = f"default_js_domain.{name}"
        if name == system:
            found.error(path, "is the system account")
        elif get(config, "operator") or name == _GLOBAL:
            continue
        elif name not in accounts:
            found.error(path, "is no account")
        elif domain and get(accounts[name], "jetstream"):
            found.error(path, "is an account with JetStream of its own")


def _unreachable(config: Any, found: Findings) -> None:
    elsewhere = get(config, "operator") or get(config, "trusted_keys") or found.on_authenticate
    if elsewhere or get(config, "authorization", "auth_callout"):
        return
    used = {get(config, "system_account"), _SYSTEM}
    used.update(name for _, name in _imports(config))
    used.update(name for _, name in _leaf_accounts(config))
    for path, account in each(config, "accounts"):
        name = path.removeprefix("accounts.")
        if name not in used and not get(account, "users"):
            found.warn(path, "has no user, leaf node or import: nobody can reach it")


def _jetstream(config: Any, found: Findings) -> None:
    on = get(config, "jetstream") and get(config, "jetstream", "enabled") is not False
    system = get(config, "system_account") or _SYSTEM
    accounts = {n: a for n, a in (get(config, "accounts") or {}).items() if n != system}
    if on and accounts and not any(get(account, "jetstream") for account in accounts.values()):
        found.warn("jetstream", "no account has it; beside others the global account does not")


RULES: tuple[Rule, ...] = (
    _reserved,
    _shared,
    _system,
    _leaf_nodes,
    _callout,
    _default_domains,
    _unreachable,
    _jetstream,
)
