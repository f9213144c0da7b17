"""The ``accounts`` block: what each account may do, and what accounts share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import (
    Block,
    Bytes,
    Bytes32,
    Count,
    Duration,
    Int32,
    LiteralSubject,
    Strings,
    SubjectString,
)
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config._kinds import Choice, Percent, as_switch, under, wrong
from dotgnatly.config._subjects import has_wildcard, is_subject
from dotgnatly.config._transforms import destination_fault, has_placeholder, with_placeholders
from dotgnatly.config.auth import Permissions, Users
from dotgnatly.config.mappings import Mappings
from dotgnatly.errors import Fault

ResponseType: TypeAlias = Annotated[
    Literal["single", "stream", "chunk"],
    Choice(("single", "stream", "chunk"), singleton="single", chunked="chunk"),
]
ClusterTraffic: TypeAlias = Annotated[
    Literal["system", "owner"], Choice(("system", "owner"), **{"": "system"})
]
Sampling: TypeAlias = Annotated[int | str, Percent(1)]
LatencySampling: TypeAlias = Annotated[int | str, Percent(1, "headers")]


class AccountJetStreamConfiguration(Block, frozen=True, kw_only=True):
    """An account's ``jetstream`` block: its limits. ``True`` is the empty block, without limits.

    Of every limit -1 is none, the default. Source: ``server.JetStreamAccountLimits`` (2.15).
    """

    may_be_false: ClassVar[bool] = True

    _aliases: ClassVar[Mapping[str, str]] = {
        "max_mem": "max_memory",
        "mem": "max_memory",
        "memory": "max_memory",
        "max_store": "max_file",
        "max_disk": "max_file",
        "store": "max_file",
        "disk": "max_file",
        "streams": "max_streams",
        "consumers": "max_consumers",
        "max_stream_bytes": "max_bytes_required",
        "max_bytes": "max_bytes_required",
        "memory_max_stream_bytes": "mem_max_stream_bytes",
        "store_max_stream_bytes": "disk_max_stream_bytes",
    }

    max_memory: Bytes | None | UnsetType = UNSET
    """Bytes in memory streams; default no limit. Source: ``JetStreamAccountLimits.MaxMemory``."""
    max_file: Bytes | None | UnsetType = UNSET
    """Bytes in file streams; default no limit. Source: ``JetStreamAccountLimits.MaxStore``."""
    max_streams: int | None | UnsetType = UNSET
    """Streams of the account; default no limit. Source: ``JetStreamAccountLimits.MaxStreams``."""
    max_consumers: int | None | UnsetType = UNSET
    """Consumers of the account; default no limit.
    Source: ``JetStreamAccountLimits.MaxConsumers``."""
    max_ack_pending: int | None | UnsetType = UNSET
    """Most a consumer may set; default no limit.
    Source: ``JetStreamAccountLimits.MaxAckPending``."""
    mem_max_stream_bytes: Bytes | None | UnsetType = UNSET
    """Bytes of a memory stream; default no limit.
    Source: ``JetStreamAccountLimits.MemoryMaxStreamBytes``."""
    disk_max_stream_bytes: Bytes | None | UnsetType = UNSET
    """Bytes of a file stream; default no limit.
    Source: ``JetStreamAccountLimits.StoreMaxStreamBytes``."""
    max_bytes_required: bool | None | UnsetType = UNSET
    """Every stream must set a limit; default false.
    Source: ``JetStreamAccountLimits.MaxBytesRequired``."""
    cluster_traffic: ClusterTraffic | None | UnsetType = UNSET
    """Account in which replication travels; default "system".
    Source: ``server.parseJetStreamForAccount``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true or "enabled" stands for; "disabled" is false."""
        switch = as_switch(value)
        return cls() if switch is True else switch


AccountJetStream: TypeAlias = Annotated[
    AccountJetStreamConfiguration | Mapping[str, Any] | bool | Literal["enabled", "disabled"],
    Nested(AccountJetStreamConfiguration),
]


class AccountLimitsConfiguration(Block, frozen=True, kw_only=True):
    """An account's ``limits`` block; -1 is no limit.

    Source: ``server.parseAccountLimits`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "max_conn": "max_connections",
        "max_subs": "max_subscriptions",
        "max_pay": "max_payload",
        "max_leafs": "max_leafnodes",
    }

    max_connections: Int32 | None | UnsetType = UNSET
    """Client connections; default no limit."""
    max_subscriptions: Int32 | None | UnsetType = UNSET
    """Subscriptions; default no limit."""
    max_payload: Bytes32 | None | UnsetType = UNSET
    """Bytes of a message; default the server's limit."""
    max_leafnodes: Int32 | None | UnsetType = UNSET
    """Leaf node connections; default no limit."""


class MsgTraceConfiguration(Block, frozen=True, kw_only=True):
    """An account's ``msg_trace`` block; a subject in its place is ``dest``.

    Source: ``server.parseAccountMsgTrace`` (2.15).
    """

    dest: LiteralSubject | None | UnsetType = UNSET
    """Subject that traces of messages with a ``traceparent`` header are sent to; default none."""
    sampling: Sampling | None | UnsetType = UNSET
    """Percent of the messages, 1 to 100; default 100."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that a subject stands for."""
        return cls(dest=value) if isinstance(value, str) else value


class ServiceLatencyConfiguration(Block, frozen=True, kw_only=True):
    """The ``latency`` block of an exported service; a subject in its place is ``subject``.

    Source: ``server.parseServiceLatency`` (2.15).
    """

    _exact: ClassVar[bool] = True

    subject: LiteralSubject | None | UnsetType = UNSET
    """Where measurements are published; required."""
    sampling: LatencySampling | None | UnsetType = UNSET
    """Percent of the requests, 1 to 100, or "headers": those that ask for it; default 100."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that a subject stands for."""
        return cls(subject=value) if isinstance(value, str) else value

    def _contradictions(self) -> Iterable[Fault]:
        if self.subject is None or self.subject is UNSET:
            yield Fault("subject", "is required")


Latency: TypeAlias = Annotated[
    ServiceLatencyConfiguration | Mapping[str, Any] | str,
    Nested(ServiceLatencyConfiguration),
]


class ExportConfiguration(Block, frozen=True, kw_only=True):
    """A stream or a service that an account offers.

    Source: ``server.parseExportStreamOrService`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "response": "response_type",
        "threshold": "response_threshold",
        "response_max_time": "response_threshold",
        "response_time": "response_threshold",
    }

    stream: str | None | UnsetType = UNSET
    """Subject of a stream of messages; required, or ``service``."""
    service: str | None | UnsetType = UNSET
    """Subject of a service; required, or ``stream``."""
    accounts: Strings | None | UnsetType = UNSET
    """Accounts that may import it; default all."""
    account_token_position: Count | None | UnsetType = UNSET
    """Which token of the subject is the importing account, from 1; default 0, none."""
    response_type: ResponseType | None | UnsetType = UNSET
    """Of a service: a single reply, a stream of them, or one in chunks; default "single"."""
    response_threshold: Duration | None | UnsetType = UNSET
    """Of a service: how long a reply may take; default 2 min."""
    latency: Latency | None | UnsetType = UNSET
    """Of a service: measure how long it takes; default not."""
    allow_trace: bool | None | UnsetType = UNSET
    """Of a service: message traces go on into this account; default false."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from _stream_or_service(self.stream, self.service)
        if self.stream:
            for name in ("response_type", "response_threshold", "latency", "allow_trace"):
                if getattr(self, name):
                    yield Fault(name, "is of services only")
        elif self.latency and self.response_type in ("stream", "chunk"):
            yield Fault("latency", "is of services with a single reply only")
        position, subject = self.account_token_position, self.stream or self.service
        if isinstance(position, int) and isinstance(subject, str) and position > 0:
            token = subject.split(".")[position - 1 : position]
            if token != ["*"]:
                yield Fault("account_token_position", "is not that of a wildcard *")


class ImportSourceConfiguration(Block, frozen=True, kw_only=True):
    """Where an import comes from. Source: ``server.parseAccount`` (2.15)."""

    account: str | None | UnsetType = UNSET
    """The exporting account; required."""
    subject: SubjectString | None | UnsetType = UNSET
    """The exported subject, or one that it covers; required."""

    def _contradictions(self) -> Iterable[Fault]:
        for name in ("account", "subject"):
            if not getattr(self, name):
                yield Fault(name, "is required")


ImportSource: TypeAlias = Annotated[
    ImportSourceConfiguration | Mapping[str, Any], Nested(ImportSourceConfiguration)
]


class ImportConfiguration(Block, frozen=True, kw_only=True):
    """A stream or a service of another account.

    Source: ``server.parseImportStreamOrService`` (2.15).
    """

    stream: ImportSource | None | UnsetType = UNSET
    """A stream of messages; required, or ``service``."""
    service: ImportSource | None | UnsetType = UNSET
    """A service; required, or ``stream``."""
    to: str | None | UnsetType = UNSET
    """Subject that it has here, with ``*`` or ``$1`` for its wildcards; default its own."""
    prefix: str | None | UnsetType = UNSET
    """Of a stream: what comes before its subject here, in place of ``to``; default none."""
    share: bool | None | UnsetType = UNSET
    """Of a service: tell it who asks; default false."""
    allow_trace: bool | None | UnsetType = UNSET
    """Of a stream: message traces go on into this account; default false."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from _stream_or_service(self.stream, self.service)
        if self.stream and self.prefix and self.to:
            yield Fault("prefix", "cannot stand beside to")
        if self.service and self.allow_trace:
            yield Fault("allow_trace", "is of streams only")
        yield from self._subject_faults()

    def _subject_faults(self) -> Iterable[Fault]:
        """What keeps the subject there from becoming the one here.

        Source: ``Account.addStreamImportWithClaim``, ``Account.addServiceImport`` (2.15).
        """
        source = self.stream or self.service
        subject = source.subject if isinstance(source, ImportSourceConfiguration) else None
        name, to = ("prefix", self.prefix) if self.stream and self.prefix else ("to", self.to)
        if not (isinstance(subject, str) and is_subject(subject) and isinstance(to, str) and to):
            return
        if name == "prefix":
            if has_wildcard(to):
                yield Fault("prefix", "cannot have wildcards")
                return
            to = f"{to.removesuffix('.')}.{subject}"
        elif self.service and not is_subject(to):
            yield from under("to", wrong("a subject", to))
            return
        if has_wildcard(subject) and to != subject:
            if self.service and has_placeholder(subject):
                yield Fault("service.subject", "has a wildcard and what stands for one")
            elif reason := destination_fault(subject, with_placeholders(to), strict=True):
                yield Fault(name, reason)


