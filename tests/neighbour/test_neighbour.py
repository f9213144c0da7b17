"""A second Go extension in our process; Go promises nothing here, so this shows what holds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory):
    """The path of another Go library, built the way other packages build theirs."""
    if not shutil.which("go"):
        pytest.skip("no Go toolchain to build the neighbour with")
    source = tmp_path_factory.mktemp("neighbour")
    for name in ("go.mod", "neighbour.go", "setup.py"):
        shutil.copy(HERE / name, source)
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (library,) = (path for path in source.iterdir() if path.suffix in {".so", ".pyd"})
    return library


@pytest.mark.parametrize("first", ["ours", "neighbour"])
def test_two_go_runtimes_work_side_by_side(neighbour, first):
    """Each keeps its own functions, signals and threads, whichever came first."""
    script = [sys.executable, HERE / "both_busy.py", neighbour, first]
    done = subprocess.run(script, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "servers" in done.stdout
