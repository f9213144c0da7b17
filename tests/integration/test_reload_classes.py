"""Every key is changed on a real server, which must agree with ``reload_classes.toml``.

Each sample is a change: what is set before, and after. Where it stands in the configuration, and
what has to stand beside it, is in ``BASES``.
"""

import json
import re
from pathlib import Path

import nkeys
import pytest

from dotgnatly import (
    BrokerConfiguration,
    NatsController,
    RestartRequiredError,
    jobs,
    runtime,
)
from dotgnatly.config import _base
from dotgnatly.config._containers import Items, Named, Nested
from dotgnatly.plan import _CONDITIONS, _table, entry

NOBODY = "127.0.0.1:1"


def public(prefix, number):
    """A public nkey."""
    seed = nkeys.encode_seed(bytes([number] * 32), prefix)
    return nkeys.from_seed(bytearray(seed)).public_key.decode()


ACCOUNT_1, ACCOUNT_2 = (public(nkeys.PREFIX_BYTE_ACCOUNT, n) for n in (1, 2))
USER_1, USER_2 = (public(nkeys.PREFIX_BYTE_USER, n) for n in (1, 2))
OPERATOR = public(nkeys.PREFIX_BYTE_OPERATOR, 1)
PROXY_1 = "NCRPZ7DEMGOMBMYP54FMXPDS33EN5YCLYHILLO6VY5J776UX37CR3VTJ"
PIN_1, PIN_2 = "9a" * 32, "9b" * 32
ANN = {"user": "ann", "password": "a"}
BOB = {"user": "bob", "password": "b"}
SERVER = {"cert_file": "$server.pem", "key_file": "$server.key"}
CLIENT = {"cert_file": "$client.pem", "key_file": "$client.key"}
TLS = SERVER | {"ca_file": "$ca.pem"}


class Beside(dict):
    """A side of a sample that is more than one key of the block."""


class Above(dict):
    """A side of a sample that is more than the block."""


FILE = (Path(__file__).parents[1] / "data" / "operator.conf").read_text()
PRELOAD = dict(re.findall(r"^  (A\w+): (\S+)$", FILE, re.MULTILINE))
OPERATOR_MODE = Beside(
    {
        "operator": re.search(r"^operator: (\S+)$", FILE, re.MULTILINE)[1],
        "system_account": next(iter(PRELOAD)),
        "resolver": {"type": "full", "dir": "$store"},
        "resolver_preload": PRELOAD,
    }
)
JETSTREAM = {"store_dir": "$store"}
CLUSTER = {"name": "c", "host": "127.0.0.1", "port": -1, "routes": [f"nats-route://{NOBODY}"]}
GATEWAY = {"name": "c", "host": "127.0.0.1", "port": -1}
LISTENER = {"host": "127.0.0.1", "port": -1}
REMOTE = {"urls": [f"nats-leaf://{NOBODY}"], "disabled": True}

BASES = {
    "": {},
    "tls": {"tls": TLS},
    "authorization": {"authorization": {"users": [ANN, BOB]}},
    "jetstream": {"server_name": "n", "jetstream": JETSTREAM},
    "cluster": {"cluster": CLUSTER},
    "cluster.tls": {"cluster": CLUSTER | {"tls": TLS}},
    "gateway": {"gateway": GATEWAY},
    "gateway.tls": {"gateway": GATEWAY | {"tls": TLS}},
    "gateway.gateways[0]": {
        "gateway": GATEWAY | {"gateways": [{"name": "d", "urls": [f"nats://{NOBODY}"]}]}
    },
    "leafnodes": {"leafnodes": LISTENER},
    "leafnodes.tls": {"leafnodes": LISTENER | {"tls": TLS}},
    "leafnodes.remotes[0]": {"leafnodes": {"remotes": [REMOTE]}},
    "leafnodes.remotes[0].tls": {"leafnodes": {"remotes": [REMOTE | {"tls": TLS}]}},
    "leafnodes.remotes[0].proxy": {
        "leafnodes": {"remotes": [
            REMOTE | {"urls": [f"ws://{NOBODY}"], "proxy": {"url": f"http://{NOBODY}"}}
        ]}
    },
    "websocket": {"websocket": LISTENER | {"no_tls": True}},
    "websocket.tls": {"websocket": LISTENER | {"tls": TLS}},
    "mqtt": {"server_name": "n", "jetstream": JETSTREAM, "mqtt": LISTENER},
    "mqtt.tls": {"server_name": "n", "jetstream": JETSTREAM, "mqtt": LISTENER | {"tls": TLS}},
    "resolver": dict(OPERATOR_MODE),
    "accounts.A": {"accounts": {"A": {"users": [ANN]}, "B": {"users": [BOB]}}},
    "accounts.A.jetstream": {
        "jetstream": JETSTREAM,
        "accounts": {"A": {"users": [ANN], "jetstream": {"max_memory": 1000}}, "B": {}},
    },
}  # fmt: skip

