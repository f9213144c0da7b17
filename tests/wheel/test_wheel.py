"""What must hold of the wheel that users install."""

import subprocess
import sys
import textwrap

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

MEGABYTE = 1_000_000
DF_SYMBOLIC, DF_TEXTREL, DF_1_NODELETE = 0x2, 0x4, 0x8

LIGHT_IMPORT = """
import sys
import msgspec
before = set(sys.modules)
import dotgnatly
print(dotgnatly.__file__)
print(*sorted(set(sys.modules) - before))
"""


@pytest.fixture(scope="module")
def module(unpacked):
    """The native module, as an ELF file."""
    if sys.platform != "linux":
        pytest.skip("reads ELF")
    (path,) = (unpacked / "dotgnatly").glob("_native.*.so")
    with path.open("rb") as file:
        yield ELFFile(file)


def test_it_is_small(wheel):
    """Everybody downloads it, often many times a day in CI."""
    assert wheel.stat().st_size <= 8 * MEGABYTE


def test_it_ships_what_runs_and_nothing_else(unpacked):
    """Sources of the native module are of no use without its build."""
    suffixes = {path.suffix for path in (unpacked / "dotgnatly").rglob("*") if path.is_file()}
    assert suffixes <= {".py", ".pyi", ".typed", ".toml", ".so", ".pyd"}


def test_it_is_typed(unpacked):
    """Type checkers read a package's annotations only where this file is."""
    assert (unpacked / "dotgnatly" / "py.typed").is_file()
    assert (unpacked / "dotgnatly" / "_native.pyi").is_file()


def test_it_carries_the_licences(unpacked):
    """The Go code inside may be passed on only together with its notices."""
    (licenses,) = unpacked.glob("dotgnatly-*.dist-info/licenses")
    assert "Apache License" in (licenses / "LICENSE").read_text()
    assert "nats-server" in (licenses / "gobridge" / "LICENSES.txt").read_text()


def test_it_exports_one_symbol(module):
    """A second Go library in the process has functions of the same names."""
    symbols = module.get_section_by_name(".dynsym").iter_symbols()
    exported = [s.name for s in symbols if s.name and s.entry["st_shndx"] != "SHN_UNDEF"]
    assert exported == ["PyInit__native"]


def test_it_is_stripped(module):
    """Symbols for a debugger would double its size."""
    assert module.get_section_by_name(".symtab") is None


@pytest.fixture(scope="module")
def dynamic(module):
    """What the dynamic loader is told about it."""
    section = next(s for s in module.iter_sections() if isinstance(s, DynamicSection))
    return {tag.entry.d_tag: tag.entry.d_val for tag in section.iter_tags()}


def test_it_cannot_be_unloaded(dynamic):
    """A Go runtime whose code is unmapped ends the process with a crash."""
    assert dynamic["DT_FLAGS_1"] & DF_1_NODELETE


def test_it_calls_its_own_functions(dynamic):
    """Whatever another library in the process offers under the same names."""
    assert dynamic["DT_FLAGS"] & DF_SYMBOLIC


def test_its_code_is_mapped_as_it_is_in_the_file(dynamic):
    """Pages that the loader had changed could not be given back and read again."""
    assert "DT_TEXTREL" not in dynamic
    assert not dynamic["DT_FLAGS"] & DF_TEXTREL


def test_importing_it_is_light(unpacked):
    """Programs that may never start a server import it too."""
    code = f"import sys; sys.path.insert(0, {str(unpacked)!r})\n{LIGHT_IMPORT}"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=unpacked, check=True, capture_output=True, text=True)
    where, loaded = done.stdout.splitlines()
    assert where.startswith(str(unpacked))
    heavy = {"asyncio", "logging", "pathlib", "socket", "sqlite3", "tempfile", "dotgnatly._native"}
    assert heavy.isdisjoint(loaded.split())


def test_a_server_runs_and_changes_from_it(unpacked):
    """Nothing that only a checkout has is missed: the native module, the table of classes."""
    code = """
        from dotgnatly import NatsController
        with NatsController({"port": -1}) as controller:
            print(controller.update_config(debug=True).number, controller.plan(port=1).reload_class)
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(run, cwd=unpacked, check=True, capture_output=True, text=True)
    assert done.stdout == "2 restart\n"
