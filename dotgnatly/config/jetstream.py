"""The ``jetstream`` block of the server."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from msgspec import UNSET, UnsetType
from msgspec.structs import force_setattr

from dotgnatly.config._base import Block, Count, Duration, FilePath, Password
from dotgnatly.config._containers import Nested
from dotgnatly.config._kinds import Choice, QuotedSize, Span, Whole, as_switch
from dotgnatly.errors import ConfigError, Fault

Durability: TypeAlias = Literal["process", "power"]
"""What an acknowledged message survives: the end of the process, or also the loss of power."""

Cipher: TypeAlias = Annotated[
    Literal["aes", "chachapoly"], Choice(("aes", "chachapoly"), chacha="chachapoly")
]
StoreBytes: TypeAlias = Annotated[int | str, QuotedSize()]
SyncInterval: TypeAlias = Annotated[timedelta | float | str, Span(words={"always": "always"})]


class JetStreamBatchConfiguration(Block, frozen=True, kw_only=True):
    """The ``jetstream.limits.batch`` block. Source: ``server.parseJetStreamLimitsBatch`` (2.15)."""

    max_inflight_per_stream: int | None | UnsetType = UNSET
    """Open batches of a stream; default 50. Source: ``JSLimitOpts.MaxBatchInflightPerStream``."""
    max_inflight_total: int | None | UnsetType = UNSET
    """Open batches of the server; default 1000. Source: ``JSLimitOpts.MaxBatchInflightTotal``."""
    max_msgs: int | None | UnsetType = UNSET
    """Messages in a batch; default 1000. Source: ``JSLimitOpts.MaxBatchSize``."""
    timeout: Duration | None | UnsetType = UNSET
    """Until a batch must be committed; default 10 s. Source: ``JSLimitOpts.MaxBatchTimeout``."""


JetStreamBatch: TypeAlias = Annotated[
    JetStreamBatchConfiguration | Mapping[str, Any], Nested(JetStreamBatchConfiguration)
]


class JetStreamLimitsConfiguration(Block, frozen=True, kw_only=True):
    """The ``jetstream.limits`` block. Source: ``server.parseJetStreamLimits`` (2.15)."""

    max_ack_pending: int | None | UnsetType = UNSET
    """Most a consumer may set; default no limit. Source: ``JSLimitOpts.MaxAckPending``."""
    max_ha_assets: int | None | UnsetType = UNSET
    """Replicated streams and consumers; default no limit. Source: ``JSLimitOpts.MaxHAAssets``."""
    max_request_batch: int | None | UnsetType = UNSET
    """Messages in a pull request; default no limit. Source: ``JSLimitOpts.MaxRequestBatch``."""
    default_max_consumers: int | None | UnsetType = UNSET
    """Consumers of a stream that sets no limit; default 1000.
    Source: ``JSLimitOpts.DefaultMaxConsumers``."""
    duplicate_window: Duration | None | UnsetType = UNSET
    """Longest window a stream may set; default no limit. Source: ``JSLimitOpts.Duplicates``."""
    batch: JetStreamBatch | None | UnsetType = UNSET
    """Limits of batches that are published as one; default those of its keys."""


class JetStreamTpmConfiguration(Block, frozen=True, kw_only=True):
    """The ``jetstream.tpm`` block: a key kept in a TPM.

    Source: ``server.parseJetStreamTPM`` (2.15).
    """

    keys_file: FilePath | None | UnsetType = UNSET
    """File of the sealed keys, made if it is missing; default none.
    Source: ``JSTpmOpts.KeysFile``."""
    encryption_password: Password | None | UnsetType = UNSET
    """Password of the sealed keys; default none. Source: ``JSTpmOpts.KeyPassword``."""
    srk_password: Password | None | UnsetType = UNSET
    """Password of the storage root key; default none. Source: ``JSTpmOpts.SrkPassword``."""
    pcr: int | None | UnsetType = UNSET
    """Platform configuration register, 0 to 23; default 0. Source: ``JSTpmOpts.Pcr``."""
    cipher: Cipher | None | UnsetType = UNSET
    """As ``jetstream.cipher``; default "chachapoly"."""


JetStreamLimits: TypeAlias = Annotated[
    JetStreamLimitsConfiguration | Mapping[str, Any], Nested(JetStreamLimitsConfiguration)
]
JetStreamTpm: TypeAlias = Annotated[
    JetStreamTpmConfiguration | Mapping[str, Any], Nested(JetStreamTpmConfiguration)
]


class JetStreamConfiguration(Block, frozen=True, kw_only=True):
    """The ``jetstream`` block. It enables JetStream unless it says ``enabled=False``.

    ``True`` and ``"enabled"`` in its place are ``enabled=True``, likewise for False.
    Source: ``server.parseJetStream`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "enable": "enabled",
        "store": "store_dir",
        "storedir": "store_dir",
        "sync": "sync_interval",
        "max_mem_store": "max_memory_store",
        "max_mem": "max_memory_store",
        "max_file": "max_file_store",
        "key": "encryption_key",
        "ek": "encryption_key",
        "prev_key": "prev_encryption_key",
        "prev_ek": "prev_encryption_key",
    }
    _derived: ClassVar[tuple[str, ...]] = ("durability",)

    enabled: bool | None | UnsetType = UNSET
    """Whether JetStream runs; default true, as there is a block. Source: ``Options.JetStream``."""
    store_dir: FilePath | None | UnsetType = UNSET
    """Where data is kept; default a private temporary directory (nats-server: one that all servers
    of the host share). Source: ``Options.StoreDir``."""
    max_memory_store: StoreBytes | None | UnsetType = UNSET
    """Bytes of all memory streams, 0 is none, -1 is 75 % of memory; default 1 GiB or less
    (nats-server: -1). Source: ``Options.JetStreamMaxMemory``."""
    max_file_store: StoreBytes | None | UnsetType = UNSET
    """Bytes of all file streams, 0 is none, -1 is 75 % of the free disk; default 10 GiB or less
    (nats-server: -1). Source: ``Options.JetStreamMaxStore``."""
    domain: str | None | UnsetType = UNSET
    """JetStream domain; default none. Source: ``Options.JetStreamDomain``."""
    sync_interval: SyncInterval | None | UnsetType = UNSET
    """How often files are synced to disk, or "always": before every acknowledgement; default 2 min.
    Source: ``Options.SyncInterval``, ``Options.SyncAlways``."""
    durability: Durability | None | UnsetType = UNSET
    """The same by what an acknowledged message survives: "power" is ``sync_interval="always"``,
    "process" its default. Reads "process" or "power" whichever of the two was set."""
    strict: bool | None | UnsetType = UNSET
    """Refuse requests with unknown fields; default true. Source: ``Options.NoJetStreamStrict``."""
    unique_tag: str | None | UnsetType = UNSET
    """Prefix of the server tag in which replicas must differ; default none.
    Source: ``Options.JetStreamUniqueTag``."""
    encryption_key: Password | None | UnsetType = UNSET
    """Encrypts the store; default none. Source: ``Options.JetStreamKey``."""
    prev_encryption_key: Password | None | UnsetType = UNSET
    """The key before this one, to read what is there; default none.
    Source: ``Options.JetStreamOldKey``."""
    cipher: Cipher | None | UnsetType = UNSET
    """How the store is encrypted; default "chachapoly". Source: ``Options.JetStreamCipher``."""
    tpm: JetStreamTpm | None | UnsetType = UNSET
    """The key is kept in a TPM (Windows); default not. Source: ``Options.JetStreamTpm``."""
    limits: JetStreamLimits | None | UnsetType = UNSET
    """Limits of streams and consumers; default none. Source: ``Options.JetStreamLimits``."""
    max_outstanding_catchup: StoreBytes | None | UnsetType = UNSET
    """Bytes in flight to replicas that catch up; default 64 MiB.
    Source: ``Options.JetStreamMaxCatchup``."""
    max_buffered_size: StoreBytes | None | UnsetType = UNSET
    """Bytes waiting to enter a stream; default 128 MiB.
    Source: ``Options.StreamMaxBufferedSize``."""
    max_buffered_msgs: int | None | UnsetType = UNSET
    """Messages waiting to enter a stream; default 100,000.
    Source: ``Options.StreamMaxBufferedMsgs``."""
    request_queue_limit: int | None | UnsetType = UNSET
    """API requests that may wait; default 10,000.
    Source: ``Options.JetStreamRequestQueueLimit``."""
    info_queue_limit: int | None | UnsetType = UNSET
    """Info requests that may wait; default ``request_queue_limit``.
    Source: ``Options.JetStreamInfoQueueLimit``."""
    meta_compact: Count | None | UnsetType = UNSET
    """Entries of the meta log until it is compacted, 0 is always; default 0.
    Source: ``Options.JetStreamMetaCompact``."""
    meta_compact_size: Annotated[int | str, QuotedSize(0)] | None | UnsetType = UNSET
    """Bytes of the meta log until it is compacted, 0 is always; default 0.
    Source: ``Options.JetStreamMetaCompactSize``."""
    meta_compact_sync: bool | None | UnsetType = UNSET
    """Compact the meta log before going on; default false.
    Source: ``Options.JetStreamMetaCompactSync``."""
    max_concurrent_io: Annotated[int, Whole(4, 8192)] | None | UnsetType = UNSET
    """File operations at a time, 4 to 8192; default 4096.
    Source: ``Options.JetStreamConcurrentIOs``."""
    extension_hint: Literal["no_extend", "will_extend"] | None | UnsetType = UNSET
    """How a leaf node's JetStream extends another domain; default none.
    Source: ``Options.JetStreamExtHint``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true, false, "enabled" or "disabled" stands for."""
        switch = as_switch(value)
        return cls(enabled=switch) if isinstance(switch, bool) else value

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = self.durability
        if wanted and self.sync_interval is UNSET:
            force_setattr(self, "sync_interval", _sync_interval(wanted))
        self._derive()
        if wanted and wanted != self.durability:
            meant = "'power' with sync_interval 'always', 'process' otherwise"
            raise ConfigError(errors=[Fault("durability", f"expected {meant}, got {wanted!r}")])

    def _derive(self) -> None:
        power = self.sync_interval == "always"
        force_setattr(self, "durability", "power" if power else "process")

    def _with(self, changes: Mapping[str, Any]) -> Self:
        changed = super()._with(changes)
        changed._derive()  # noqa: SLF001 - of the same class
        return changed

    @classmethod
    def _named(cls, keys: Mapping[str, Any], *, conf: bool) -> dict[str, Any]:
        values = super()._named(keys, conf=conf)
        if wanted := values.get("durability"):
            values.setdefault("sync_interval", _sync_interval(wanted))
        return values


def _sync_interval(durability: object) -> str | None:
    return "always" if durability == "power" else None