TLS_SAMPLES = {
    "cert_file": (Beside(SERVER), Beside(CLIENT)),
    "ca_file": ("$ca.pem", "$server.pem"),
    "verify": (None, True),
    "pinned_certs": (Beside({"verify": True, "pinned_certs": [PIN_1]}), [PIN_2]),
    "timeout": (2, 3),
    "min_version": (None, "1.3"),
    "cipher_suites": (None, ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]),
    "curve_preferences": (None, ["CurveP256"]),
    "certs": (Beside({"cert_file": None, "key_file": None, "certs": [SERVER]}), [CLIENT]),
    "ocsp_peer": (Beside({"verify": True}), {"verify": True}),
}
"""Of every ``tls`` block."""

SAMPLES = {
    "": {
        "server_name": ("a", "b"),
        "server_tags": (["a"], ["b"]),
        "server_metadata": ({"a": "1"}, {"a": "2"}),
        "feature_flags": ({"a": True}, {"a": False}),
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "client_advertise": ("a:1", "a:2"),
        "allow_non_tls": (Beside({"tls": TLS}), True),
        "https_port": (Beside({"tls": TLS, "https_port": -1}), "$port"),
        "ocsp_cache": (None, False),
        "proxy_protocol": (None, True),
        "http_host": (Beside({"http_host": "127.0.0.1", "http_port": -1}), "0.0.0.0"),
        "http_port": (-1, "$port"),
        "http_base_path": (Beside({"http_base_path": "/a", "http_port": -1}), "/b"),
        "prof_port": (None, -1),
        "prof_block_rate": (None, 1),
        "debug": (None, True),
        "trace": (None, True),
        "trace_verbose": (None, True),
        "trace_headers": (None, True),
        "max_traced_msg_len": (None, 10),
        "logtime": (None, False),
        "logtime_utc": (None, True),
        "log_file": ("$a.log", "$b.log"),
        "logfile_size_limit": (Beside({"log_file": "$a.log"}), "1MB"),
        "logfile_max_num": (Beside({"log_file": "$a.log", "logfile_size_limit": "1MB"}), 3),
        "remote_syslog": (None, f"udp://{NOBODY}"),
        "pid_file": ("$a.pid", "$b.pid"),
        "ports_file_dir": (None, "$."),
        "connect_error_reports": (10, 20),
        "reconnect_error_reports": (10, 20),
        "max_connections": (10, 20),
        "max_subscriptions": (10, 20),
        "max_sub_tokens": (10, 20),
        "max_control_line": (2000, 3000),
        "max_payload": (2000, 3000),
        "max_pending": ("32MB", "33MB"),
        "max_closed_clients": (10, 20),
        "no_fast_producer_stall": (None, True),
        "no_header_support": (None, True),
        "disable_sublist_cache": (None, True),
        "ping_interval": ("1m", "2m"),
        "ping_max": (3, 4),
        "write_deadline": ("5s", "6s"),
        "write_timeout": (None, "retry"),
        "lame_duck_duration": ("1m", "2m"),
        "lame_duck_grace_period": ("1s", "2s"),
        "accounts": (None, {"A": {}}),
        "mappings": ({"a": "b"}, {"a": "c"}),
        "system_account": (Beside({"accounts": {"A": {}, "B": {}}, "system_account": "A"}), "B"),
        "no_system_account": (None, True),
        "no_auth_user": (
            Beside({"accounts": {"A": {"users": [ANN, BOB]}}, "no_auth_user": "ann"}), "bob"
        ),
        "trusted_keys": (None, [OPERATOR]),
        "operator": (OPERATOR_MODE, Beside(dict.fromkeys(OPERATOR_MODE))),
        "resolver_preload": (OPERATOR_MODE, {list(PRELOAD)[1]: None}),
        "resolver_pinned_accounts": (OPERATOR_MODE, list(PRELOAD)[1:]),
        "store_dir": (Beside({"store_dir": "$store", "jetstream": {}}), "$other"),
        "default_js_domain": (
            Beside({"accounts": {"A": {}}, "default_js_domain": {"A": "a"}}), {"A": "b"}
        ),
        "proxies": (None, {"trusted": [{"key": PROXY_1}]}),
        "cluster": (None, CLUSTER),
        "gateway": (None, GATEWAY | {"port": "$port"}),
        "leafnodes": (None, LISTENER),
        "websocket": (None, LISTENER | {"no_tls": True}),
        "tls": (None, TLS),
        "authorization": (None, ANN),
        "jetstream": (None, JETSTREAM),
    },
    "tls": TLS_SAMPLES | {
        "verify_and_map": (None, True),
        "handshake_first": (None, True),
        "connection_rate_limit": (None, 10),
    },
    "authorization": {
        "user": (Beside({"users": None} | ANN), "eve"),
        "password": (Beside({"users": None} | ANN), "c"),
        "token": (Beside({"users": None, "token": "t"}), "u"),
        "users": ([ANN], [ANN, BOB]),
        "default_permissions": (None, {"publish": "a.>"}),
        "timeout": (2, 3),
        "auth_callout": (None, {"issuer": ACCOUNT_1, "auth_users": ["ann"]}),
        "proxy_required": (Beside({"users": None} | ANN), True),
    },
    "jetstream": {
        "enabled": (None, False),
        "store_dir": ("$store", "$other"),
        "max_memory_store": ("1GB", "1MB"),
        "max_file_store": ("1GB", "1MB"),
        "domain": ("a", "b"),
        "sync_interval": ("1m", "always"),
        "strict": (None, False),
        "unique_tag": (Above({"server_tags": ["a:1"], "jetstream": {"unique_tag": "a:"}}), None),
        "encryption_key": (None, "k"),
        "prev_encryption_key": (Beside({"encryption_key": "k"}), "j"),
        "cipher": (Beside({"encryption_key": "k", "cipher": "aes"}), "chachapoly"),
        "limits.max_ack_pending": (10, 20),
        "limits.max_ha_assets": (10, 20),
        "limits.max_request_batch": (10, 20),
        "limits.default_max_consumers": (10, 20),
        "limits.duplicate_window": ("1m", "2m"),
        "limits.batch.max_inflight_per_stream": (10, 20),
        "limits.batch.max_inflight_total": (10, 20),
        "limits.batch.max_msgs": (10, 20),
        "limits.batch.timeout": ("1s", "2s"),
        "max_outstanding_catchup": ("1MB", "2MB"),
        "max_buffered_size": ("1MB", "2MB"),
        "max_buffered_msgs": (10, 20),
        "request_queue_limit": (10, 20),
        "info_queue_limit": (10, 20),
        "meta_compact": (10, 20),
        "meta_compact_size": ("1MB", "2MB"),
        "meta_compact_sync": (None, True),
        "max_concurrent_io": (10, 20),
        "extension_hint": (None, "no_extend"),
    },
    "cluster": {
        "name": ("c", "d"),
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "routes": ([f"nats-route://{NOBODY}"], ["nats-route://127.0.0.1:2"]),
        "advertise": ("a:1", "a:2"),
        "no_advertise": (None, True),
        "authorization": (ANN, BOB),
        "permissions": (None, {"import": "a.>"}),
        "connect_retries": (1, 2),
        "connect_backoff": (None, True),
        "pool_size": (2, 3),
        "accounts": (Above({"accounts": {"A": {}}}), ["A"]),
        "compression": ("off", "s2_fast"),
        "ping_interval": ("10s", "20s"),
        "ping_max": (3, 4),
        "write_deadline": ("5s", "6s"),
        "write_timeout": (None, "close"),
    },
    "cluster.tls": TLS_SAMPLES | {
        "verify": None, "insecure": (None, True), "handshake_first": (None, True),
        "verify_cert_and_check_known_urls": (None, True),
    },
    "gateway": {
        "name": ("c", "d"),
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "advertise": ("a:1", "a:2"),
        "authorization": (ANN, BOB),
        "gateways": (None, [{"name": "d", "urls": [f"nats://{NOBODY}"]}]),
        "reject_unknown_cluster": (None, True),
        "connect_retries": (1, 2),
        "connect_backoff": (None, True),
        "write_deadline": ("5s", "6s"),
        "write_timeout": (None, "close"),
    },
    "gateway.tls": TLS_SAMPLES | {
        "verify": None, "insecure": (None, True), "handshake_first": (None, True),
        "verify_cert_and_check_known_urls": (None, True),
    },
    "gateway.gateways[0]": {
        "urls": ([f"nats://{NOBODY}"], ["nats://127.0.0.1:2"]),
        "tls": (TLS, TLS | CLIENT),
    },
    "leafnodes": {
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "advertise": ("a:1", "a:2"),
        "no_advertise": (None, True),
        "authorization": (None, ANN),
        "min_version": ("2.9.0", "2.10.0"),
        "remotes": ([REMOTE], [REMOTE, REMOTE | {"urls": ["nats-leaf://127.0.0.1:2"]}]),
        "reconnect": (2, 3),
        "dial_timeout": ("2s", "3s"),
        "compression": ("off", "s2_fast"),
        "isolate_leafnode_interest": (None, True),
        "write_deadline": ("5s", "6s"),
        "write_timeout": (None, "close"),
    },
    "leafnodes.tls": TLS_SAMPLES | {
        "handshake_first": (None, True), "verify_and_map": (None, True),
    },
    "leafnodes.remotes[0]": {
        "urls": ([f"nats-leaf://{NOBODY}"], ["nats-leaf://127.0.0.1:2"]),
        "no_randomize": (None, True),
        "account": (
            Above({
                "accounts": {"A": {}, "B": {}}, "leafnodes": {"remotes": [{"account": "A"}]},
            }),
            "B",
        ),
        "credentials": ("$a.creds", "$b.creds"),
        "hub": (None, True),
        "deny_imports": (["a"], ["b"]),
        "deny_exports": (["a"], ["b"]),
        "compression": ("off", "s2_fast"),
        "ws_compression": (None, True),
        "ws_no_masking": (None, True),
        "jetstream_cluster_migrate": (None, True),
        "isolate_leafnode_interest": (None, True),
        "request_isolation": (None, True),
        "first_info_timeout": ("2s", "3s"),
        "dial_timeout": ("2s", "3s"),
        "disabled": (True, False),
        "ignore_discovered_servers": (None, True),
    },
    "leafnodes.remotes[0].tls": TLS_SAMPLES | {
        "verify": None, "pinned_certs": None, "insecure": (None, True),
        "handshake_first": (None, True),
    },
    "leafnodes.remotes[0].proxy": {
        "url": (f"http://{NOBODY}", "http://127.0.0.1:2"),
        "username": (Beside({"username": "a", "password": "p"}), "b"),
        "password": (Beside({"username": "a", "password": "p"}), "q"),
        "timeout": ("2s", "3s"),
    },
    "websocket": {
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "advertise": ("a:1", "a:2"),
        "no_tls": (Beside({"no_tls": None, "tls": TLS}), Beside({"tls": None, "no_tls": True})),
        "same_origin": (None, True),
        "allowed_origins": (["http://a"], ["http://b"]),
        "handshake_timeout": ("2s", "3s"),
        "compression": (None, True),
        "authorization": (ANN, BOB),
        "jwt_cookie": (
            Above({"trusted_keys": [OPERATOR], "websocket": {"jwt_cookie": "a"}}), "b"
        ),
        "user_cookie": ("a", "b"),
        "pass_cookie": ("a", "b"),
        "token_cookie": ("a", "b"),
        "headers": ({"a": "1"}, {"a": "2"}),
        "ping_interval": ("10s", "20s"),
    },
    "websocket.tls": TLS_SAMPLES | {"verify_and_map": (None, True)},
    "mqtt": {
        "host": ("127.0.0.1", "0.0.0.0"),
        "port": (-1, "$port"),
        "authorization": (ANN, BOB),
        "ack_wait": ("10s", "20s"),
        "js_api_timeout": ("2s", "3s"),
        "max_ack_pending": (10, 20),
        "js_domain": ("a", "b"),
        "stream_replicas": (None, 2),
        "consumer_memory_storage": (None, True),
        "consumer_inactive_threshold": ("1m", "2m"),
        "reject_qos2_publish": (None, True),
        "downgrade_qos2_subscribe": (None, True),
    },
    "mqtt.tls": TLS_SAMPLES | {"verify_and_map": (None, True)},
    "resolver": {
        "type": ("full", Beside({"type": "cache", "ttl": "1h"})),
        "dir": ("$store", "$other"),
        "allow_delete": (None, True),
        "hard_delete": (Beside({"allow_delete": True}), True),
        "interval": ("1m", "2m"),
        "limit": (10, 20),
        "ttl": (Beside({"type": "cache", "ttl": "1h"}), "2h"),
        "timeout": ("2s", "3s"),
    },
    "accounts.A": {
        "users": ([ANN], []),
        "nkey": (ACCOUNT_1, ACCOUNT_2),
        "default_permissions": (None, {"publish": "a.>"}),
        "imports": (
            Above({"accounts": {"B": {"exports": [{"stream": "b.>"}]}}}),
            [{"stream": {"account": "B", "subject": "b.>"}}],
        ),
        "exports": ([{"stream": "a.>"}], [{"service": "a"}, {"service": "b"}]),
        "mappings": ({"a": "b"}, {"a": "c"}),
        "limits.max_connections": (10, 20),
        "limits.max_subscriptions": (10, 20),
        "limits.max_payload": (1000, 2000),
        "limits.max_leafnodes": (10, 20),
        "msg_trace": ("a", "b"),
    },
    "accounts.A.jetstream": {
        "max_memory": (1000, 2000),
        "max_file": (1000, 2000),
        "max_streams": (10, 20),
        "max_consumers": (10, 20),
        "max_ack_pending": (10, 20),
        "mem_max_stream_bytes": (1000, 2000),
        "disk_max_stream_bytes": (1000, 2000),
        "max_bytes_required": (None, True),
        "cluster_traffic": (None, "owner"),
    },
}  # fmt: skip

