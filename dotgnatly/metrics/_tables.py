"""Endpoints of which chosen figures are metrics, with labels that say whose they are."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from dotgnatly.errors import NotFoundError
from dotgnatly.metrics import _times
from dotgnatly.metrics._samples import Figure, Labels, Named, Sample, Source, Table, figures
from dotgnatly.monitoring import ConnInfo, Healthz
from dotgnatly.monitoring.claims import AccountClaims

CONNZ = Table(
    before="connz_",
    where="/connz ",
    figures=figures("num_connections", "total", "offset", "limit"),
)
CONNECTIONS = Table(
    before="connz_",
    where="/connz connections.",
    figures={
        **figures("pending_bytes", "subscriptions"),
        # Counters of the exporter: prometheus_client would put "_total" after their names.
        "in_bytes": Figure("in_bytes", kind="unknown"),
        "out_bytes": Figure("out_bytes", kind="unknown"),
        "in_msgs": Figure("in_msgs", kind="unknown"),
        "out_msgs": Figure("out_msgs", kind="unknown"),
    },
)
CONNECTION = Table(
    before="connz_",
    where="/connz connections.",
    figures={
        **CONNECTIONS.figures,
        "start": Figure("start", _times.milliseconds, "milliseconds since 1970", "unknown"),
        "last_activity": Figure(
            "last_activity", _times.milliseconds, "milliseconds since 1970", "unknown"
        ),
        "rtt": Figure("rtt", _times.whole_microseconds, "microseconds"),
        "uptime": Figure("uptime", _times.whole_milliseconds, "milliseconds", "unknown"),
        "idle": Figure("idle", _times.whole_milliseconds, "milliseconds"),
    },
)


def connz(source: Source, *, detailed: bool = False) -> Iterator[Sample]:
    """A page of connections: their sums, and each by itself."""
    page = source.ask("connz", auth=detailed)
    yield from CONNZ.read(page, {})
    for name, figure in CONNECTIONS.figures.items():
        total = sum(getattr(connection, figure.path) for connection in page.connections)
        yield Sample(CONNECTIONS.before + name, {}, total)
    if detailed:
        for connection in page.connections:
            yield from CONNECTION.read(connection, _connection_labels(connection))


def _connection_labels(connection: ConnInfo) -> Labels:
    told = (
        "cid", "kind", "type", "ip", "port", "name", "name_tag", "account", "lang", "version",
        "tls_version", "tls_cipher_suite",
    )  # fmt: skip
    labels = {name: str(getattr(connection, name)) for name in told}
    return {**labels, "account_id": connection.account}


ACCOUNT_STAT = Table(
    before="accstatz_",
    where="/accstatz account_statz.",
    figures=figures(
        "slow_consumers",
        current_connections="conns",
        total_connections="total_conns",
        subscriptions="num_subscriptions",
        leaf_nodes="leafnodes",
        sent_messages="sent.msgs",
        sent_bytes="sent.bytes",
        received_messages="received.msgs",
        received_bytes="received.bytes",
    ),
)


def accstatz(source: Source) -> Iterator[Sample]:
    """What accounts send and receive."""
    for account in source.ask("accstatz", include_unused=True).account_statz:
        labels = {"account": account.acc, "account_id": account.acc, "account_name": account.name}
        yield from ACCOUNT_STAT.read(account, labels)


ACCOUNT = Table(
    before="accountz_",
    where="/accountz account_detail.",
    figures=figures(
        "client_connections",
        "leafnode_connections",
        "subscriptions",
        "is_system",
        "expired",
        "complete",
        "jetstream_enabled",
    ),
)
ACCOUNT_LIMITS = Table(
    before="accountz_limit_",
    where="/accountz account_detail.decoded_jwt.nats.limits.",
    figures=figures("subs", "data", "payload", "imports", "exports", "wildcards", "conn", "leaf"),
)


def accountz(source: Source) -> Iterator[Sample]:
    """What accounts have and may have, asked for one by one."""
    for name in source.ask("accountz").accounts:
        with suppress(NotFoundError):  # it is gone meanwhile
            account = source.ask("accountz", account=name).account_detail
            labels = {"account_id": account.account_name, "account_name": account.name_tag}
            yield from ACCOUNT.read(account, labels)
            claims = account.decoded_jwt or AccountClaims()
            yield from ACCOUNT_LIMITS.read(claims.nats.limits, labels)


_GATEWAY = {
    "configured": Figure("configured"),
    "conn_start_time_seconds": Figure("connection.start", _times.seconds, "seconds since 1970"),
    "conn_last_activity_seconds": Figure(
        "connection.last_activity", _times.seconds, "seconds since 1970"
    ),
    "conn_uptime_seconds": Figure("connection.uptime", _times.in_seconds, "seconds"),
    "conn_idle_seconds": Figure("connection.idle", _times.in_seconds, "seconds"),
    "conn_rtt": Figure("connection.rtt", _times.in_seconds, "seconds"),
    **{
        f"conn_{name}": Figure(f"connection.{name}")
        for name in (
            "pending_bytes", "in_msgs", "out_msgs", "in_bytes", "out_bytes", "subscriptions"
        )
    },
}  # fmt: skip
OUTBOUND = Table(
    before="gatewayz_outbound_gateway_",
    where="/gatewayz outbound_gateways.",
    figures=_GATEWAY,
)
INBOUND = Table(
    before="gatewayz_inbound_gateway_",
    where="/gatewayz inbound_gateways.",
    figures=_GATEWAY,
)


def gatewayz(source: Source) -> Iterator[Sample]:
    """The connections to and from other clusters."""
    document = source.ask("gatewayz")
    outbound = [(OUTBOUND, name, each) for name, each in document.outbound_gateways.items()]
    inbound = [
        (INBOUND, name, each)
        for name, several in document.inbound_gateways.items()
        for each in several
    ]
    for table, name, gateway in outbound + inbound:
        if gateway.connection is not None:
            labels = {
                "gateway_name": document.name,
                "remote_gateway_name": name,
                "cid": str(gateway.connection.cid),
            }
            yield from table.read(gateway, labels)


LEAFZ = Table(before="leafz_", where="/leafz ", figures=figures(conn_nodes_total="leafnodes"))
LEAF = Table(
    before="leafz_conn_",
    where="/leafz leafs.",
    figures={
        "rtt": Figure("rtt", _times.in_seconds, "seconds"),
        **figures(
            "in_msgs", "out_msgs", "in_bytes", "out_bytes", subscriptions_total="subscriptions"
        ),
    },
)
LEAF_INFO = Named("leafz_info", "Always 1, for each of /leafz leafs")


def leafz(source: Source) -> Iterator[Sample]:
    """The connections of leaf nodes."""
    document = source.ask("leafz")
    yield from LEAFZ.read(document, {})
    for leaf in document.leafs:
        told = ("account", "ip", "port", "name")
        labels = {name: str(getattr(leaf, name)) for name in told}
        labels["account_id"] = leaf.account
        yield Sample(LEAF_INFO.name, labels, 1)
        yield from LEAF.read(leaf, labels)


def healthz_names(name: str) -> Iterator[Named]:
    """Of one of the questions about health."""
    yield Named(f"{name}_status", "/healthz status, 0 is well and 1 is not")
    yield Named(f"{name}_status_value", "/healthz status, 1 is well and 0 is not")


def healthz(source: Source, *, name: str, only: Mapping[str, bool]) -> Iterator[Sample]:
    """Whether all is well, or what an option asks about."""
    health: Healthz = source.ask("healthz", **only)
    well = health.status == "ok"
    yield Sample(f"{name}_status", {}, not well)
    yield Sample(f"{name}_status_value", {"value": health.status}, well)
