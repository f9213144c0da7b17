"""Rules of the listeners for other protocols: WebSocket and MQTT. Without a port nothing counts."""

from typing import Any

from dotgnatly.config._kinds import nanoseconds
from dotgnatly.config._rules import Findings, Rule, each, get
from dotgnatly.config._units import split_url

_HEADERS = frozenset({"host", "content-length", "connection", "upgrade", "nats-no-masking"})


def _websocket(config: Any, found: Findings) -> None:
    websocket = get(config, "websocket")
    if not get(websocket, "port"):
        return
    if not get(websocket, "tls") and not get(websocket, "no_tls"):
        found.error("websocket.tls", "is required, unless no_tls says that there is none")
    for path, origin in each(config, "websocket", "allowed_origins"):
        scheme, host, _ = split_url(origin)
        if scheme not in {"http", "https"} or not host:
            found.error(path, "is no origin, such as https://example.com", origin)
    cookie = get(websocket, "jwt_cookie")
    if cookie and not get(config, "operator") and not get(config, "trusted_keys"):
        found.error("websocket.jwt_cookie", "needs an operator or trusted_keys", cookie)
    for header in get(websocket, "headers") or ():
        if header.lower() in _HEADERS or header.lower().startswith("sec-websocket-"):
            found.error(f"websocket.headers.{header}", "is the server's own")


def _mqtt(config: Any, found: Findings) -> None:
    mqtt = get(config, "mqtt")
    if not get(mqtt, "port"):
        return
    cluster, gateway = get(config, "cluster", "port"), get(config, "gateway", "port")
    if (cluster or gateway) and not config.server_name:
        found.error("server_name", "is required where there is MQTT in a cluster")
    leaf = get(config, "leafnodes", "port") or get(config, "leafnodes", "remotes")
    jetstream = get(config, "jetstream")
    runs = jetstream and get(jetstream, "enabled") is not False
    if not (runs or cluster or gateway or leaf):
        found.error("mqtt", "needs jetstream, here or in a cluster or on a leaf node's other side")
    for key in ("ack_wait", "js_api_timeout"):
        value = get(mqtt, key)
        if (nanoseconds(value) or 0) < 0:
            found.error(f"mqtt.{key}", "is negative", value)


def _single_user(config: Any, found: Findings) -> None:
    accounts = (account for _, account in each(config, "accounts"))
    if not any(get(block, "users") for block in (get(config, "authorization"), *accounts)):
        return
    for block in ("websocket", "mqtt"):
        for key in ("user", "token"):
            if get(config, block, "port") and get(config, block, "authorization", key):
                path = f"{block}.authorization.{key}"
                found.error(path, "cannot stand beside users of authorization or of accounts")


RULES: tuple[Rule, ...] = (_websocket, _mqtt, _single_user)
