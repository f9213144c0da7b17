"""Rules over the whole configuration, beside what the server itself says to the same ones.

``$TMP`` stands for a directory of the test's own, ``$PEM`` for one with certificates.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, NatsController
from dotgnatly.config import (
    AccountConfiguration,
    AuthorizationConfiguration,
    ClusterConfiguration,
    GatewayConfiguration,
    JetStreamConfiguration,
    LeafNodeConfiguration,
    MqttConfiguration,
    TlsConfiguration,
    WebsocketConfiguration,
)
from dotgnatly.config._base import Block
from dotgnatly.config._rules.operators import is_public_nkey
from dotgnatly.config._units import split_url
from dotgnatly.errors import DotgnatlyError

ACCOUNT = "ADSCCTOUSSSUEEI6VGD5O3DDCCIOW6XFATYF6CDRQ4DCFQA4IF3NHBYV"
USER = "UCPR6SWDTWCBKPIQNR7IKDZLGLBBG253AHIANZDFIRDO7ZFHMQB3GAAP"
OPERATOR_NKEY = "OCXFRCYW5L3FV56N4Y2TN3P6L3GMBWN2SBFEZWDJOW3RGICDX5BJUNRJ"
OPERATOR_CONF = (Path(__file__).parents[1] / "data" / "operator.conf").read_text()
OPERATOR = re.search(r"^operator: (\S+)", OPERATOR_CONF, re.MULTILINE)[1]
PRELOAD = dict(re.findall(r"^ *(A[A-Z2-7]{55}): (\S+)", OPERATOR_CONF, re.MULTILINE))
A = {"users": [{"user": "a", "password": "p"}]}
U = A["users"][0]
JETSTREAM = {"store_dir": "$TMP/store"}
PINNED = "0" * 64
TLS = {"cert_file": "$PEM/server.pem", "key_file": "$PEM/server.key"}
CALLOUT = {"issuer": ACCOUNT, "auth_users": ["a"]}


def row(path: str, **keys: Any):
    """A configuration, and where something is to be said of it."""
    return pytest.param(keys, path, id=f"{path}-{'-'.join(keys)}")


REFUSED = [
    row("lame_duck_grace_period", lame_duck_duration="40s", lame_duck_grace_period="40s"),
    row("lame_duck_grace_period", lame_duck_grace_period="2m"),
    row("max_payload", max_payload="65MB"),
    row("max_payload", max_payload=2048, max_pending=1024),
    row("max_pending", max_pending=1024),
    row("max_pending", max_pending=-1),
    row("max_closed_clients", max_closed_clients=-1),
    row("max_closed_clients", max_closed_clients=1 << 48),
    row("server_name", server_name="a b"),
    row("https_port", http_port=-1, https_port=-1, tls=TLS),
    row("https_port", https_port=-1),
    row("http_port", port=14_222, http_port=14_222),
    row("cluster.port", port=14_222, cluster={"name": "c", "port": 14_222, "host": "127.0.0.1"}),
    row("cluster.port", port=14_222, cluster={"name": "c", "port": 14_222}),
    row("leafnodes.port", host="::1", port=14_222, leafnodes={"host": "::", "port": 14_222}),
    row("leafnodes.port", host="localhost", port=14_222,
        leafnodes={"host": "127.0.0.1", "port": 14_222}),
    row("prof_port", port=14_222, prof_port=14_222),
    row("authorization.token", authorization={"token": "t"}, accounts={"A": A}),
    row("authorization.user", authorization={"user": "u", "password": "p"}, accounts={"A": A}),
    row("accounts.B.users[0].user", accounts={"A": A, "B": A}),
    row("accounts.A.users[0].user", authorization=A, accounts={"A": A}),
    row("accounts.B.users[0].nkey", accounts={n: {"users": [{"nkey": USER}]} for n in "AB"}),
    row("no_auth_user", no_auth_user="a"),
    row("no_auth_user", no_auth_user="b", authorization=A),
    row("no_auth_user", no_auth_user="u", authorization={"user": "u", "password": "p"}),
    row("system_account", system_account="B", accounts={"A": A}),
    row("system_account", system_account="$SYS"),
    row("accounts.$G", accounts={"$G": A}),
    row("accounts.A.jetstream", jetstream=JETSTREAM, system_account="A",
        accounts={"A": {**A, "jetstream": True}}),
    row("accounts.A.imports[0].stream.account",
        accounts={"A": {**A, "imports": [{"stream": {"account": "B", "subject": "s"}}]}}),
    row("accounts.A.imports[0].service.account",
        accounts={"A": {**A, "imports": [{"service": {"account": "B", "subject": "s"}}]}}),
    row("accounts.A.exports[0].accounts[0]",
        accounts={"A": {**A, "exports": [{"stream": "s", "accounts": ["B"]}]}}),
    row("authorization.auth_callout.allowed_accounts[0]",
        authorization={**A, "auth_callout": {**CALLOUT, "allowed_accounts": ["B"]}}),
    row("leafnodes.authorization.account",
        leafnodes={"port": -1, "authorization": {"user": "u", "password": "p", "account": "B"}}),
    row("leafnodes.authorization.users[0].account",
        leafnodes={"port": -1, "authorization": {
            "users": [{"user": "u", "password": "p", "account": "B"}]}}),
    row("leafnodes.authorization.users[1].user",
        leafnodes={"port": -1, "authorization": {
            "users": [{"user": "u", "password": "p"}, {"user": "u", "password": "q"}]}}),
    row("leafnodes.remotes[0].account",
        leafnodes={"remotes": [{"urls": "nats://127.0.0.1:1", "account": "B"}]}),
    row("leafnodes.remotes[1]", leafnodes={"remotes": [{"urls": "nats://127.0.0.1:1"}] * 2}),
    row("leafnodes.remotes[0].urls",
        leafnodes={"remotes": [{"urls": ["nats://127.0.0.1:1", "ws://127.0.0.1:1"]}]}),
    row("leafnodes.remotes[0].deny_imports[0]",
        leafnodes={"remotes": [{"urls": "nats://127.0.0.1:1", "deny_imports": "a..b"}]}),
    row("leafnodes.remotes[0].proxy.url",
        leafnodes={"remotes": [{"urls": "ws://a:1", "proxy": {"url": "ftp://a:1"}}]}),
    row("leafnodes.remotes[0].proxy.tls",
        leafnodes={"remotes": [{"urls": "ws://a:1", "proxy": {"url": "http://a:1", "tls": {
            "ca_file": "$PEM/ca.pem"}}}]}),
    row("leafnodes.remotes[0].proxy.timeout",
        leafnodes={"remotes": [{"urls": "ws://a:1", "proxy": {
            "url": "http://a:1", "timeout": "-1s"}}]}),
    row("leafnodes.remotes[0].tls",
        leafnodes={"remotes": [{"urls": "wss://a:1", "proxy": {"url": "http://a:1"}}]}),
    row("leafnodes.min_version", leafnodes={"port": -1, "min_version": "2.7.9"}),
    row("leafnodes.min_version", leafnodes={"port": -1, "min_version": "2.8"}),
    row("leafnodes.compression.rtt_thresholds",
        leafnodes={"port": -1, "compression": {"rtt_thresholds": ["2s", "1s"]}}),
    row("leafnodes.compression.rtt_thresholds",
        leafnodes={"port": -1, "compression": {"mode": True, "rtt_thresholds": [0, 0]}}),
    row("cluster.compression.rtt_thresholds", cluster={"port": -1, "compression": {
        "mode": "s2_auto", "rtt_thresholds": ["1s", "2s", "3s", "4s", "5s"]}}),
    row("cluster.name", cluster={"port": -1, "name": "a b"}),
    row("cluster.name", cluster={"port": -1, "name": "_"}),
    row("cluster.name", cluster={"port": -1, "name": "c"}, gateway={"name": "g", "port": -1}),
    row("cluster.pool_size", cluster={"port": -1, "pool_size": 1 << 48}),
    row("cluster.pool_size", cluster={"port": -1, "pool_size": -1, "accounts": ["A"]}),
    row("cluster.accounts[1]", cluster={"port": -1, "accounts": ["A", "A"]}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": "nats://a:b:c"}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": "nats://u:p/a@h:1"}),
    row("cluster.permissions.allow_responses",
        cluster={"port": -1, "permissions": {"allow_responses": True}}),
    row("cluster.permissions.subscribe.allow[0]",
        cluster={"port": -1, "permissions": {"subscribe": "a.> q"}}),
    row("cluster.tls.pinned_certs[0]",
        cluster={"port": -1, "tls": {**TLS, "pinned_certs": ["f00"]}}),
    row("gateway.port", gateway={"name": "g"}),
    row("gateway.name", gateway={"port": -1}),
    row("gateway.name", gateway={"name": "a b", "port": -1}),
    row("gateway.gateways[0].name",
        gateway={"name": "g", "port": -1, "gateways": [{"urls": ["nats://a:1"]}]}),
    row("gateway.gateways[0].urls", gateway={"name": "g", "port": -1, "gateways": [{"name": "h"}]}),
    row("system_account", gateway={"name": "g", "port": -1}, leafnodes={"port": -1}),
    row("websocket.tls", websocket={"port": -1}),
    row("websocket.allowed_origins[0]",
        websocket={"port": -1, "no_tls": True, "allowed_origins": ["example.com"]}),
    row("websocket.no_auth_user", websocket={"port": -1, "no_tls": True, "no_auth_user": "b"},
        authorization=A),
    row("websocket.authorization.user", authorization=A,
        websocket={"port": -1, "no_tls": True, "authorization": {"user": "u", "password": "p"}}),
    row("websocket.authorization.token", authorization=A,
        websocket={"port": -1, "no_tls": True, "authorization": {"token": "t"}}),
    row("websocket.jwt_cookie", websocket={"port": -1, "no_tls": True, "jwt_cookie": "c"}),
    row("websocket.headers.Host", websocket={"port": -1, "no_tls": True, "headers": {"Host": "h"}}),
    row("websocket.headers.Sec-WebSocket-X",
        websocket={"port": -1, "no_tls": True, "headers": {"Sec-WebSocket-X": "h"}}),
    row("mqtt", mqtt={"port": -1}),
    row("server_name", mqtt={"port": -1}, cluster={"port": -1, "name": "c"}),
    row("mqtt.no_auth_user", mqtt={"port": -1, "no_auth_user": "b"}, authorization=A,
        jetstream=JETSTREAM),
    row("mqtt.authorization.user", authorization=A, jetstream=JETSTREAM,
        mqtt={"port": -1, "authorization": {"user": "u", "password": "p"}}),
    row("mqtt.ack_wait", mqtt={"port": -1, "ack_wait": "-1s"}, jetstream=JETSTREAM),
    row("mqtt.js_api_timeout", mqtt={"port": -1, "js_api_timeout": "-1s"}, jetstream=JETSTREAM),
    row("jetstream.domain", jetstream={**JETSTREAM, "domain": "a.b"}),
    row("default_js_domain.B", default_js_domain={"B": "d"}),
    row("default_js_domain.A", default_js_domain={"A": "d"},
        accounts={"A": {**A, "jetstream": True}}),
    row("default_js_domain.A", default_js_domain={"A": ""}, accounts={"A": A}, system_account="A"),
    row("default_js_domain.A", default_js_domain={"A": "a b"}, accounts={"A": A}),
    row("server_name", jetstream=JETSTREAM, cluster={"port": -1, "name": "c"}),
    row("cluster.name", jetstream=JETSTREAM, cluster={"port": -1}, server_name="s"),
    row("jetstream.extension_hint", jetstream={**JETSTREAM, "extension_hint": "maybe"},
        cluster={"port": -1, "name": "c"}, server_name="s"),
    row("jetstream.max_outstanding_catchup", jetstream={**JETSTREAM, "max_outstanding_catchup": -1},
        cluster={"port": -1, "name": "c"}, server_name="s"),
    row("jetstream.encryption_key",
        jetstream={**JETSTREAM, "encryption_key": "k", "tpm": {"keys_file": "f"}}),
    row("jetstream.store_dir", jetstream={"store_dir": "$TMP/file"}),
    row("jetstream.store_dir", jetstream={"store_dir": "$TMP/file/below"}),
    row("store_dir", jetstream=True, store_dir="$TMP/file"),
    row("log_file", log_file="$TMP/missing/log"),
    row("log_file", log_file="$TMP"),
    row("pid_file", pid_file="$TMP/missing/pid"),
    row("tls.cert_file", tls={**TLS, "cert_file": "$TMP/missing"}),
    row("tls.cert_file", tls={**TLS, "cert_file": "$TMP"}),
    row("tls.cert_file", tls={**TLS, "cert_file": "$PEM/server.key"}),
    row("tls.key_file", tls={**TLS, "key_file": "$PEM/server.pem"}),
    row("tls.key_file", tls={**TLS, "key_file": "$PEM/other.key"}),
    row("tls.certs[1].key_file", tls={"certs": [TLS, {**TLS, "key_file": "$PEM/client.key"}]}),
    row("tls.ca_file", tls={**TLS, "ca_file": "$TMP/missing"}),
    row("tls.ca_file", tls={**TLS, "ca_file": "$PEM/server.key"}),
    row("tls.pinned_certs[0]", tls={**TLS, "verify": True, "pinned_certs": ["x" * 64]}),
    row("tls.verify_cert_and_check_known_urls",
        tls={**TLS, "verify_cert_and_check_known_urls": True}),
    row("leafnodes.remotes[0].tls.ca_file",
        leafnodes={"remotes": [{"urls": "tls://a:1", "tls": {"ca_file": "$TMP/missing"}}]}),
    row("authorization.users[0].permissions.publish.allow[0]",
        authorization={"users": [
            {"user": "a", "password": "p", "permissions": {"publish": "a."}}]}),
    row("accounts.A.default_permissions.subscribe.deny[0]",
        accounts={"A": {**A, "default_permissions": {"subscribe": {"deny": "> q r"}}}}),
    row("accounts.A.mappings.a..b", accounts={"A": {**A, "mappings": {"a..b": "c"}}}),
    row("operator[0]", operator="$TMP/missing"),
    row("default_sentinel", default_sentinel="e30"),
    row("trusted_keys[0]", trusted_keys=[ACCOUNT]),
    row("proxies.trusted[0].key", proxies={"trusted": [{"key": "nobody"}]}),
    row("accounts", operator=OPERATOR, resolver="MEMORY", accounts={"A": A}),
    row("authorization.users", operator=OPERATOR, resolver="MEMORY", authorization=A),
    row("no_auth_user", operator=OPERATOR, resolver="MEMORY", no_auth_user="a"),
    row("leafnodes.remotes[0].account", operator=OPERATOR, resolver="MEMORY",
        leafnodes={"remotes": [{"urls": "nats://a:1"}]}),
    row("resolver_pinned_accounts[0]", operator=OPERATOR, resolver="MEMORY",
        resolver_pinned_accounts=["A"]),
    row("resolver.dir", resolver={"type": "full", "dir": "$TMP/file"}),
]  # fmt: skip
if os.name != "nt":
    REFUSED += [
        row("tls.cert_store", tls={"cert_store": "WindowsCurrentUser", "cert_match_by": "Subject",
                                   "cert_match": "x"}),
        row("jetstream.tpm", jetstream={**JETSTREAM, "tpm": {"keys_file": "f"}}),
    ]  # fmt: skip
"""What the server refuses: at the latest when it starts, and then one fault at a time."""

DOUBTED = [
    row("leafnodes.remotes[0].proxy.url",
        leafnodes={"remotes": [{"urls": "ws://a:1", "proxy": {"url": "http://:1"}}]}),
    row("ping_interval", ping_interval="-1s"),
    row("write_deadline", write_deadline="-1ns"),
    row("max_control_line", max_control_line=-1),
    row("ping_max", ping_max=-1),
    row("logfile_size_limit", logfile_size_limit=-1),
    row("authorization.password", authorization={"user": "u"}),
    row("authorization.user", authorization={"password": "p"}),
    row("authorization.users[0].password", authorization={"users": [{"user": "u"}]}),
    row("accounts.A.users[0].password", accounts={"A": {"users": [{"user": "u"}]}}),
    row("authorization.users", authorization={"users": []}),
    row("leafnodes.authorization.users", leafnodes={"port": -1, "authorization": {"users": []}}),
    row("authorization.users[0].permissions.publish.allow",
        authorization={"users": [{**U, "permissions": {"publish": []}}]}),
    row("accounts.A.users[0].permissions.subscribe.allow",
        accounts={"A": {"users": [{**U, "permissions": {"subscribe": {"allow": []}}}]}}),
    row("accounts.A.default_permissions.publish.allow",
        accounts={"A": {"users": [U], "default_permissions": {"publish": []}}}),
    row("authorization.default_permissions",
        authorization={"user": "u", "password": "p", "default_permissions": {"publish": "a"}}),
    row("authorization.auth_callout.account",
        authorization={**A, "auth_callout": {**CALLOUT, "account": "B"}}),
    row("authorization.auth_callout.auth_users[0]",
        authorization={"auth_callout": CALLOUT}),
    row("cluster.authorization.password", cluster={"port": -1, "authorization": {"user": "u"}}),
    row("cluster.authorization.user", cluster={"port": -1, "authorization": {"password": "p"}}),
    row("leafnodes.authorization.password",
        leafnodes={"port": -1, "authorization": {"user": "u"}}),
    row("leafnodes.authorization.users[0].password",
        leafnodes={"port": -1, "authorization": {"users": [{"user": "u"}]}}),
    row("leafnodes.authorization.users[0].user",
        leafnodes={"port": -1, "authorization": {"users": [{"password": "p"}]}}),
    row("leafnodes.remotes[0].urls", leafnodes={"remotes": [{}]}),
    row("leafnodes.remotes[0].urls[0]", leafnodes={"remotes": [{"urls": ""}]}),
    row("leafnodes.remotes[0].urls[0]", leafnodes={"remotes": [{"urls": "nats://u:p@"}]}),
    row("leafnodes.remotes[0].urls[0]", leafnodes={"remotes": [{"urls": "127.0.0.1"}]}),
    row("leafnodes.remotes[0].urls[0]", leafnodes={"remotes": [{"urls": "http://127.0.0.1:1"}]}),
    row("leafnodes.remotes[0].credentials",
        leafnodes={"remotes": [{"urls": "nats://127.0.0.1:1", "credentials": "$TMP/missing"}]}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": "nats://127.0.0.1"}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": "nats://127.0.0.1:99999"}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": f"nats://127.0.0.1:{'9' * 5000}"}),
    row("cluster.routes[0]", cluster={"port": -1, "routes": "ws://127.0.0.1:1"}),
    row("gateway.gateways[0].urls[0]", gateway={
        "name": "g", "port": -1, "gateways": [{"name": "h", "urls": ["nats://:1"]}]}),
    row("ports_file_dir", ports_file_dir="$TMP/missing"),
    row("tls.cert_file", tls={"verify": True}),
    row("tls.verify", tls={**TLS, "pinned_certs": [PINNED]}),
    row("websocket.tls.verify", websocket={"port": -1, "tls": {**TLS, "pinned_certs": [PINNED]}}),
]  # fmt: skip
"""What the server takes and cannot honour, or what lets in whoever asks."""

WARNED = [
    row("max_payload", max_payload="9MB"),
    row("trace", trace=True),
    row("max_connections", max_connections=-1),
    row("port", host="0.0.0.0"),
    row("cluster.port", cluster={"port": -1, "name": "c"}, authorization=A),
    row("leafnodes.port", leafnodes={"port": -1}),
    row("leafnodes.port", leafnodes={"port": -1}, tls={**TLS, "verify": True}),
    row("gateway.port", gateway={"name": "g", "port": -1}),
    row("websocket.port", websocket={"port": -1, "no_tls": True}),
    row("mqtt.port", mqtt={"port": -1}, jetstream=JETSTREAM),
    row("http_port", http_port=-1, http_host="0.0.0.0", authorization=A),
    row("https_port", https_port=-1, http_host="0.0.0.0", tls={**TLS, "verify": True}),
    row("prof_port", prof_port=-1, host="0.0.0.0", authorization=A),
    row("cluster.name", cluster={"port": -1}),
    row("cluster.routes", cluster={"port": -1, "name": "c"}),
    row(
        "cluster.routes[0]",
        cluster={
            "port": -1,
            "name": "c",
            "routes": "nats://127.0.0.1:1",
            "authorization": {"user": "u", "password": "p"},
        },
    ),
    row("cluster.routes[1]", cluster={"port": -1, "routes": ["nats://a:1", "nats://a:1"]}),
    row(
        "authorization.default_permissions",
        authorization={"default_permissions": {"publish": "a"}},
        accounts={"A": A},
    ),
    row("accounts.B", accounts={"A": A, "B": {}}),
    row(
        "accounts.B",
        accounts={
            "A": {**A, "exports": [{"stream": "s"}]},
            "B": {"imports": [{"stream": {"account": "A", "subject": "s"}}]},
        },
    ),
    row("jetstream", jetstream={}, accounts={"A": A}),
]
"""What may be meant."""

FINE = [
    row("", authorization={
        "users": [{**U, "permissions": {"publish": [], "allow_responses": True}}]
    }),
    row("", host="0.0.0.0", authorization={"token": "t"}),
    row("", host="0.0.0.0", accounts={"A": A}),
    row("", host="127.1.2.3"),
    row("", max_payload=-1),
    row("", port=-1, http_port=-1, prof_port=-1, leafnodes={"host": "127.0.0.1", "port": -1}),
    row("", port=14_222, leafnodes={"host": "127.0.0.2", "port": 14_222}),
    row("", host="::1", port=14_222, leafnodes={"host": "127.0.0.1", "port": 14_222}),
    row("", lame_duck_duration="30s", lame_duck_grace_period=0),
    row("", no_auth_user="u", authorization={"users": [{"user": "u"}]}),
    row("", authorization={"users": [{"user": "u", "allowed_connection_types": "IN_PROCESS"}]}),
    row("", tls={**TLS, "ca_file": "$PEM/ca.pem", "verify_and_map": True, "pinned_certs": [PINNED]},
        authorization={"users": [{"user": "CN=u"}]}),
    row("", system_account="$G"),
    row("", jetstream={}, accounts={"A": {**A, "jetstream": True}}),
    row("", jetstream={}, accounts={"$SYS": A}),
    row("", accounts={"A": A, "$SYS": {}}),
    row("", accounts={"A": A, "B": {}}, trusted_keys=[OPERATOR_NKEY]),
    row("", host="0.0.0.0", tls={**TLS, "verify": True}),
    row("", accounts={"A": A}, authorization={"users": []}, host="0.0.0.0"),
    row("", accounts={"A": {**A, "imports": [{"stream": {"account": "B", "subject": "s"}}]},
                      "B": {"exports": [{"stream": "s"}]}}),
    row("", leafnodes={"remotes": [
        {"urls": "nats-leaf://u:p@127.0.0.1:1", "account": "$SYS"},
        {"urls": ["ws://[::1]:1/path", "wss://localhost"]}]}),
    row("", cluster={"host": "127.0.0.1", "port": -1, "name": "c",
                     "routes": "nats://u:p@127.0.0.1:1",
                     "authorization": {"user": "u", "password": "p"}}),
    row("", cluster={"name": "c"}),
    row("", cluster={"port": -1, "name": "c", "routes": "nats://127.0.0.1:1",
                     "tls": {**TLS, "ca_file": "$PEM/ca.pem"}}),
    row("", jetstream={"store_dir": "$TMP/new/one", "domain": "d"}),
    row("", jetstream=False, store_dir="$TMP/file"),
    row("", log_file="$TMP/log", pid_file="$TMP/pid", ports_file_dir="$TMP"),
    row("", accounts={"A": {**A, "mappings": {"a.*": "b.$1"}}}),
    row("", authorization={"users": [{"user": "a", "password": "p", "permissions": {
        "publish": "$JS.API.>", "subscribe": ["a.*.b", "> q", "f*o"]}}]}),
    row("", authorization={"token": "t"}, websocket={"port": -1, "no_tls": True,
        "allowed_origins": ["https://example.com", "http://[::1]:8080", "HTTP://u:p@h:1"]}),
    row("", operator=OPERATOR, resolver="MEMORY", resolver_preload=PRELOAD),
]  # fmt: skip


@pytest.fixture
def configured(tmp_path, certificates):
    """Makes a configuration on port -1, or reads it as from a file; places are filled in."""
    (tmp_path / "file").write_text("")

    def fill(value):
        if isinstance(value, dict):
            return {name: fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        if isinstance(value, str):
            return value.replace("$TMP", str(tmp_path)).replace("$PEM", str(certificates))
        return value

    def make(keys, *, read=False):
        config = BrokerConfiguration(**{"port": -1, **fill(keys)})
        return BrokerConfiguration.from_conf(config.to_dict(), READ) if read else config

    return make


READ = BrokerConfiguration.from_text("port: -1").source


class Said(NamedTuple):
    """What ``validate`` says of a configuration."""

    errors: dict[str, str]
    """The messages by their paths."""
    warnings: dict[str, str]


def said(config, **options) -> Said:
    """What ``validate`` says of it."""
    try:
        errors, warnings = (), config.validate(**options)
    except ConfigError as exc:
        errors, warnings = exc.errors, exc.warnings
    return Said({f.path: f.message for f in errors}, {f.path: f.message for f in warnings})


@pytest.mark.parametrize(("keys", "path"), REFUSED)
def test_what_the_server_refuses_is_a_fault(configured, keys, path):
    """With the path of the key, before anything is started."""
    assert list(said(configured(keys)).errors) == [path]
    assert list(said(configured(keys, read=True)).errors) == [path]


@pytest.mark.parametrize(("keys", "path"), REFUSED)
def test_the_server_refuses_it_indeed(configured, keys, path, monkeypatch):
    """A rule of ours must not be stricter than the server."""
    config = configured(keys)
    monkeypatch.setattr(BrokerConfiguration, "validate", lambda _self, **_options: ())
    with pytest.raises(DotgnatlyError), NatsController(config):
        pytest.fail(f"it started, in spite of {path}")


@pytest.mark.parametrize(("keys", "path"), DOUBTED)
def test_what_cannot_be_honoured_is_a_fault_of_a_program(configured, keys, path):
    """Nothing is skipped in silence, and nobody is let in by a slip."""
    assert list(said(configured(keys)).errors) == [path]


@pytest.mark.parametrize(("keys", "path"), DOUBTED)
def test_what_cannot_be_honoured_is_a_warning_of_a_file(configured, keys, path):
    """A file that nats-server starts with starts here as well."""
    config = configured(keys, read=True)
    errors, warnings = said(config)
    assert not errors
    assert path in warnings
    with NatsController(config.replace(host="127.0.0.1")) as controller:
        assert controller.is_running


@pytest.mark.parametrize(("keys", "path"), WARNED)
def test_what_may_be_meant_is_a_warning(configured, keys, path):
    """The server starts with it."""
    errors, warnings = said(configured(keys))
    assert not errors
    assert path in warnings
    with NatsController(configured(keys).replace(host="127.0.0.1")) as controller:
        assert controller.is_running


@pytest.mark.parametrize(("keys", "path"), FINE)
def test_nothing_is_said_of_what_is_all_right(configured, keys, path):
    """Who is warned in vain stops to listen; and the server agrees."""
    assert said(configured(keys)) == ({}, {}), path
    with NatsController(configured(keys)) as controller:
        assert controller.is_running


def test_without_a_client_listener_its_port_is_free(configured):
    """What no key can say is said to ``validate``."""
    config = configured({"port": 14_222, "http_port": 14_222})
    assert said(config).errors
    assert said(config, dont_listen=True) == ({}, {})
    with NatsController(config, dont_listen=True) as controller:
        assert controller.ports()["monitoring"] == 14_222


@pytest.mark.skipif(os.name == "nt", reason="needs the permissions of POSIX")
def test_a_directory_of_somebody_elses_is_not_writable():
    """JetStream would not start."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        config = BrokerConfiguration(jetstream={"store_dir": f"{folder}/a"}, log_file=f"{folder}/b")
        user = os.geteuid()
        os.seteuid(65_534 if user == 0 else user)  # root may write everywhere
        try:
            errors = said(config).errors
        finally:
            os.seteuid(user)
        Path(folder).chmod(0o700)
    assert {path: message.partition(" ")[2] for path, message in errors.items()} == dict.fromkeys(
        ("log_file", "jetstream.store_dir"), "cannot be written by this user"
    )


