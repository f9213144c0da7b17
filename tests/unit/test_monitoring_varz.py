"""``Varz`` says all that the server's own ``/varz`` says."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.monitoring import Varz

decode = msgspec.json.Decoder(Varz).decode
PROXY = "UA3GTLZYOIQJ7SDMY4QTDUZWPBTW55YLA3OM5U7SMBVM6RX6KK6TBWZF"
OPERATOR = (  # a public token without an expiry; its key was thrown away
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiI0WTVVNDMyTjNRT1lFQks3NEtTR0lZWlBX"
    "UUlURzQyRzRaUlFKMjVTTUtZUDREV0dYWUFBIiwiaWF0IjoxNzk1NDY3NTk5LCJpc3MiOiJPQlQzU1VMNFBVTkI3T0xL"
    "NU5ZNDRSNUpJUVVGQUFZUEM2NDJEMzVKREdITUlSQTZLVldDRk5EWSIsIm5hbWUiOiJPIiwic3ViIjoiT0JUM1NVTDRQ"
    "VU5CN09MSzVOWTQ0UjVKSVFVRkFBWVBDNjQyRDM1SkRHSE1JUkE2S1ZXQ0ZORFkiLCJuYXRzIjp7InNpZ25pbmdfa2V5"
    "cyI6WyJPQzU2WlJITVFRTDJPWFhKRTZESkZUVlFNNDRLSEJGM1NSWTRPTVZVS1JMSU1LQVdSTjdHWkFTRiJdLCJ0YWdz"
    "IjpbInQiXSwidHlwZSI6Im9wZXJhdG9yIiwidmVyc2lvbiI6Mn19.cmNizkNIp9XlgM4jbRebogq9-kLabQztsADac-C"
    "mcMdSL10J2rkmUOBfu_9tuOMbknnyFLTEvJzWrtdBsri9CA"
)
LISTEN = "listen: 127.0.0.1:-1, http: 127.0.0.1:-1"
JETSTREAM = 'jetstream { store_dir: "STORE" }'

# A configuration for each part of the document, and what must then be in it.
CONFIGURATIONS = [
    pytest.param("", ["server_id", "slow_consumer_stats.leafs"], id="plain"),
    pytest.param(
        """
        jetstream {
            store_dir: "STORE", max_mem: 1MB, max_file: 2MB, domain: hub, unique_tag: az
            sync_interval: always
            limits { max_ack_pending: 5, duplicate_window: "1m", batch { max_inflight_total: 3 } }
        }
        server_tags: ["az:1"]
        """,
        ["jetstream.config.domain", "jetstream.stats.memory", "jetstream.limits.max_ack_pending"],
        id="jetstream",
    ),
    pytest.param(
        f"""
        server_name: a
        cluster {{ name: C, listen: 127.0.0.1:-1, routes: ["nats://127.0.0.1:1"] }}
        {JETSTREAM}
        """,
        ["cluster.urls.0", "jetstream.meta.snapshot.last_time"],
        id="cluster",
    ),
    pytest.param(
        """
        leafnodes {
            listen: 127.0.0.1:-1
            remotes: [{ url: "nats://127.0.0.1:1", deny_imports: [a], deny_exports: [b] }]
        }
        """,
        ["leaf.port", "leaf.remotes.0.deny.exports.0"],
        id="leafnodes",
    ),
    pytest.param(
        f"""
        server_name: a
        websocket {{
            listen: 127.0.0.1:-1, no_tls: true, compression: true, advertise: "a:1"
            same_origin: true, allowed_origins: ["http://a"]
        }}
        mqtt {{ listen: 127.0.0.1:-1, ack_wait: "1m", max_ack_pending: 9, js_domain: hub }}
        {JETSTREAM}
        """,
        ["websocket.allowed_origins.0", "mqtt.max_ack_pending"],
        id="websocket-and-mqtt",
    ),
    pytest.param(
        """
        gateway {
            name: G, listen: 127.0.0.1:-1, advertise: "a:1", reject_unknown_cluster: true
            connect_retries: 3, gateways: [{ name: H, urls: ["nats://127.0.0.1:1"] }]
        }
        """,
        ["gateway.gateways.0.urls.0", "gateway.advertise"],
        id="gateway",
    ),
    pytest.param(
        f"operator: {OPERATOR}, resolver: MEMORY",
        ["trusted_operators_jwt.0", "trusted_operators_claim.0.nats.signing_keys.0"],
        id="operator",
    ),
    pytest.param(
        f"""
        server_tags: [a, b], server_metadata {{ k: v }}, proxies {{ trusted: [{{ key: {PROXY} }}] }}
        authorization {{ user: u, password: p }}, max_subscriptions: 9, write_timeout: retry
        """,
        ["tags.1", "metadata.k", "proxies.trusted.0.key", "auth_required", "max_subscriptions"],
        id="other-facts",
    ),
]


def leaves(document: Any, path: str = "") -> dict[str, Any]:
    """The values in a document by path, such as ``cluster.urls.0``."""
    if isinstance(document, dict):
        parts = document.items()
    elif isinstance(document, list | tuple):
        parts = enumerate(document)
    else:
        return {path.removeprefix("."): document}
    return {k: v for key, part in parts for k, v in leaves(part, f"{path}.{key}").items()}


@pytest.mark.parametrize(("text", "present"), CONFIGURATIONS)
def test_nothing_of_the_servers_document_is_lost(text: str, present: list[str], tmp_path: Path):
    """A key that is missing or misspelt in a struct would silently keep its default."""
    text = f"{LISTEN}\n{text}".replace("STORE", tmp_path.as_posix())
    with (
        NatsController(BrokerConfiguration.from_text(text)) as controller,
        urlopen(f"{controller.monitoring_url}/varz", timeout=5) as response,
    ):
        document = response.read()
    theirs = leaves(json.loads(document))
    ours = leaves(msgspec.to_builtins(decode(document), builtin_types=(datetime,)))
    assert set(present) <= set(theirs)
    assert set(theirs) - set(ours) == set()
    times = {path for path, value in ours.items() if isinstance(value, datetime)}
    assert {k: v for k, v in theirs.items() if ours[k] != v and k not in times} == {}


def test_varz_is_the_document_of_this_server(nats_server: NatsController):
    """What the controller says of its server, the document says too."""
    varz = nats_server.varz()
    assert varz.server_id == nats_server.server_id
    assert varz.server_name == nats_server.server_name
    assert varz.version == nats_server.get_info().version
    assert nats_server.client_url == f"nats://127.0.0.1:{varz.port}"


def test_units_are_those_of_the_server(nats_server: NatsController):
    """Nanoseconds stay integers, seconds are floats, points in time know their zone."""
    varz = nats_server.varz()
    assert (varz.ping_interval, type(varz.ping_interval)) == (120_000_000_000, int)
    assert (varz.auth_timeout, type(varz.auth_timeout)) == (2.0, float)
    assert varz.max_payload == 1 << 20
    assert varz.start.tzinfo is not None
    assert timedelta() <= varz.now - varz.start < timedelta(minutes=1)
    assert abs(datetime.now(UTC) - varz.now) < timedelta(minutes=1)


def test_jetstream_is_none_while_it_is_off(nats_server: NatsController):
    """A reader can tell "off" from "unused"."""
    assert nats_server.varz().jetstream.config is None
    assert nats_server.varz().cluster.cluster_port == 0


def test_expiry_of_a_certificate_is_a_point_in_time(
    nats_server: NatsController, certificates: Path
):
    """Whoever watches it compares it with the clock; without TLS there is none."""
    assert nats_server.varz().tls_cert_not_after is None
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    nats_server.update_config(tls=tls)
    varz = nats_server.varz()
    assert varz.tls_required
    assert varz.tls_cert_not_after is not None
    assert timedelta() < varz.tls_cert_not_after - varz.now <= timedelta(days=1)


def test_older_and_newer_documents_are_read():
    """The structure is that of one version; others leave keys out, or have more."""
    assert decode(b"{}") == Varz()
    assert decode(b'{"a_new_key": {"a": [1]}, "port": 1}') == Varz(port=1)


def test_a_document_cannot_be_changed():
    """What the server said stays what it said."""
    with pytest.raises(AttributeError):
        Varz().port = 1  # type: ignore[misc]
