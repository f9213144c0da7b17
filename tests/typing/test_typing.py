"""The types that users' checkers see: what is right passes, what is wrong is refused."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dotgnatly

EXAMPLES = Path(__file__).with_name("examples.py")
PACKAGE = Path(dotgnatly.__file__).parents[1]
INSTALLED = PACKAGE.name == "site-packages"


def check(*arguments, **environment):
    """Run a checker; its output is the failure."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def needs(module):
    """Skips a test where the checker is not installed; `make types` installs both."""
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


@needs("mypy")
def test_mypy_agrees(request):
    """Strict, as the package itself is checked."""
    cache = request.config.cache.mkdir("mypy")
    path = {} if INSTALLED else {"MYPYPATH": str(PACKAGE)}
    strict = ("--strict", "--warn-unused-ignores", "--config-file=", f"--cache-dir={cache}")
    check("mypy", *strict, EXAMPLES, **path)


@needs("basedpyright")
def test_pyright_agrees(tmp_path):
    """The one that most editors ask."""
    config = {
        "include": [str(EXAMPLES)],
        "extraPaths": [] if INSTALLED else [str(PACKAGE)],
        "typeCheckingMode": "strict",
        "enableTypeIgnoreComments": False,
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    check("basedpyright", "--project", tmp_path, "--pythonpath", sys.executable)
