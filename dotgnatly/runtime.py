"""The native library: loaded at the first call that needs it, quieted when the interpreter ends.

Loading it starts the Go runtime, which does not survive ``fork()``. So importing the package loads
nothing, and a process that forks its workers first may use dotgnatly in each of them.
"""

import _thread
import os
import sys
from types import ModuleType

from dotgnatly.errors import ForkedProcessError, NativeError

_NO_LIMIT = 2**63 - 1
_GO_SHARE = 0.8
"""Of a container's memory, for the Go heap; the rest is Python's."""

_library: ModuleType | None = None
_loaded_at = ""
_loading = _thread.allocate_lock()


def native() -> ModuleType:
    """The native library, loaded now if it is not yet.

    Raises:
        ForkedProcessError: This process was forked from one that had loaded it.
        NativeError: The extension module is missing or foreign, or this is a subinterpreter.
    """
    refuse_forked()
    return _library or _load()


def loaded() -> bool:
    """Whether the Go runtime was loaded, here or in the process that this one was forked from."""
    return _library is not None


def refuse_forked() -> None:
    """Raise ForkedProcessError in a forked child, before any lock: it may be held for good."""
    if _library is not None and _library.forked():
        raise forked_error()


def forked_error() -> ForkedProcessError:
    """The error of every call in a forked child."""
    return ForkedProcessError(
        "this process was forked after the Go runtime had been loaded, which does not survive that "
        f"(loaded at {_loaded_at}): fork first, or start processes with spawn",
        loaded_at=_loaded_at,
    )


def hand_over_environ() -> None:
    """Make Go's environment that of ``os.environ``; Go's own is as old as the process."""
    entries = (os.fsencode(f"{name}={value}") for name, value in os.environ.items())
    native().env_set(b"\0".join(entries))


def memory_limit(limit: int) -> int:
    """Set the soft limit of the Go heap of this process and return the one before.

    Args:
        limit: Bytes; negative only asks.
    Source: ``runtime/debug.SetMemoryLimit``.
    """
    before: int = native().memory_limit(limit)
    return before


def versions() -> dict[str, str]:
    """The versions of "dotgnatly", and of "nats_server", "nats_go" and "go", which are inside.

    Raises:
        ForkedProcessError: This process was forked from one that had loaded the library.
    """
    from importlib.metadata import version

    import msgspec

    inside = msgspec.json.decode(native().versions(), type=dict[str, str])
    return {"dotgnatly": version("dotgnatly")} | inside


def crash_file() -> str:
    """Where Go's crash reports are appended to: one file a user, in the temporary directory."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return os.path.join(temporary_directory(), f"dotgnatly-crash-{user}.log")


def temporary_directory() -> str:
    """The directory for temporary files, as ``tempfile`` finds it, which takes long to import."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        if directory := os.environ.get(name):
            return directory
    return os.getcwd() if sys.platform == "win32" else "/tmp"  # noqa: S108 - a directory


def _load() -> ModuleType:
    global _library, _loaded_at  # noqa: PLW0603 - the one piece of state of the process
    with _loading:
        if _library is not None:
            return native()
        _refuse_subinterpreters()
        try:
            from dotgnatly import _native as library
        except ImportError as exc:
            raise NativeError(
                f"the native part of dotgnatly cannot be loaded ({exc}); "
                "in a checkout, run `make build`"
            ) from exc
        _loaded_at = caller()
        exit_before_logging()
        _open_crash_file(library)
        _mind_container(library)
        _library = library
    return native()


def caller() -> str:
    """The place that called into the package, for who looks for it later."""
    frame = sys._getframe()  # noqa: SLF001 - the documented way
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "dotgnatly"


def _refuse_subinterpreters() -> None:
    for name in ("_interpreters", "_xxsubinterpreters"):  # 3.13 and newer, older
        try:
            interpreters = __import__(name)
        except ImportError:
            continue
        current, main = interpreters.get_current(), interpreters.get_main()
        if current != main:
            raise NativeError("dotgnatly does not run in subinterpreters")
        return


def _mind_container(library: ModuleType) -> None:
    """Have Go collect its garbage more often when a container's memory comes to an end."""
    from dotgnatly import container

    limit = container.memory()
    if limit is not None and library.memory_limit(-1) == _NO_LIMIT:  # else GOMEMLIMIT says more
        library.memory_limit(int(limit * _GO_SHARE))


def _open_crash_file(library: ModuleType) -> None:
    try:
        library.crash_output(os.fsencode(crash_file()))
    except NativeError as exc:  # a foreign file of that name, a read-only system
        from dotgnatly import logs

        logs.package_logger().debug("no crash file: %s", exc)


def exit_before_logging() -> None:
    """At exit stop the servers first, so that their last lines still find the handlers open."""
    import atexit

    atexit.unregister(_at_exit)
    atexit.register(_at_exit)


def _at_exit() -> None:
    """Stop every server cleanly: an unclean stop endangers what JetStream keeps.

    Runs after the last non-daemon thread has ended, and must not start one.
    """
    from dotgnatly import _server, jobs, logs

    library = native_or_none()
    if library is None:
        return  # a forked child: the servers are the parent's
    unclosed = _server.unclosed()
    try:
        jobs.wait(library.servers_stop(), timeout=30.0)
    except Exception:  # noqa: BLE001 - the interpreter ends anyway; the reason is worth a line
        logs.package_logger().exception("servers could not be stopped at exit")
    for name in ("questions", "watching"):
        if module := sys.modules.get(f"dotgnatly.{name}"):
            module.reader.stop(library)
    logs.reader.stop(library)
    _server.warn_unclosed(unclosed)  # last: warnings can be errors


def native_or_none() -> ModuleType | None:
    """The native library if it runs in this very process."""
    return None if _library is None or _library.forked() else _library