def test_a_fault_has_what_was_found(configured):
    """A program can show it; what is not there has nothing to show."""
    config = configured({"server_name": "a b", "authorization": {"user": "u"}, "ping_max": "x"})
    with pytest.raises(ConfigError) as caught:
        config.validate()
    assert {fault.path: fault.value for fault in caught.value.errors} == {
        "ping_max": "'x'", "server_name": "'a b'", "authorization.password": "",
    }  # fmt: skip


def test_all_faults_and_warnings_come_at_once_in_a_stable_order(configured):
    """Values of the wrong type, contradictions and rules over several keys; the same each time."""
    keys = {
        "port": 70_000,
        "trace": True,
        "server_name": "a b",
        "https_port": 1,
        "no_auth_user": "x",
        "cluster": {"port": 1, "routes": ["nowhere"], "name": 5},
        "tls": {"cert_file": "$TMP/missing"},
    }
    config = configured(keys)
    errors, warnings = said(config)
    assert list(errors) == [
        "port", "tls.key_file", "cluster.name", "server_name", "cluster.port",
        "no_auth_user", "cluster.routes[0]", "tls.cert_file",
    ]  # fmt: skip
    assert list(warnings) == ["trace", "cluster.port"]
    assert said(config) == (errors, warnings)


JUNK = [True, 0, -1, 1.5, "", "junk", (), [], ["junk"], [None], {}, {"a": None}, {"a": 1}, object()]