CASES = {
    f"{where}.{key}".removeprefix("."): (where, key, *sample)
    for where, samples in SAMPLES.items()
    for key, sample in samples.items()
    if sample
}


def nested(where, value):
    """A patch with a value at a place."""
    for part in reversed(where.split(".")) if where else ():
        value = {part.removesuffix("[0]"): [value] if part.endswith("[0]") else value}
    return value


def merged(base, patch):
    """Blocks merged key by key, the first entry of a list too; None takes a key away."""
    if isinstance(base, list) and isinstance(patch, list) and len(base) == len(patch) == 1:
        return [merged(base[0], patch[0])]
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    out = {**base}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merged(base.get(key), value)
    return out


def with_side(base, where, key, side):
    """A configuration with one side of a sample in it."""
    if isinstance(side, Above):
        return merged(base, side)
    if not isinstance(side, Beside):
        side = {key: side} if "." not in key else nested(key, side)
    return merged(base, nested(where, dict(side)))


@pytest.fixture
def fill(tmp_path, certificates, free_port):
    """Fills in what a test has of its own: files, folders, a port."""
    (tmp_path / "a.creds").touch()
    (tmp_path / "b.creds").touch()

    def fill(value):
        match value:
            case dict():
                return {key: fill(item) for key, item in value.items()}
            case list():
                return [fill(item) for item in value]
            case "$port":
                return free_port
            case str() if value[:1] == "$":
                name = value[1:]
                return str((certificates if name.endswith((".pem", ".key")) else tmp_path) / name)
        return value

    return fill


