"""The metrics of JetStream: of the server, its accounts, streams and consumers."""

from collections.abc import Iterator, Mapping

from dotgnatly.metrics._samples import Labels, Named, Sample, Source, Table, figures
from dotgnatly.monitoring import (
    AccountDetail,
    ClusterInfo,
    ConsumerInfo,
    JSInfo,
    MetaClusterInfo,
    StreamDetail,
    StreamSourceInfo,
)

_ACCOUNT = "/jsz account_details."
_STREAM = f"{_ACCOUNT}stream_detail."
_CONSUMER = f"{_STREAM}consumer_detail."

SERVER = Table(
    before="server_",
    where="/jsz ",
    figures=figures(
        jetstream_disabled="disabled",
        total_streams="streams",
        total_consumers="consumers",
        total_messages="messages",
        total_message_bytes="bytes",
        max_memory="config.max_memory",
        max_storage="config.max_storage",
    ),
)
ACCOUNT = Table(
    before="account_",
    where=_ACCOUNT,
    figures=figures(
        max_memory="reserved_memory",
        max_storage="reserved_storage",
        memory_used="memory",
        storage_used="storage",
    ),
)
STREAM = Table(
    before="stream_",
    where=_STREAM,
    figures=figures(
        total_messages="state.messages",
        total_bytes="state.bytes",
        first_seq="state.first_seq",
        last_seq="state.last_seq",
        consumer_count="state.consumer_count",
        subject_count="state.num_subjects",
    ),
)
STREAM_LIMITS = Table(
    before="stream_limit_",
    where=f"{_STREAM}config.",
    figures=figures(bytes="max_bytes", messages="max_msgs"),
)
SOURCE = Table(
    before="stream_source_",
    where=f"{_STREAM}sources.",
    figures=figures("lag", active_duration_ns="active"),
)
MIRROR = Table(
    before="stream_mirror_",
    where=f"{_STREAM}mirror.",
    figures=figures("lag", active_duration_ns="active"),
)
CONSUMER = Table(
    before="consumer_",
    where=_CONSUMER,
    figures=figures(
        "num_ack_pending",
        "num_redelivered",
        "num_waiting",
        "num_pending",
        delivered_consumer_seq="delivered.consumer_seq",
        delivered_stream_seq="delivered.stream_seq",
        ack_floor_consumer_seq="ack_floor.consumer_seq",
        ack_floor_stream_seq="ack_floor.stream_seq",
    ),
)
LAST_DELIVERY = Named(
    "consumer_last_delivery_seconds", f"{_CONSUMER}delivered.last_active, seconds before"
)
LAST_ACK = Named("consumer_last_ack_seconds", f"{_CONSUMER}ack_floor.last_active, seconds before")
OF_STREAMS = STREAM, STREAM_LIMITS, SOURCE, MIRROR
OF_CONSUMERS = CONSUMER, LAST_DELIVERY, LAST_ACK


def jsz(source: Source, *, options: Mapping[str, bool]) -> Iterator[Sample]:
    """As deep as the options go."""
    document: JSInfo = source.ask("jsz", **options)
    labels = _server_labels(document, source.server_name)
    yield from SERVER.read(document, labels)
    for account in document.account_details:
        yield from _account(account, labels, source.server_name)


def _server_labels(document: JSInfo, server_name: str) -> dict[str, str]:
    meta = document.meta_cluster
    return {
        "server_name": server_name,
        "cluster": meta.name if meta else "",
        "domain": document.config.domain,
        "meta_leader": meta.leader if meta else "",
        "is_meta_leader": _leads(meta, server_name),
    }


def _leads(group: MetaClusterInfo | ClusterInfo | None, server_name: str) -> str:
    """What is in no group leads itself."""
    return "false" if group and group.leader != server_name else "true"


def _account(account: AccountDetail, server: Labels, server_name: str) -> Iterator[Sample]:
    labels = {
        **server,
        "account": account.name,
        "account_name": account.name,
        "account_id": account.id,
    }
    yield from ACCOUNT.read(account, labels)
    for stream in account.stream_detail:
        yield from _stream(stream, labels, server_name)


def _stream(stream: StreamDetail, account: Labels, server_name: str) -> Iterator[Sample]:
    labels = {
        **account,
        "stream_name": stream.name,
        "stream_leader": stream.cluster.leader if stream.cluster else "",
        "is_stream_leader": _leads(stream.cluster, server_name),
        "stream_raft_group": stream.stream_raft_group,
    }
    yield from STREAM.read(stream, labels)
    if stream.config is not None:
        yield from STREAM_LIMITS.read(stream.config, labels)
    # Two sources can differ in their filters only: of these the one that lags most is shown.
    by_lag = sorted(stream.sources, key=lambda source: source.lag)
    for origin, source in {tuple(_origin("source", s).items()): s for s in by_lag}.items():
        yield from SOURCE.read(source, labels | dict(origin))
    if stream.mirror is not None:
        yield from MIRROR.read(stream.mirror, labels | _origin("mirror", stream.mirror))
    for consumer in stream.consumer_detail:
        yield from _consumer(consumer, labels, server_name)


def _origin(kind: str, origin: StreamSourceInfo) -> dict[str, str]:
    external = origin.external
    return {
        f"{kind}_name": origin.name,
        f"{kind}_api": external.api if external else "",
        f"{kind}_deliver": external.deliver if external else "",
    }


def _consumer(consumer: ConsumerInfo, stream: Labels, server_name: str) -> Iterator[Sample]:
    labels = {
        **stream,
        "consumer_name": consumer.name,
        "consumer_leader": consumer.cluster.leader if consumer.cluster else "",
        "is_consumer_leader": _leads(consumer.cluster, server_name),
        "consumer_desc": consumer.config.description if consumer.config else "",
    }
    yield from CONSUMER.read(consumer, labels)
    for named, place in ((LAST_DELIVERY, consumer.delivered), (LAST_ACK, consumer.ack_floor)):
        if place.last_active is not None:
            ago = (consumer.ts - place.last_active).total_seconds()
            yield Sample(named.name, labels, ago)