def junk(block: type[Block]):
    """Every field of a block with every kind of value."""
    for name in block.__struct_fields__:
        if name != "_extras":
            for value in JUNK:
                yield {name: value}


def test_no_rule_stumbles_over_values_of_the_wrong_type():
    """All faults, and nothing but faults."""
    candidates = list(junk(BrokerConfiguration))
    candidates += [{"cluster": keys} for keys in junk(ClusterConfiguration)]
    candidates += [{"leafnodes": keys} for keys in junk(LeafNodeConfiguration)]
    candidates += [{"authorization": keys} for keys in junk(AuthorizationConfiguration)]
    candidates += [{"jetstream": keys} for keys in junk(JetStreamConfiguration)]
    candidates += [{"tls": keys} for keys in junk(TlsConfiguration)]
    candidates += [{"gateway": keys} for keys in junk(GatewayConfiguration)]
    candidates += [{"websocket": keys} for keys in junk(WebsocketConfiguration)]
    candidates += [{"mqtt": keys} for keys in junk(MqttConfiguration)]
    candidates += [{"accounts": {"A": keys}} for keys in junk(AccountConfiguration)]
    for keys in candidates:
        try:
            config = BrokerConfiguration(**keys)
        except ConfigError:
            continue
        said(config)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("nats://u:p@Host:1/x", ("nats", "host", "1")),
        ("NATS://[::1]:1", ("nats", "[::1]", "1")),
        ("nats://[::1]", ("nats", "[::1]", "")),
        ("nats://a@b@h", ("nats", "h", "")),
        ("nats://u:p/a@h:1", ("nats", "u", "p")),
        ("host:1", (None, "host", "1")),
        (" ws://h?a@b ", ("ws", "h", "")),
        ("", (None, "", "")),
        ("nats://:1", ("nats", "", "1")),
    ],
)
def test_urls_are_split_as_the_server_splits_them(url, parts):
    """A slash ends who logs in and where, also one in a password."""
    assert split_url(url) == parts


@pytest.mark.parametrize(
    ("key", "kinds", "valid"),
    [
        (ACCOUNT, "A", True), (ACCOUNT, "U", False), (USER, "U", True),
        (USER[:-1] + "Q", "U", False), ("", "A", False), ("A" * 55, "A", False),
        ("A1" * 28, "A", False), (5, "A", False),
    ],
)  # fmt: skip
def test_public_nkeys_have_their_kind_and_checksum(key, kinds, valid):
    """A letter that was mistyped names nobody."""
    assert is_public_nkey(key, kinds) is valid