@pytest.fixture
def both(request, fill):
    """The configurations before and after the change of a case."""
    where, key, *sides = CASES[request.param]
    base = {"port": -1} | fill(BASES[where])
    before = with_side(base, where, key, fill_side(fill, sides[0]))
    after = with_side(before, where, key, fill_side(fill, sides[1]))
    return BrokerConfiguration(**before), BrokerConfiguration(**after)


def fill_side(fill, side):
    """As fill; it stays what it is."""
    return type(side)(fill(side)) if isinstance(side, Beside | Above) else fill(side)


def differences(controller, config):
    """The live options that are not as the configuration asks, compared in Go."""
    text = controller._server.settings(config).text
    job = runtime.native().server_compare(controller._server.handle, b"text", text)
    return json.loads(jobs.wait(job))


def verdict(controller, config):
    """What the server says to the change, whatever the table says: it is made if it can be."""
    settings = controller._server.settings(config)
    job = runtime.native().server_apply(controller._server, settings.text, settings.overlay)
    try:
        jobs.wait(job)
    except RestartRequiredError:
        return "restart"
    return "hot"


TAKES_AND_DOES_NOT = [f"resolver.{key}" for key in SAMPLES["resolver"]]
"""The server says yes and goes on with the resolver that it started with."""


@pytest.mark.parametrize(
    "both", [case for case in CASES if case not in TAKES_AND_DOES_NOT], indirect=True
)
def test_the_table_and_the_server_agree(both):
    """And what the server takes is in its live options afterwards."""
    before, after = both
    with NatsController(before) as controller:
        assert differences(controller, after), "the sample changes nothing"
        planned = controller.plan(lambda _: after).reload_class
        assert verdict(controller, after) == planned
        if planned == "hot":
            assert differences(controller, after) == []


