"""Rules of subjects: their grammar, where it is checked before anything is started."""

from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get

_BLANKS = " \t\n\f\r"


def is_subject(text: str) -> bool:
    """Whether it is a subject, wildcards included. Source: ``server.IsValidSubject`` (2.15)."""
    tokens = text.split(".")
    if "" in tokens or ">" in tokens[:-1]:
        return False
    return not any(blank in text for blank in _BLANKS)


def _check(found: Findings, path: str, subject: Any, *, queue: bool = False) -> None:
    if is_subject(subject):
        return
    parts = subject.split() if queue else []
    if len(parts) != 2 or not all(map(is_subject, parts)):  # noqa: PLR2004 - subject and queue
        found.error(path, "is no subject", subject)


def _permissions(config: Any, found: Findings) -> None:
    blocks = [
        ("authorization", get(config, "authorization")),
        *each(config, "accounts"),
        *each(config, "authorization", "users"),
    ]
    for path, account in each(config, "accounts"):
        blocks += [(f"{path}.{tail}", user) for tail, user in each(account, "users")]
    for path, block in blocks:
        for key in ("permissions", "default_permissions"):
            _permission(found, f"{path}.{key}", get(block, key), queue=True)
    _permission(found, "cluster.permissions", get(config, "cluster", "permissions"), queue=False)


def _permission(found: Findings, path: str, block: Any, *, queue: bool) -> None:
    if block is None:
        return
    for key in ("publish", "subscribe"):
        for rule in ("allow", "deny"):
            for tail, subject in each(block, key, rule):
                _check(found, f"{path}.{tail}", subject, queue=queue and key == "subscribe")


def _denied(config: Any, found: Findings) -> None:
    for path, remote in each(config, "leafnodes", "remotes"):
        for key in ("deny_imports", "deny_exports"):
            for tail, subject in each(remote, key):
                _check(found, f"{path}.{tail}", subject)


def _mapped(config: Any, found: Findings) -> None:
    for path, block in (("", config), *each(config, "accounts")):
        for subject in get(block, "mappings") or ():
            _check(found, f"{path}.mappings.{subject}".lstrip("."), subject)


RULES: tuple[Rule, ...] = (_permissions, _denied, _mapped)
