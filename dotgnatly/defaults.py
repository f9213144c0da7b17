"""The few defaults that are ours and not the server's, sent with every configuration.

A server inside a program is not one on a host of its own: it listens to its own machine, keeps its
data apart from that of others, and leaves the host memory and disk.
"""

import os
from typing import TYPE_CHECKING, cast

import msgspec

from dotgnatly import container, runtime
from dotgnatly.config import BrokerConfiguration

if TYPE_CHECKING:
    from dotgnatly.config import JetStreamConfiguration

HOST = "127.0.0.1"
MAX_MEMORY_STORE = 1 << 30
MAX_FILE_STORE = 10 << 30


class Defaults(msgspec.Struct, kw_only=True):
    """The defaults of one server, from its first start to its shutdown."""

    store_dir: str = ""
    """The private JetStream directory, once one was needed; removed when the server has stopped."""
    max_memory_store: int = 0
    max_file_store: int = 0

    def fill(self, config: BrokerConfiguration) -> BrokerConfiguration:
        """The configuration with our defaults where it says nothing.

        A configuration that was read from a file or a text listens where nats-server would.
        """
        filled: dict[str, object] = {}
        if config.source is None and not config.host:
            filled["host"] = HOST
        if not isinstance(config.logtime, bool):
            filled["logtime"] = True  # as the nats-server command, whose flag is on by default
        jetstream = _jetstream(config)
        if jetstream and jetstream.enabled is not False:
            filled["jetstream"] = self._fill_jetstream(jetstream, config.store_dir)
        return config.replace(**filled) if filled else config

    def private_store(self, config: BrokerConfiguration) -> bool:
        """Whether a filled configuration uses the private directory."""
        jetstream = _jetstream(config)
        return bool(self.store_dir and jetstream and jetstream.store_dir == self.store_dir)

    def _fill_jetstream(
        self, jetstream: "JetStreamConfiguration", top_store_dir: object
    ) -> "JetStreamConfiguration":
        filled: dict[str, object] = {}
        store_dir = jetstream.store_dir or top_store_dir
        if not store_dir:
            if not self.store_dir:
                self.store_dir = new_store_dir()
            store_dir = filled["store_dir"] = self.store_dir
        if not isinstance(jetstream.max_memory_store, int):
            if not self.max_memory_store:
                self.max_memory_store = min(MAX_MEMORY_STORE, _memory() // 4)
            filled["max_memory_store"] = self.max_memory_store
        if not isinstance(jetstream.max_file_store, int):
            if not self.max_file_store:
                self.max_file_store = min(MAX_FILE_STORE, _free_disk(str(store_dir)) // 2)
            filled["max_file_store"] = self.max_file_store
        return jetstream.replace(**filled) if filled else jetstream


def _jetstream(config: BrokerConfiguration) -> "JetStreamConfiguration | None":
    """The block of a valid configuration, which holds nothing else there."""
    return cast("JetStreamConfiguration", config.jetstream) if config.jetstream else None


def reachable(host: str) -> str:
    """Where this machine reaches a listener on an address, also on all of them."""
    return {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104 - asked for


def url(host: str, port: int, login: str = "") -> str:
    """The URL of a listener, with who logs in, such as "user:password@"."""
    return f"nats://{login}{f'[{host}]' if ':' in host else host}:{port}"


def new_store_dir() -> str:
    """A path that nobody else can have, of a directory to be made and removed with its servers."""
    return os.path.join(runtime.temporary_directory(), f"dotgnatly-{os.urandom(12).hex()}")


def _memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's if less."""
    limits = [8 << 30]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    if (limit := container.memory()) is not None:
        limits.append(limit)
    return min(limits)


def _free_disk(directory: str) -> int:
    """Bytes free where the directory is, or will be."""
    directory = os.path.abspath(directory)
    while not os.path.exists(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    if hasattr(os, "statvfs"):
        disk = os.statvfs(directory)
        return disk.f_bavail * disk.f_frsize
    import shutil

    return shutil.disk_usage(directory).free
