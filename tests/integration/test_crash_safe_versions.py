"""A program is killed while it changes its server: the versions it was told of are there."""

import os
import random
import sqlite3
import stat
import time
from contextlib import closing

import pytest

from dotgnatly import NatsController
from dotgnatly.history import SqliteConfigurationStore

# Each version has its number in max_payload, and is printed once it is accepted.
CHANGES = """
    import sys
    from dotgnatly import NatsController

    with NatsController(version_store=sys.argv[1]) as controller:
        number = controller.history()[-1].number
        while True:
            number = controller.update_config(max_payload=1000 + number + 1).number
            print(number, flush=True)
"""

# Killed in the middle of its second change, when SQLite is about to run a statement.
HALF_A_CHANGE = """
    import os, signal, sqlite3, sys
    from dotgnatly import NatsController

    def kill(statement):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    def connect(*arguments, **options):
        database = real(*arguments, **options)
        database.set_trace_callback(kill)
        return database

    with NatsController({"port": -1}, version_store=sys.argv[1]) as controller:
        controller.update_config(max_payload=1002)
        real, sqlite3.connect = sqlite3.connect, connect
        controller.update_config(max_payload=1003)
        print("not killed")
"""


@pytest.fixture
def path(tmp_path):
    """The file of the versions."""
    return tmp_path / "versions.db"


def kept(path):
    """The versions in a file, which is sound."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return SqliteConfigurationStore(path).load()


def in_force(path):
    """What a server says that is started with nothing but the versions."""
    with NatsController(version_store=path) as controller:
        return controller.varz().max_payload


def test_the_last_accepted_version_survives_a_kill_at_any_moment(interpreter, path):
    """And is in force at the next start; no number is given twice, none is left out."""
    with NatsController({"port": -1, "max_payload": 1001}, version_store=path):
        pass
    for _ in range(10):
        program = interpreter(CHANGES, str(path))
        for _ in range(random.randrange(1, 20)):
            printed = program.read_line()
        time.sleep(random.uniform(0, 0.005))  # some moment of a change
        program.process.kill()
        printed = [printed, *program.process.stdout.read().split()][-1]
        versions = kept(path)
        assert versions[-1].number - int(printed) in (0, 1)
        numbers = [version.number for version in versions]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for version in versions:
            if version.kind == "update":
                assert version.config.max_payload == 1000 + version.number
        assert in_force(path) == versions[-1].config.max_payload


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "DELETE", "COMMIT"])
def test_half_a_version_is_none(interpreter, path, statement):
    """Nobody was told of it; the one before it is in force again."""
    ended = interpreter(HALF_A_CHANGE, str(path), statement).finish()
    assert ended.code != 0
    assert ended.out == ""
    assert [version.number for version in kept(path)] == [1, 2]
    assert in_force(path) == 1002


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_what_a_kill_leaves_behind_is_its_owner_s_alone(interpreter, path):
    """The journal of a change holds secrets as well."""
    interpreter(HALF_A_CHANGE, str(path), "COMMIT").finish()
    left = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("versions*")}
    assert left == {"versions.db": 0o600, "versions.db-journal": 0o600}