@pytest.mark.parametrize("both", TAKES_AND_DOES_NOT, indirect=True)
def test_what_the_server_takes_and_does_not_do_takes_a_restart(both):
    """Never say done when it was not."""
    before, after = both
    with NatsController(before) as controller:
        assert controller.plan(lambda _: after).reload_class == "restart"


@pytest.mark.parametrize("both", CASES, indirect=True)
def test_a_change_with_leave_to_restart_is_in_force(both):
    """Whatever its class."""
    before, after = both
    with NatsController(before) as controller:
        controller.apply(lambda _: after, allow_restart=True)
        assert differences(controller, after) == []


LISTS_AS_A_WHOLE = {"accounts.A.users", "accounts.A.imports", "accounts.A.exports"}
"""Blocks of a list that a sample replaces."""

NOT_CHANGED = {
    r"ocsp\..*": "needs a certificate that names a responder",
    r"syslog": "writes to the log of the machine",
    r"default_sentinel": "needs the JWT of a user, which nobody can sign here",
    r"resolver_tls\..*": "the server asks the URL of the resolver when it starts",
    r"jetstream\.tpm\..*": "needs a TPM",
    r"mqtt\.consumer_replicas": "the server passes over it",
    r"(websocket|mqtt)\.no_auth_user": "as their authorization",
    r".*\.key_file": "changes with cert_file",
    r".*\.(cert_store|cert_match|cert_match_by|cert_match_skip_invalid|ca_certs_match)": "Windows",
    r".*\.allow_insecure_cipher_suites": "allows other keys to be set",
    r".*\.tls\.(connection_rate_limit|insecure|handshake_first|verify|verify_and_map)"
    r"|tls\.insecure|.*tls\.verify_cert_and_check_known_urls": "no effect where it has no sample",
}
"""Keys without a sample, and why."""


