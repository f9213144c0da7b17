"""The configurations that were in force, one version each, and where they are kept."""

import os
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

from dotgnatly.config import BrokerConfiguration, Source
from dotgnatly.config.server import sourced
from dotgnatly.diff import ConfigurationDiff, caveats, compare
from dotgnatly.errors import Fault, NotFoundError

if TYPE_CHECKING:
    import sqlite3

VersionKind: TypeAlias = Literal["initial", "update", "rollback", "restart"]
"""What brought a version: the first start, a change, a way back, or another start."""

LIMIT = 100
"""How many versions are kept unless somebody says otherwise."""


class ConfigurationVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that a server accepted."""

    number: int
    """Counts up from 1, in the life of its store."""
    config: BrokerConfiguration
    """The complete configuration, as it was given: without defaults, and with its secrets."""
    base: BrokerConfiguration
    """What of it was given, or read from a file; the rest was changed at run time."""
    kind: VersionKind
    applied_at: datetime
    """When the server had accepted it, UTC."""
    author: str | None = None
    """Who made it, as the call said."""
    reason: str | None = None
    """Why, as the call said."""
    diff: ConfigurationDiff = ConfigurationDiff()
    """What it changed in the version before; of the first one nothing."""
    restored: int | None = None
    """Of a rollback: the number of the version that it went back to."""

    @property
    def caveats(self) -> tuple[Fault, ...]:
        """What the change did not do, such as trace the connections that were there already."""
        return () if self.kind == "restart" else caveats(self.diff, self.config)


class ConfigurationStore(Protocol):
    """Where versions are kept, of one server. Its methods are called by one thread at a time.

    What they raise becomes a StateError, or the StartError or ChangeError of what is undone then.
    """

    limit: int
    """How many versions are kept, 1 or more; the oldest go first."""

    def load(self) -> Sequence[ConfigurationVersion]:
        """The versions that are there, oldest first."""
        ...

    def append(self, version: ConfigurationVersion) -> None:
        """Keep one more. When it returns, the version is there to stay; if it raises, it is not."""
        ...


class MemoryConfigurationStore:
    """Versions for as long as the program runs, the last ``limit`` of them."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._versions: list[ConfigurationVersion] = []

    def load(self) -> Sequence[ConfigurationVersion]:
        """The versions that are there, oldest first."""
        return self._versions

    def append(self, version: ConfigurationVersion) -> None:
        """Keep one more."""
        self._versions = [*self._versions, version][-self.limit :]


class SqliteConfigurationStore:
    """Versions in an SQLite file, which holds secrets and is its owner's alone (mode 0600).

    The last ``limit`` of them are kept. A version is on disk before the change that made it
    returns, whatever happens afterwards. The file may be shared by nobody else while a server uses
    it.
    """

    _SCHEMA = """
        CREATE TABLE IF NOT EXISTS versions (
            number INTEGER PRIMARY KEY, kind TEXT NOT NULL, applied_at TEXT NOT NULL, author TEXT,
            reason TEXT, restored INTEGER, config TEXT NOT NULL, base TEXT NOT NULL, source TEXT
        )
    """

    def __init__(self, path: str | os.PathLike[str], limit: int = LIMIT) -> None:
        self.path = os.fspath(path)
        self.limit = limit

    def load(self) -> Sequence[ConfigurationVersion]:
        """The versions that are there, oldest first.

        Raises:
            sqlite3.Error: The file is none of SQLite's, or cannot be read.
            OSError: It cannot be made.
        """
        with closing(self._open()) as database:
            rows = database.execute("SELECT * FROM versions ORDER BY number").fetchall()
        versions: list[ConfigurationVersion] = []
        for number, kind, applied_at, author, reason, restored, *texts, source in rows:
            read_from = source and msgspec.json.decode(source, type=Source)
            config, base = (
                sourced(BrokerConfiguration.from_json(text), read_from) for text in texts
            )
            before = versions[-1].config if versions else config
            versions.append(
                ConfigurationVersion(
                    number=number,
                    config=config,
                    base=base,
                    kind=kind,
                    applied_at=datetime.fromisoformat(applied_at),
                    author=author,
                    reason=reason,
                    diff=compare(before, config),
                    restored=restored,
                )
            )
        return versions

    def append(self, version: ConfigurationVersion) -> None:
        """Keep one more; it is on disk when this returns.

        Raises:
            sqlite3.Error: It cannot be written.
            OSError: The file cannot be made.
        """
        source = version.base.source
        row = (
            version.number, version.kind, version.applied_at.isoformat(), version.author,
            version.reason, version.restored, version.config.to_json(), version.base.to_json(),
            source and msgspec.json.encode(source).decode(),
        )  # fmt: skip
        with closing(self._open()) as database, database:
            database.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            oldest = version.number - self.limit
            database.execute("DELETE FROM versions WHERE number <= ?", (oldest,))

    def _open(self) -> "sqlite3.Connection":
        import sqlite3

        # Before SQLite makes it, readable for all as the umask may have it. One that is there must
        # not be opened: to close it ends the locks that SQLite has on it, in all of the process.
        if not os.path.exists(self.path):
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(self.path, 0o600)
        database = sqlite3.connect(self.path)
        try:
            database.execute("PRAGMA synchronous = FULL")
            database.execute(self._SCHEMA)
        except BaseException:
            database.close()
            raise
        return database


def as_store(
    store: "ConfigurationStore | str | os.PathLike[str] | None",
) -> ConfigurationStore:
    """A store itself, an SQLite file for a path, or one in memory."""
    if store is None:
        return MemoryConfigurationStore()
    if isinstance(store, str | os.PathLike):
        return SqliteConfigurationStore(store)
    if store.limit < 1:
        raise ValueError(f"a version store keeps at least the version in force, not {store.limit}")
    return store


class History:
    """The versions of one controller."""

    def __init__(self, store: ConfigurationStore) -> None:
        self.store = store
        self._versions: list[ConfigurationVersion] | None = None

    @property
    def versions(self) -> list[ConfigurationVersion]:
        """All that are kept, oldest first; read from the store once."""
        if self._versions is None:
            self._versions = list(self.store.load())
        return self._versions

    @property
    def last(self) -> ConfigurationVersion | None:
        """The newest one."""
        return self.versions[-1] if self.versions else None

    @property
    def next_number(self) -> int:
        """That of the version to come."""
        return self.last.number + 1 if self.last else 1

    def add(self, version: ConfigurationVersion) -> None:
        """Keep one that the store has; nothing happens if it was kept already."""
        if self.next_number == version.number:
            self._versions = [*self.versions, version][-self.store.limit :]

    def get(self, number: int) -> ConfigurationVersion:
        """One by its number.

        Raises:
            NotFoundError: There is none, or it is kept no more.
        """
        for version in self.versions:
            if version.number == number:
                return version
        raise NotFoundError(f"there is no version {number}")

    def before(self) -> ConfigurationVersion:
        """Where the way back leads from here: each rollback goes one change further.

        Raises:
            NotFoundError: There is nothing before.
        """
        if (current := self.last) is None:
            raise NotFoundError("there is no version to go back to")
        origin = current
        while origin.restored is not None:
            origin = self.get(origin.restored)
        for version in reversed(self.versions):
            if version.number < origin.number and version.config != current.config:
                return version
        raise NotFoundError(f"there is no version before {origin.number} to go back to")
