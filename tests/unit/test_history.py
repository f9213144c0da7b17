"""Versions and the stores that keep them."""

import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime

import pytest

from dotgnatly import BrokerConfiguration, NatsController, NotFoundError
from dotgnatly.history import (
    ConfigurationVersion,
    History,
    MemoryConfigurationStore,
    SqliteConfigurationStore,
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """A store of each kind; it keeps five."""
    if request.param == "memory":
        return MemoryConfigurationStore(limit=5)
    return SqliteConfigurationStore(tmp_path / "versions.db", limit=5)


def version(number, kind="update", restored=None, **fields):
    """A version of a configuration."""
    return ConfigurationVersion(
        number=number,
        config=BrokerConfiguration(**fields),
        base=BrokerConfiguration(),
        kind=kind,
        applied_at=datetime(2026, 1, 1, 12, number, tzinfo=UTC),
        author="ann",
        reason="tests",
        restored=restored,
    )


def test_a_new_store_is_empty(store):
    """Before the first start."""
    assert list(store.load()) == []


def test_versions_come_back_as_they_were(store):
    """Secrets, sizes and durations included."""
    config = {"port": -1, "max_payload": "2MB", "ping_interval": "90s",
              "authorization": {"user": "u", "password": "p"}}  # fmt: skip
    first = version(1, "initial", **config)
    second = version(2, "rollback", restored=1, **config, jetstream={"domain": "d"})
    store.append(first)
    store.append(second)
    loaded = list(store.load())
    assert [v.config for v in loaded] == [first.config, second.config]
    assert [(v.number, v.kind, v.applied_at, v.author, v.reason, v.restored) for v in loaded] == [
        (v.number, v.kind, v.applied_at, v.author, v.reason, v.restored) for v in (first, second)
    ]


def test_the_oldest_go_first(store):
    """A store does not grow for ever."""
    for number in range(1, 9):
        store.append(version(number, max_payload=1000 + number))
    assert [v.number for v in store.load()] == [4, 5, 6, 7, 8]


def test_a_file_outlives_the_program(tmp_path):
    """The next one finds the versions, each with its difference."""
    path = tmp_path / "versions.db"
    store = SqliteConfigurationStore(path)
    store.append(version(1))
    store.append(version(2, debug=True))
    again = SqliteConfigurationStore(path)
    assert [str(v.diff) for v in again.load()] == ["", "debug: (not set) -> True"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_a_file_is_its_owner_s_alone(tmp_path):
    """It holds secrets, also if it was there before and open to all."""
    path = tmp_path / "versions.db"
    path.touch(mode=0o644)
    store = SqliteConfigurationStore(path)
    store.load()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="locks of files are the process's there only")
def test_reading_ends_no_lock_of_the_process(tmp_path, run_python):
    """A file that is closed takes with it the locks of all who have it open, SQLite included."""
    path = tmp_path / "versions.db"
    store = SqliteConfigurationStore(path)
    store.append(version(1))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        store.load()
        another = "import sqlite3, sys; sqlite3.connect(sys.argv[1], 0).execute('BEGIN IMMEDIATE')"
        assert "database is locked" in run_python(another, str(path)).err


def test_a_store_keeps_at_least_one_version():
    """The one in force; -0 would be all of them."""
    with pytest.raises(ValueError, match="not 0"):
        NatsController(version_store=MemoryConfigurationStore(limit=0))


def test_a_file_that_is_no_database_is_refused(tmp_path):
    """And left as it is."""
    path = tmp_path / "versions.db"
    path.write_text("notes" * 1000)
    store = SqliteConfigurationStore(path)
    with pytest.raises(sqlite3.DatabaseError):
        store.load()
    assert path.read_text() == "notes" * 1000


def history(*versions):
    """A history of these versions."""
    store = MemoryConfigurationStore()
    for one in versions:
        store.append(one)
    return History(store)


def payload(number, kind="update", restored=None, bytes_=0):
    """A version with this max_payload."""
    return version(number, kind, restored, max_payload=bytes_)


def test_the_way_back_leads_to_the_version_before():
    """The last change is taken back."""
    kept = history(payload(1, bytes_=1), payload(2, bytes_=2), payload(3, bytes_=3))
    assert kept.before().number == 2


def test_the_way_back_goes_on_where_it_was():
    """A rollback of a rollback goes further back, and not to and fro."""
    kept = history(
        payload(1, bytes_=1), payload(2, bytes_=2), payload(3, bytes_=3),
        payload(4, "rollback", 2, bytes_=2),
    )  # fmt: skip
    assert kept.before().number == 1


def test_a_change_after_a_rollback_is_what_is_taken_back_next():
    """What had been taken back stays so."""
    kept = history(
        payload(1, bytes_=1), payload(2, bytes_=2), payload(3, "rollback", 1, bytes_=1),
        payload(4, bytes_=4),
    )  # fmt: skip
    assert kept.before().config.max_payload == 1
    kept.add(payload(5, "rollback", 3, bytes_=1))
    with pytest.raises(NotFoundError):
        kept.before()


def test_a_start_without_a_change_is_no_step():
    """Going back to the same configuration would look as if nothing happened."""
    kept = history(payload(1, bytes_=1), payload(2, bytes_=2), payload(3, "restart", bytes_=2))
    assert kept.before().number == 1


@pytest.mark.parametrize("versions", [[], [payload(1)]])
def test_without_a_version_before_there_is_no_way_back(versions):
    """The first one is the end."""
    with pytest.raises(NotFoundError):
        history(*versions).before()


def test_a_version_that_is_not_there_is_not_found():
    """Never made, or kept no more."""
    with pytest.raises(NotFoundError, match="7"):
        history(payload(1)).get(7)