def keys(block=BrokerConfiguration, where=""):
    """Every key of the configuration; an entry of a list or map stands for all."""
    for name, kind in _base._fields(block).by_name.items():
        path = f"{where}.{name}".removeprefix(".")
        item, at = kind, path
        while isinstance(item, Items | Named):
            at += "[0]" if isinstance(item, Items) else ".A"
            item = item.item
        if isinstance(item, Nested) and path not in LISTS_AS_A_WHOLE:
            yield from keys(item.block, at)
        else:
            yield path


def test_every_key_has_a_sample():
    """Else a new one could be classified by guess."""
    wholes = CASES.keys() - BASES.keys() - {"accounts"}  # blocks with samples for what is in them
    missing = [
        path
        for path in keys()
        if path not in CASES
        and not any(path.startswith((f"{whole}.", f"{whole}[")) for whole in wholes)
    ]
    assert [path for path in missing if not re.fullmatch("|".join(NOT_CHANGED), path)] == []


def test_every_class_is_one_that_is_known():
    """A class, or one with a condition that is a function."""

    def texts(table):
        for value in table.values():
            yield from texts(value) if isinstance(value, dict) else [value]

    known = {"hot", "restart", "impossible", *_CONDITIONS}
    assert set(texts(_table())) <= known


def test_every_key_has_a_class():
    """The table is complete, and names nothing else."""
    for path in keys():
        names = path.replace("[0]", ".0").split(".")
        assert entry(tuple(int(name) if name == "0" else name for name in names))
