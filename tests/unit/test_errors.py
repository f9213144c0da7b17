"""The exception tree is the one that is documented, and agrees with the C contract."""

import copy
import inspect
import pickle
import re
from pathlib import Path

import pytest

import dotgnatly
from dotgnatly import errors
from dotgnatly.errors import (
    BY_CODE,
    ConfigError,
    DotgnatlyError,
    Fault,
    NativeError,
    PortInUseError,
)

ABI = Path(__file__).parents[2] / "gobridge" / "abi.h"
CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, DotgnatlyError)
]
FACTS = {
    "errors": [Fault("port", "out of range")],
    "warnings": [Fault("", "doubtful")],
    "key": "port",
    "code": 404,
}


def documented() -> dict[str, set[str]]:
    """The tree in the docstring of the module: the direct bases of every class."""
    tree: dict[str, set[str]] = {}
    above: list[str] = []
    for line in inspect.getdoc(errors).splitlines():
        drawn = re.match(r"( {4,})(\w+Error)(?: \((\w+Error)\))?", line)
        if drawn is None:
            continue
        depth = len(drawn[1]) // 2 - 2
        del above[depth:]
        tree[drawn[2]] = {above[-1] if above else "Exception"} | ({drawn[3]} - {None})
        above.append(drawn[2])
    return tree


def test_the_tree_is_the_documented_one():
    """Readers catch by what they have read."""
    real = {cls.__name__: {base.__name__ for base in cls.__bases__} for cls in CLASSES}
    assert real == documented()


def test_the_codes_are_those_of_the_c_contract():
    """A code that means two things turns one error into another."""
    if not ABI.exists():
        pytest.skip("not in a checkout")
    written = re.findall(r"^\s*GB_(\w+) = (\d+)", ABI.read_text(), re.MULTILINE)
    codes = {int(code): name for name, code in written if name != "OK"}
    assert codes.keys() == BY_CODE.keys()
    assert len(codes) == len(written) - 1
    same = {
        code: f"{cls.__name__.removesuffix('Error').upper()}"
        for code, cls in BY_CODE.items()
        if cls.code == code
    }
    renamed = {"RESTARTREQUIRED": "RESTART", "IMPOSSIBLECHANGE": "IMPOSSIBLE", "NATIVE": "PANIC",
               "CHANGEVETOED": "VETOED", "SERVERSTOPPED": "STOPPED", "ALREADYRUNNING": "RUNNING",
               "FORKEDPROCESS": "FORKED"}  # fmt: skip
    for code, name in same.items():
        assert codes[code] == "E" + renamed.get(name, name)


def test_every_code_of_ours_finds_its_class():
    """What Go reports is raised as what Python names."""
    for cls in CLASSES:
        if cls.code:
            assert BY_CODE[cls.code] is cls


def test_an_unknown_code_is_a_native_error():
    """A library newer than its Python part must not raise something random."""
    assert type(errors.from_native(9_999, "?", {})) is NativeError


@pytest.mark.parametrize("cls", CLASSES)
def test_errors_carry_their_facts(cls):
    """Nobody parses a message."""
    error = cls("what", **FACTS)
    assert str(error) == "what"
    assert error.key == "port"
    assert error.code == 404


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_errors_can_be_pickled(cls, again):
    """They cross the borders of processes: multiprocessing, task queues."""
    error = cls("what", **FACTS)
    error.__notes__ = ["a note"]
    copied = again(error)
    assert type(copied) is cls
    assert copied.args == error.args
    assert vars(copied) == vars(error)
    assert str(copied) == "what"


def test_a_config_error_without_a_message_tells_its_faults():
    """Printed, it says all that is wrong."""
    faults = [("port", "out of range"), ("", "and more")]
    error = ConfigError(errors=faults)
    assert str(error) == "port: out of range; and more"
    assert error.errors == tuple(Fault(*fault) for fault in faults)
    assert error.warnings == ()


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        (errors.ConfigError, ValueError),
        (errors.StartTimeoutError, TimeoutError),
        (errors.ShutdownTimeoutError, TimeoutError),
        (errors.RequestTimeoutError, TimeoutError),
        (errors.NotFoundError, LookupError),
    ],
)
def test_where_a_builtin_fits_ours_is_one_too(raised, caught):
    """Callers that know only Python catch what they expect."""
    with pytest.raises(caught):
        raise raised("what")


def test_a_taken_port_is_both_a_start_and_a_change_error():
    """A listener can fail in both, and each caller catches its own."""
    assert issubclass(PortInUseError, errors.StartError)
    assert issubclass(PortInUseError, errors.ChangeError)


def test_all_classes_are_public():
    """What can be raised can be caught."""
    for cls in CLASSES:
        assert getattr(dotgnatly, cls.__name__) is cls
