"""The public names: complete, sorted, importable, and loaded only when they are used."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import dotgnatly

# Slow to import, or what a program that forks must not have: see dotgnatly.runtime.
HEAVY = {"asyncio", "sqlite3", "logging", "pathlib", "tempfile", "socket", "dotgnatly._native"}


def test_all_is_sorted():
    """Two branches that add a name do not collide."""
    assert list(dotgnatly.__all__) == sorted(dotgnatly.__all__)


def test_all_has_no_name_twice():
    """A copy is a mistake."""
    assert len(set(dotgnatly.__all__)) == len(dotgnatly.__all__)


@pytest.mark.parametrize("name", dotgnatly.__all__)
def test_every_public_name_can_be_imported(name):
    """What the list promises is there."""
    assert getattr(dotgnatly, name) is not None


def test_star_import_gives_all():
    """In a REPL."""
    names: dict[str, object] = {}
    exec("from dotgnatly import *", names)
    assert set(dotgnatly.__all__) <= names.keys()


def test_all_is_complete():
    """Every public class of the package that users get in their hands is listed."""
    wanted = {"AsyncNatsController", "NatsController", "ServerInfo", "ConfigurationVersion"}
    wanted |= {"BrokerConfiguration", "Fault"}
    wanted |= {name for name in vars(dotgnatly.errors) if name.endswith("Error")}
    wanted |= {name for name in dir(dotgnatly.config) if name.endswith("Configuration")}
    assert wanted - set(dotgnatly.__all__) == set()


def test_dir_lists_the_public_names():
    """For completion in a REPL."""
    assert set(dotgnatly.__all__) <= set(dir(dotgnatly))


def test_an_unknown_name_is_an_attribute_error():
    """As in every module."""
    with pytest.raises(AttributeError, match="no attribute 'NatsControler'"):
        _ = dotgnatly.NatsControler


def test_the_names_for_type_checkers_are_the_lazy_ones():
    """What a checker sees and what a program gets are written in two places."""
    tree = ast.parse(Path(dotgnatly.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        module = importlib.import_module(node.module)
        for alias in node.names:
            assert getattr(dotgnatly, alias.name) is getattr(module, alias.name)
    checked = {alias.name for node in block.body for alias in node.names}
    errors = {name for name in dotgnatly.__all__ if hasattr(dotgnatly.errors, name)}
    assert checked == set(dotgnatly.__all__) - errors


def test_importing_the_package_is_light(run_python):
    """A command that only might start a server pays nothing for it."""
    done = run_python(
        """
        import sys
        before = set(sys.modules)
        import dotgnatly
        print(*sys.modules.keys() - before)
        """
    )
    assert "dotgnatly" in done.out.split()
    assert set(done.out.split()) & HEAVY == set()


def test_importing_a_controller_loads_no_go(run_python):
    """A program that forks its workers may import all it needs before."""
    done = run_python(
        """
        import sys
        from dotgnatly import *
        from dotgnatly import AsyncNatsController, BrokerConfiguration, NatsController
        NatsController(BrokerConfiguration(port=-1)), AsyncNatsController()
        print("dotgnatly._native" in sys.modules)
        """
    )
    assert done.out == "False\n", done.err


def test_every_module_says_what_it_is():
    """The first line of a module is its summary."""
    for module in pkgutil.walk_packages(dotgnatly.__path__, "dotgnatly."):
        if module.name in {"dotgnatly.__main__", "dotgnatly._native"}:
            continue  # one runs on import; the other's manual is abi.h
        assert importlib.import_module(module.name).__doc__, module.name
