"""Builds dotgnatly._native: gobridge/ as a Go c-archive, linked into a Cython extension.

Environment: GO is the go command, CC the C compiler of both halves, DOTGNATLY_ABI3=1 makes one
wheel for every CPython from 3.11 on. After a change of GO or CC, remove build/.
"""

import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext as _build_ext
from setuptools.errors import CompileError
from setuptools.modified import newer_group

if "musl" in str(sysconfig.get_config_vars("HOST_GNU_TYPE", "SOABI")):
    sys.exit("dotgnatly cannot work on musl libc, which loads no Go library: use a glibc system.")

BRIDGE = Path("gobridge")
BRIDGE_SOURCES = [
    str(path)
    for path in sorted(BRIDGE.iterdir())
    if path.suffix in {".go", ".c", ".h", ".mod", ".sum"} and not path.name.endswith("_test.go")
]
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ABI3 = os.environ.get("DOTGNATLY_ABI3") == "1" and not FREE_THREADED

# One symbol stays visible and binds to itself, so that another Go library in the process cannot
# be mixed up with this one; the Go runtime cannot be unloaded; nothing is kept for a debugger;
# what is mapped read-only is the file's, as memory.c trusts.
# The libraries are those that Go's own linker would add, which a c-archive leaves to us.
LINK = {
    "linux": [
        "-Wl,--version-script=dotgnatly/exports.map", "-Wl,-Bsymbolic", "-Wl,-z,nodelete", "-Wl,-s",
        "-Wl,--as-needed", "-lresolv", "-lpthread",
        *([] if "zig" in os.environ.get("CC", "") else ["-Wl,-z,text"]),  # zig's own default
    ],
    "darwin": [
        "-Wl,-exported_symbol,_PyInit__native", "-Wl,-x",
        "-framework", "CoreFoundation", "-framework", "Security", "-lresolv",
    ],
    "win32": ["-static-libgcc", "-lws2_32"],
}  # fmt: skip


class build_ext(_build_ext):  # noqa: N801 - the name is the command's
    """Adds the Go half before the extension is compiled and linked."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.editable_mode:  # a temporary folder in setuptools, so that nothing would be kept
            self.build_lib = self.build_temp = "build/editable"

    def build_extension(self, ext: Extension) -> None:
        archive = Path("build", f"go-{self.plat_name}", "libgobridge.a").absolute()
        if self.force or newer_group(BRIDGE_SOURCES, str(archive)):
            self.build_archive(archive)
        ext.include_dirs += [str(BRIDGE), str(archive.parent)]
        ext.extra_objects.append(str(archive))
        ext.depends.append(str(archive))
        # Only our own files count: Cython's are always new in an isolated build.
        if self.force or newer_group(ext.sources + ext.depends, self.get_ext_fullpath(ext.name)):
            super().build_extension(ext)

    def build_archive(self, archive: Path) -> None:
        go = os.environ.get("GO") or shutil.which("go")
        if not go:
            raise CompileError("no Go toolchain: install Go, or build with `pip install .`")
        os.environ.setdefault("CGO_ENABLED", "1")
        if sys.platform == "darwin":  # ARCHFLAGS is how cibuildwheel asks for the other machine
            flags = os.environ.get("ARCHFLAGS", f"-arch {platform.machine()}")
            os.environ["GOARCH"] = {"arm64": "arm64", "x86_64": "amd64"}[flags.split()[-1]]
        self.spawn([
            go, "-C", str(BRIDGE), "build", "-buildmode=c-archive", "-trimpath", "-buildvcs=false",
            "-ldflags=-s -w", "-o", str(archive), ".",
        ])  # fmt: skip


native = Extension(
    "dotgnatly._native",
    ["dotgnatly/_native.pyx"],
    depends=["setup.py", "dotgnatly/exports.map"],
    extra_compile_args=["-O2", "-Werror=implicit-function-declaration"],
    extra_link_args=LINK.get(sys.platform, []),
    define_macros=[("Py_LIMITED_API", "0x030b0000")] if ABI3 else [],
    py_limited_api=ABI3,
)

options = {}
if ABI3:  # apart from the other builds, or a wheel would hold the modules of both
    options = {"bdist_wheel": {"py_limited_api": "cp311"}, "build": {"build_base": "build/abi3"}}
if sys.platform == "win32":  # MSVC's linker drops the constructor that starts the Go runtime
    options["build_ext"] = {"compiler": "mingw32"}

setup(ext_modules=[native], cmdclass={"build_ext": build_ext}, options=options)
