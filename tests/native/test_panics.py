"""A panic in a call is an exception; one in a goroutine ends the process, and is written down."""

import signal
import sys

import pytest


@pytest.mark.parametrize("kind", ["panic", "nil"])
def test_a_panic_in_a_call_is_an_exception(passes, kind):
    """With its trace; the process and its servers go on."""
    said = passes(
        """
        import sys
        from dotgnatly import NatsController, NativeError, runtime

        with NatsController({"port": -1}) as controller:
            for _ in range(3):
                try:
                    runtime.native().fault(sys.argv[1].encode())
                except NativeError as exc:
                    print(exc)
            assert controller.varz().version
        """,
        kind,
    )
    assert sum(line.startswith("panic: ") for line in said) == 3
    assert any("provoke" in line for line in said)


def test_a_panic_in_a_goroutine_is_in_the_crash_file(run_python, tmp_path):
    """The report may be all that is left: stderr is often lost, as under pytest's capture."""
    done = run_python("""
        import os
        from dotgnatly import NatsController, runtime

        NatsController({"port": -1}).start()
        print(runtime.crash_file(), flush=True)
        os.close(2)
        runtime.native().fault(b"goroutine")
    """)
    assert done.code == (-signal.SIGABRT if sys.platform != "win32" else 2)
    (path,) = (tmp_path / "scratch").glob("dotgnatly-crash-*.log")
    assert done.out.strip() == str(path)
    report = path.read_text()
    assert "panic: provoked in a goroutine" in report
    assert "goroutine " in report


def test_a_panic_in_a_goroutine_is_on_stderr(run_python):
    """Where one looks first."""
    done = run_python("""
        from dotgnatly import runtime

        runtime.native().fault(b"goroutine")
    """)
    assert done.code != 0
    assert "panic: provoked in a goroutine" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links and named pipes")
@pytest.mark.parametrize("trap", ["symlink", "fifo", "directory"])
def test_a_foreign_crash_file_is_not_touched(run_python, tmp_path, trap):
    """The temporary directory is everybody's: somebody may lay a trap there."""
    done = run_python(
        """
        from dotgnatly import NatsController, runtime
        from inside import *

        trap = Path(runtime.crash_file())
        if sys.argv[1] == "symlink":
            trap.symlink_to(Path("victim").absolute())
        elif sys.argv[1] == "fifo":
            os.mkfifo(trap)
        else:
            trap.mkdir()
        NatsController({"port": -1}).start()
        runtime.native().fault(b"goroutine")
        """,
        trap,
    )
    assert "panic: provoked in a goroutine" in done.err
    assert not (tmp_path / "victim").exists()
