"""Rules of operator mode, where accounts and users come as JWTs, and of public nkeys."""

from binascii import Error, crc_hqx
from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get

_ACCOUNT, _OPERATOR = "A", "O"
_PUBLIC = "ANOCUX"
_LENGTH = 56


def is_public_nkey(text: Any, kinds: str = _PUBLIC) -> bool:
    """Whether it is a public nkey of one of the kinds. Source: ``nkeys.IsValidPublicKey``."""
    from base64 import b32decode

    if not isinstance(text, str) or len(text) != _LENGTH or text[0] not in kinds:
        return False
    try:
        raw = b32decode(text + "=" * (-len(text) % 8))
    except (Error, ValueError):
        return False
    return crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


def _alone(config: Any, found: Findings) -> None:
    """An operator is the only one who says who there is."""
    if not get(config, "operator"):
        if get(config, "default_sentinel"):
            found.error("default_sentinel", "needs an operator")
        return
    for path in (
        "accounts",
        "trusted_keys",
        "authorization.users",
        "authorization.auth_callout",
        "leafnodes.authorization.users",
    ):
        if get(config, *path.split(".")):
            found.error(path, "cannot stand beside operator")


def _leaf_nodes(config: Any, found: Findings) -> None:
    if not get(config, "operator"):
        return
    for path, remote in each(config, "leafnodes", "remotes"):
        account = get(remote, "account")
        if not is_public_nkey(account, _ACCOUNT):
            message = "must be the public nkey of an account, as there is an operator"
            found.error(f"{path}.account", message, account)
    account = get(config, "leafnodes", "authorization", "account")
    if account and get(config, "leafnodes", "port") and not is_public_nkey(account, _ACCOUNT):
        path = "leafnodes.authorization.account"
        found.error(path, "must be the public nkey of an account", account)


def _keys(config: Any, found: Findings) -> None:
    for path, key in each(config, "trusted_keys"):
        if not is_public_nkey(key, _OPERATOR):
            found.error(path, "is no public nkey of an operator", key)
    for path, proxy in each(config, "proxies", "trusted"):
        if not is_public_nkey(get(proxy, "key")):
            found.error(f"{path}.key", "is no public nkey", get(proxy, "key"))
    if not get(config, "operator"):
        return
    for path, key in each(config, "resolver_pinned_accounts"):
        if not is_public_nkey(key, _ACCOUNT):
            found.error(path, "is no public nkey of an account", key)
    for key in get(config, "default_js_domain") or ():
        if not is_public_nkey(key, _ACCOUNT):
            found.error(f"default_js_domain.{key}", "is no public nkey of an account")


RULES: tuple[Rule, ...] = (_alone, _leaf_nodes, _keys)
