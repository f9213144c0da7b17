"""Signals stay Python's, and the crash reports of Python and of Go both keep working."""

import signal
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")


def test_asyncio_gets_every_signal(passes):
    """A program that stops on SIGTERM through its event loop goes on doing so."""
    passes("""
        import asyncio
        from dotgnatly import AsyncNatsController
        from inside import *

        async def main():
            got = {signal.SIGINT: 0, signal.SIGTERM: 0}
            arrived = asyncio.Event()
            def handle(number):
                got[number] += 1
                arrived.set()
            for number in got:
                asyncio.get_running_loop().add_signal_handler(number, handle, number)
            async with AsyncNatsController({"port": -1, "jetstream": {}}) as controller:
                for n in range(50):
                    for number in got:
                        arrived.clear()
                        os.kill(os.getpid(), number)
                        await controller.update_config(max_payload=1000 + n)
                        await asyncio.wait_for(arrived.wait(), 5)
            assert set(got.values()) == {50}, got

        asyncio.run(main())
    """)


def test_ctrl_c_cancels_the_main_task(run_python):
    """asyncio.run lets it clean up, as it does without a server."""
    done = run_python("""
        import asyncio
        from dotgnatly import AsyncNatsController
        from inside import *

        async def main():
            async with AsyncNatsController({"port": -1, "jetstream": {}}) as controller:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    await asyncio.sleep(30)
                except asyncio.CancelledError:
                    print(controller.is_running)
                    raise

        try:
            asyncio.run(main())
        finally:
            print(counts()["servers"])
    """)
    assert done.code == -signal.SIGINT
    assert done.out.split() == ["True", "0"]
    assert done.err.strip().endswith("KeyboardInterrupt")


def test_a_signal_handler_runs_while_a_call_waits(passes, fifo):
    """Timers and watchdogs are built on SIGALRM; a handler that returns does not end the wait."""
    passes(
        """
        from dotgnatly import NatsController
        from inside import *

        def ring(*_):
            rings.append(time.monotonic())
            if len(rings) < 5:
                Interrupt(signal.SIGALRM)
            else:
                drain(sys.argv[1])

        rings = []
        signal.signal(signal.SIGALRM, ring)
        controller = NatsController({"port": -1, "log_file": sys.argv[1]})
        Interrupt(signal.SIGALRM)
        controller.start()
        assert len(rings) == 5
        controller.shutdown()
        """,
        fifo,
    )


def test_a_signal_handler_may_end_a_call_with_its_exception(passes, fifo):
    """pytest-timeout and others end what takes too long in this way."""
    passes(
        """
        from dotgnatly import NatsController
        from inside import *

        class TooLong(Exception):
            pass

        def ring(*_):
            raise TooLong

        signal.signal(signal.SIGALRM, ring)
        controller = NatsController({"port": -1, "log_file": sys.argv[1]})
        Interrupt(signal.SIGALRM)
        try:
            controller.start()
        except TooLong:
            drain(sys.argv[1])
        controller.start({"port": -1})
        controller.shutdown()
        """,
        fifo,
    )


def test_a_storm_of_signals_disturbs_nothing(passes):
    """Go uses SIGURG for itself; a Python program may use the others."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        def storm():
            while not done.is_set():
                for number in (signal.SIGURG, signal.SIGPIPE, signal.SIGUSR1):
                    os.kill(os.getpid(), number)

        seen = []
        signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
        done = threading.Event()
        thread = threading.Thread(target=storm)
        thread.start()
        for n in range(50):
            with NatsController({"port": -1, "jetstream": {}}) as controller:
                controller.update_config(max_payload=1000 + n)
                assert controller.varz().max_payload == 1000 + n
        done.set()
        thread.join()
        assert seen
    """)


def test_a_broken_pipe_is_an_exception(passes):
    """Go has a SIGPIPE handler of its own; Python's programs expect BrokenPipeError."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}):
            reader, writer = os.pipe()
            os.close(reader)
            try:
                os.write(writer, b"x")
            except BrokenPipeError:
                print("broken")
    """)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_default_action_of_sigpipe_is_honoured(run_python, when):
    """Filters in shell pipes ask for it, so that `| head` ends them silently."""
    done = run_python(
        """
        from dotgnatly import NatsController
        from inside import *

        if sys.argv[1] == "before":
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        controller = NatsController({"port": -1})
        controller.start()
        if sys.argv[1] == "after":
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        reader, writer = os.pipe()
        os.close(reader)
        os.write(writer, b"x")
        """,
        when,
    )
    assert (done.code, done.err) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGQUIT"])
def test_default_actions_stay(run_python, name):
    """A program without a handler ends by the signal, as it did without a server."""
    done = run_python(
        """
        from dotgnatly import NatsController
        from inside import *

        NatsController({"port": -1}).start()
        signal.raise_signal(signal.Signals[sys.argv[1]])
        """,
        name,
    )
    assert done.code == -signal.Signals[name]


def test_handlers_of_python_stay(passes):
    """What Python believes of its handlers is what the system does."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        before = {number: signal.getsignal(number) for number in signal.valid_signals()}
        with NatsController({"port": -1, "jetstream": {}}):
            pass
        assert before == {number: signal.getsignal(number) for number in before}
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            print("interrupted")
    """)


def test_faulthandler_reports_a_crash_in_c(run_python):
    """The Python line that crashed is what one needs; it was enabled before the first server."""
    done = run_python("""
        import ctypes
        from dotgnatly import NatsController

        NatsController({"port": -1}).start()
        ctypes.string_at(0)
    """)
    assert done.code == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.err
    assert 'File "<string>", line 6 in <module>' in done.err


def test_go_recovers_beside_faulthandler(passes):
    """Go makes a panic of a nil dereference with a SIGSEGV handler of its own."""
    (said,) = passes("""
        import faulthandler
        from dotgnatly import NatsController, NativeError, runtime

        assert faulthandler.is_enabled()
        with NatsController({"port": -1}) as controller:
            try:
                runtime.native().fault(b"nil")
            except NativeError as exc:
                print(str(exc).splitlines()[0])
            assert controller.is_running
    """)
    assert "nil pointer dereference" in said
