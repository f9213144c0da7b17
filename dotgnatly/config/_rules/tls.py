"""Rules of TLS, wherever it may stand: certificates that can be read and match their keys."""

import os
import re
from collections.abc import Iterator
from typing import Any

from dotgnatly.config._rules import Findings, Rule, each, get
from dotgnatly.config._rules.files import unreadable

_LISTENING = ("", "cluster", "gateway", "leafnodes", "websocket", "mqtt")
_FOR_CLIENTS = ("tls", "leafnodes.tls", "websocket.tls", "mqtt.tls")
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")


def _blocks(config: Any) -> Iterator[tuple[str, Any]]:
    """Every ``tls`` block that is set, with its path."""
    holders = [(name, get(config, name) if name else config) for name in _LISTENING]
    holders += each(config, "gateway", "gateways")
    for path, remote in each(config, "leafnodes", "remotes"):
        holders += [(path, remote), (f"{path}.proxy", get(remote, "proxy"))]
    for path, holder in holders:
        if tls := get(holder, "tls"):
            yield f"{path}.tls".lstrip("."), tls
    if tls := get(config, "resolver_tls"):
        yield "resolver_tls", tls


def _certificates(config: Any, found: Findings) -> None:
    for path, tls in _blocks(config):
        pairs = [(path, tls), *((f"{path}.{tail}", pair) for tail, pair in each(tls, "certs"))]
        for where, pair in pairs:
            _pair(found, where, get(pair, "cert_file"), get(pair, "key_file"))
        if ca := get(tls, "ca_file"):
            _pem(found, f"{path}.ca_file", ca, _CERTIFICATE)


def _pair(found: Findings, path: str, cert: Any, key: Any) -> None:
    sound = not cert or _pem(found, f"{path}.cert_file", cert, _CERTIFICATE)
    sound = (not key or _pem(found, f"{path}.key_file", key, _KEY)) and sound
    pair = cert and key and all(os.path.isfile(os.path.abspath(file)) for file in (cert, key))
    if sound and pair and not _match(cert, key):
        found.error(f"{path}.key_file", "is not the key of the certificate", key)


def _pem(found: Findings, path: str, file: str, begin: "bytes | re.Pattern[bytes]") -> bool:
    """Whether a file can be read and holds what it should; tells if not."""
    if why := unreadable(file):
        found.error(path, why, file)
        return False
    if not os.path.isfile(file):
        return True  # a pipe: what is read is gone
    with open(file, "rb") as opened:
        held = opened.read()
    if re.search(begin, held):
        return True
    found.error(path, "holds no certificate" if begin is _CERTIFICATE else "holds no key", file)
    return False


def _match(cert: str, key: str) -> bool:
    """False if the key is another one's. What else OpenSSL would not take, Go may."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # nobody is asked for one
    except ssl.SSLError as exc:
        return exc.reason not in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}
    except OSError:
        return True
    return True


def _stores(config: Any, found: Findings) -> None:
    for path, tls in _blocks(config):
        if not get(tls, "cert_store"):
            continue
        if os.name != "nt":
            found.error(f"{path}.cert_store", "is there on Windows only")
        if get(tls, "cert_file"):
            found.error(f"{path}.cert_store", "cannot stand beside cert_file")
        for key in ("cert_match_by", "cert_match"):
            if not get(tls, key):
                found.error(f"{path}.{key}", "is required beside cert_store")


def _needed(config: Any, found: Findings) -> None:
    for name in _LISTENING:
        holder = get(config, name) if name else config
        tls = get(holder, "tls")
        listens = not name or get(holder, "port")
        if tls and listens and not any(get(tls, k) for k in ("cert_file", "certs", "cert_store")):
            path = f"{name}.tls.cert_file".lstrip(".")
            found.doubt(path, "is required: no handshake could succeed")


def _pins(config: Any, found: Findings) -> None:
    for name in _FOR_CLIENTS:
        tls = get(config, *name.split("."))
        if get(tls, "pinned_certs") and not (get(tls, "verify") or get(tls, "verify_and_map")):
            message = "is required beside pinned_certs: nobody would be asked for a certificate"
            found.doubt(f"{name}.verify", message)


RULES: tuple[Rule, ...] = (_certificates, _stores, _needed, _pins)