def _stream_or_service(stream: object, service: object) -> Iterable[Fault]:
    if bool(stream) == bool(service):
        yield Fault("", "needs either a stream or a service")


Exports: TypeAlias = Annotated[
    Sequence[ExportConfiguration | Mapping[str, Any]], Items(Nested(ExportConfiguration))
]
Imports: TypeAlias = Annotated[
    Sequence[ImportConfiguration | Mapping[str, Any]], Items(Nested(ImportConfiguration))
]
AccountLimits: TypeAlias = Annotated[
    AccountLimitsConfiguration | Mapping[str, Any], Nested(AccountLimitsConfiguration)
]
MsgTrace: TypeAlias = Annotated[
    MsgTraceConfiguration | Mapping[str, Any] | str, Nested(MsgTraceConfiguration)
]


class AccountConfiguration(Block, frozen=True, kw_only=True):
    """An entry of ``accounts``: subjects of their own. Source: ``server.parseAccounts`` (2.15)."""

    _aliases: ClassVar[Mapping[str, str]] = {"maps": "mappings", "trace_dest": "msg_trace"}

    users: Users | None | UnsetType = UNSET
    """Who belongs to the account; default nobody."""
    nkey: str | None | UnsetType = UNSET
    """Public account nkey; default none. Source: ``Account.Nkey``."""
    default_permissions: Permissions | None | UnsetType = UNSET
    """Of users that have none of their own; default everything."""
    imports: Imports | None | UnsetType = UNSET
    """What it takes from other accounts; default nothing."""
    exports: Exports | None | UnsetType = UNSET
    """What it offers to other accounts; default nothing."""
    mappings: Mappings | None | UnsetType = UNSET
    """Subjects that become others, by subject; default none."""
    limits: AccountLimits | None | UnsetType = UNSET
    """Limits of the account; default none."""
    jetstream: AccountJetStream | None | UnsetType = UNSET
    """JetStream of the account; default off."""
    msg_trace: MsgTrace | None | UnsetType = UNSET
    """Where traces of its messages go; default nowhere."""
