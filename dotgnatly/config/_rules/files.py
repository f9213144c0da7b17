"""Rules of files and directories: what is read is there, what is written can be."""

import os
import stat
from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get

_JWT = "eyJ"


def unreadable(path: str) -> str:
    """Why a file cannot be read, or ""."""
    try:
        mode = os.stat(os.path.abspath(path)).st_mode
    except (OSError, ValueError) as exc:
        return _reason(exc)
    if stat.S_ISDIR(mode):
        return "is a directory"
    return "" if _allowed(path, os.R_OK) else "cannot be read by this user"


def unwritable(path: str) -> str:
    """Why a directory cannot be made, or nothing be made in it, or ""."""
    at = os.path.abspath(path)
    while not os.path.lexists(at) and os.path.dirname(at) != at:
        at = os.path.dirname(at)
    if not os.path.isdir(at):
        return "is no directory" if at == os.path.abspath(path) else f"lies below {at}, a file"
    return "" if _allowed(at, os.W_OK | os.X_OK) else "cannot be written by this user"


def _is_no_folder(path: str) -> bool:
    at = os.path.abspath(path)  # a TypeError where it is no path: a number would be a descriptor
    return os.path.exists(at) and not os.path.isdir(at)


def _allowed(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _reason(exc: Exception) -> str:
    return (getattr(exc, "strerror", None) or str(exc)).lower()


def _written(config: Any, found: Findings) -> None:
    for key in ("log_file", "pid_file"):
        if path := getattr(config, key):
            folder = os.path.dirname(os.path.abspath(path))
            if os.path.isdir(path):
                found.error(key, "is a directory", path)
            elif not os.path.isdir(folder):
                found.error(key, "is in a directory that is not there", path)
            elif why := unwritable(path if os.path.isdir(path) else folder):
                found.error(key, why, path)
    if (path := config.ports_file_dir) and not os.path.isdir(os.path.abspath(path)):
        found.doubt("ports_file_dir", "is no directory", path)


def _store(config: Any, found: Findings) -> None:
    jetstream = get(config, "jetstream")
    if not jetstream or get(jetstream, "enabled") is False:
        return
    for path in ("jetstream.store_dir", "store_dir"):
        folder = get(config, *path.split("."))
        if folder and _is_no_folder(folder):
            # In the server's words: programs that start servers look for them.
            found.error(path, f"storage directory is not a directory: {folder!r}")
        elif folder and (why := unwritable(folder)):
            found.error(path, why, folder)


def _credentials(config: Any, found: Findings) -> None:
    for path, remote in each(config, "leafnodes", "remotes"):
        file = get(remote, "credentials")
        if file and not get(remote, "disabled"):
            expanded = os.path.expanduser(os.path.expandvars(file))
            if why := unreadable(expanded):
                found.doubt(f"{path}.credentials", why, file)


def _operators(config: Any, found: Findings) -> None:
    for path, operator in each(config, "operator"):
        if not operator.startswith(_JWT) and (why := unreadable(operator)):
            found.error(path, why, operator)


def _resolver(config: Any, found: Findings) -> None:
    folder = get(config, "resolver", "dir")
    if folder and _is_no_folder(folder):
        found.error("resolver.dir", "is no directory", folder)


RULES: tuple[Rule, ...] = (_written, _store, _credentials, _operators, _resolver)
