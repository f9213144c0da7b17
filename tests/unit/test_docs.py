"""Every code block of the documentation runs, and so does every example."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

import dotgnatly

ROOT = Path(__file__).parents[2]
PAGES = (
    sorted(ROOT.glob("*.md"))
    + sorted(ROOT.glob("docs/**/*.md"))
    + sorted(ROOT.glob("benchmarks/*.md"))
)
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
MODULES = [module.name for module in pkgutil.walk_packages(dotgnatly.__path__, "dotgnatly.")]

# What a reader has beside him: a file of nats-server's, and what is to become of it.
CONF = """
listen: 127.0.0.1:-1
http: 127.0.0.1:-1
jetstream { max_memory_store: 64MB }
"""
NEXT = CONF + "debug: true\nmax_payload: 2MB\n"


class Block(NamedTuple):
    """A code block of a page."""

    page: Path
    line: int
    language: str
    text: str
    output: str | None
    """What it prints: a block of text right below it."""


def blocks(*languages):
    """The code blocks in some languages, as parameters of a test."""
    below = r"(?:\n+```text\n(.*?)^```$)?"
    fence = re.compile(rf"^```(\w*)\n(.*?)^```${below}", re.MULTILINE | re.DOTALL)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            if match[1] in languages:
                line = text.count("\n", 0, match.start()) + 1
                yield pytest.param(
                    Block(page, line, *match.groups()), id=f"{page.relative_to(ROOT)}:{line}"
                )


def commands():
    """The lines of the shell blocks; where there is a prompt, without it, and with the output."""
    for param in blocks("sh", "bash", "shell", "console"):
        (block,) = param.values
        lines = block.text.splitlines()
        for number, line in enumerate(lines):
            typed = (
                line.startswith("$ ") if block.language == "console" else line and line[0] != "#"
            )
            if typed:
                place = f"{block.page.relative_to(ROOT)}:{block.line + 1 + number}"
                output = ""
                if block.language == "console":
                    below = takewhile(lambda text: not text.startswith("$ "), lines[number + 1 :])
                    output = "".join(f"{text}\n" for text in below)
                yield pytest.param(line.removeprefix("$ "), output, id=place)


def assert_shown(output, printed):
    """What a page shows is what was printed; ... stands for what differs from time to time."""
    assert doctest.OutputChecker().check_output(output, printed, doctest.ELLIPSIS), printed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a reader tries things: a directory with a configuration file in it."""
    (tmp_path / "broker.conf").write_text(CONF)
    (tmp_path / "next.conf").write_text(NEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    """Run Python to its end, which must be a good one, without a word on stderr."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("block", list(blocks("python")))
def test_python_blocks_run(folder, block):
    """A reader copies them as they stand, and sees what the page shows.

    One that begins with the name of a file is that file, for the others of the page to import;
    tests are run by pytest.
    """
    for (other,) in (param.values for param in blocks("python")):
        if other.page == block.page and (name := re.match(r"# (\w+\.py)\n", other.text)):
            (folder / name[1]).write_text(other.text)
    for framework in re.findall(r"^from (fastapi|faststream|litestar) ", block.text, re.MULTILINE):
        pytest.importorskip(framework, reason="not for this Python yet")
    (folder / "block.py").write_text(block.text)
    if block.text.startswith("# test_"):
        loop = ["-o", "asyncio_default_fixture_loop_scope=function"]
        run("-m", "pytest", *loop, "-p", "no:cacheprovider", "block.py")
        return
    printed = run("block.py")
    if block.output is not None:
        assert_shown(block.output, printed)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "output"), list(commands()))
def test_shell_commands_run(command, output):
    """As far as they can be run here: what builds and installs is checked for being there."""
    for part in command.split(" && "):
        words = part.split("  #")[0].strip()
        if words.startswith("make "):
            target = words.split()[1]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        elif words.startswith("pip install "):
            source = words.split()[-1].strip("'\"")
            assert source == "." or source.startswith("dotgnatly")
        elif words.startswith("python -m dotgnatly serve") and not output:
            serve(words.split()[1:])
        elif words.startswith("python -m benchmarks"):
            assert (ROOT / "benchmarks" / "__main__.py").exists()
        elif words.startswith(("python -c ", "python -m dotgnatly ")):
            shell = words.replace("python", shutil.which(sys.executable), 1)
            done = subprocess.run(
                shell, shell=True, check=True, timeout=50, stdout=subprocess.PIPE, text=True
            )
            if output:
                assert_shown(output, done.stdout)
        else:
            pytest.fail(f"nobody knows how to check: {words}")


def serve(arguments):
    """Run the command until it serves, then stop it."""
    with subprocess.Popen(
        [sys.executable, *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "Server is ready" in line:
                process.send_signal(signal.SIGTERM)
    assert process.returncode == (0 if os.name == "posix" else 1)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(example):
    """They are the first thing that people try; what they show is on stdout."""
    assert run(str(example))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", MODULES)
def test_doctests_run(name):
    """What a docstring shows is what happens."""
    if name in {"dotgnatly.__main__", "dotgnatly._native"}:
        return  # one runs on import; the other's manual is abi.h
    failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0


def test_there_are_doctests():
    """Else the test above says nothing."""
    finder = doctest.DocTestFinder()
    for name in ("dotgnatly.controller", "dotgnatly.config.server"):
        assert any(test.examples for test in finder.find(importlib.import_module(name)))


def test_there_are_blocks():
    """Else the tests above say nothing."""
    assert len(list(blocks("python"))) >= 5
    assert len(list(commands())) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """A link to a file of the repository, and to a heading in it, is to one that is there."""
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"\w+:", target):
            linked = page.parent / target if target else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def anchors(page):
    """Those that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
