"""Nothing blocks an event loop; a cancelled call leaves a defined state; no thread is used."""

import pytest

PRELUDE = """
import asyncio
from dotgnatly import AsyncNatsController, NatsController, StartTimeoutError, StateError
from inside import *

async def ended(task):
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "done"

async def clean(controller):
    await controller.shutdown()
    assert (controller.is_running, counts()["servers"]) == (False, 0)
    until(lambda: counts()["jobs"] == 0, "no job is left")
    await controller.start({"port": -1})
    assert controller.is_running
    await controller.shutdown()
"""


@pytest.fixture
def runs(passes):
    """Runs a script whose ``main`` is a coroutine function."""
    return lambda script, *args: passes(PRELUDE + script + "\nasyncio.run(main())", *args)


def test_the_loop_goes_on_during_every_call(runs, fifo):
    """Other tasks of the program have their own deadlines."""
    runs(
        """
async def main():
    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    async def beside(call):
        before = ticks
        task = asyncio.create_task(call)
        while ticks < before + 100:
            await asyncio.sleep(0)
        assert not task.done()
        end = drain(sys.argv[1])
        await task
        if controller.is_running:
            await controller.update_config(log_file=None)
        end()

    ticks = 0
    ticking = asyncio.create_task(tick())
    controller = AsyncNatsController({"port": -1, "jetstream": {}, "log_file": sys.argv[1]})
    await beside(controller.start())
    await beside(controller.update_config(log_file=sys.argv[1]))
    reader = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
    await controller.update_config(log_file=sys.argv[1])
    fill(reader)
    await beside(controller.shutdown())
    ticking.cancel()
    """,
        fifo,
    )


def test_no_call_holds_the_loop_for_long(runs):
    """What is not waiting is some microseconds of work, JetStream or not."""
    (longest,) = runs("""
async def main():
    async def tick():
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - last)
            last = time.perf_counter()

    controller = AsyncNatsController({"port": -1, "jetstream": {"store_dir": "store"}})
    await controller.start()  # the first call loads the native library
    await controller.shutdown()
    longest = 0.0
    ticking = asyncio.create_task(tick())
    for n in range(20):
        await controller.start()
        await controller.update_config(max_payload=1000 + n)
        await controller.varz()
        await controller.shutdown()
    ticking.cancel()
    print(longest)
    """)
    assert float(longest) < 0.25  # a bound of milliseconds, and the noise of a busy machine


def test_no_executor_thread_is_used(runs):
    """A thread that waits in Go could be neither interrupted nor ended."""
    runs("""
async def main():
    async with AsyncNatsController({"port": -1, "jetstream": {}}) as controller:
        await controller.update_config(debug=True)
        await controller.varz()
        client = await controller.connect_nats_py()
        await client.flush()
        await client.close()
        names = sorted(thread.name for thread in threading.enumerate())
        assert names == ["MainThread", "dotgnatly-logs"], names
    """)


@pytest.mark.parametrize(
    "config", ["{'port': -1}", "{'port': -1, 'jetstream': {}, 'http_port': -1}"]
)
def test_start_may_be_cancelled_at_any_moment(runs, config):
    """Afterwards the server runs or does not, as is_running says; the controller goes on."""
    runs(f"""
async def main():
    controller = AsyncNatsController({config})
    await controller.start()
    await controller.shutdown()
    outcomes = set()
    for wait in moments():
        task = asyncio.create_task(controller.start({config}))
        await wait()
        task.cancel()
        outcomes.add(await ended(task))
        await clean(controller)
    assert outcomes == {{"cancelled", "done"}}, outcomes
    """)


def test_a_change_may_be_cancelled_at_any_moment(runs):
    """Afterwards config says which configuration is in force, and the server has that one."""
    runs("""
async def main():
    controller = AsyncNatsController({"port": -1})
    await controller.start()
    outcomes, size = set(), 1000
    for wait in moments():
        size += 1
        task = asyncio.create_task(controller.update_config(max_payload=size))
        await wait()
        task.cancel()
        outcomes.add(await ended(task))
        assert controller.is_running
        await controller.update_config()  # waits for the end of a change that is being undone
        assert (await controller.varz()).max_payload == (controller.config.max_payload or 1 << 20)
    assert outcomes == {"cancelled", "done"}, outcomes
    await clean(controller)
    """)


def test_shutdown_may_be_cancelled_at_any_moment(runs):
    """The server goes on stopping; a second shutdown waits for its end."""
    runs("""
async def main():
    controller = AsyncNatsController({"port": -1, "jetstream": {}})
    outcomes = set()
    for wait in moments():
        await controller.start({"port": -1, "jetstream": {}})
        task = asyncio.create_task(controller.shutdown())
        await wait()
        task.cancel()
        outcomes.add(await ended(task))
        await clean(controller)
    assert outcomes == {"cancelled", "done"}, outcomes
    """)


@pytest.mark.parametrize("call", ["varz", "get_info", "healthz"])
def test_a_question_may_be_cancelled_at_any_moment(runs, call):
    """Nothing of it is left."""
    runs(f"""
async def main():
    async with AsyncNatsController({{"port": -1}}) as controller:
        await controller.{call}()
        for wait in moments():
            task = asyncio.create_task(controller.{call}())
            await wait()
            task.cancel()
            await ended(task)
        until(lambda: counts()["jobs"] == 0)
    """)


@pytest.mark.parametrize("call", ["start", "update_config"])
def test_a_call_cancelled_while_it_waits_has_undone_itself(runs, fifo, call):
    """It may wait for long, and is undone as soon as that is over."""
    runs(
        f"""
async def main():
    controller = AsyncNatsController({{"port": -1}})
    if "{call}" == "start":
        task = asyncio.create_task(controller.start({{"port": -1, "log_file": sys.argv[1]}}))
    else:
        await controller.start()
        task = asyncio.create_task(controller.update_config(log_file=sys.argv[1]))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    assert await ended(task) == "cancelled"
    assert controller.is_running == ("{call}" != "start")
    drain(sys.argv[1])
    await clean(controller)
    """,
        fifo,
    )


def test_a_timeout_has_undone_the_call(runs, fifo):
    """The exception is the package's own, and TimeoutError as well."""
    runs(
        """
async def main():
    controller = AsyncNatsController({"port": -1, "log_file": sys.argv[1]})
    asyncio.get_running_loop().call_later(0.2, drain, sys.argv[1])
    try:
        await controller.start(timeout=0.05)
    except StartTimeoutError as exc:
        assert isinstance(exc, TimeoutError)
    else:
        raise AssertionError("it was in time")
    assert not controller.is_running
    await clean(controller)
    """,
        fifo,
    )


def test_many_tasks_share_one_controller(runs):
    """Starts, changes and shutdowns of one controller come one after the other."""
    runs("""
async def main():
    controller = AsyncNatsController({"port": -1})

    async def work(n):
        for m in range(10):
            with suppress(StateError):  # it runs already, or not yet
                match (n + m) % 3:
                    case 0:
                        await controller.start()
                    case 1:
                        await controller.update_config(max_payload=1000 + n)
                    case 2:
                        await controller.shutdown()
            assert counts()["servers"] <= 1

    await asyncio.gather(*(work(n) for n in range(9)))
    await clean(controller)
    """)


def test_another_event_loop_gets_an_error(passes):
    """A lock and a reader of one loop do not work in another."""
    passes(
        PRELUDE
        + """
controller = AsyncNatsController({"port": -1})
first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
first.run_until_complete(controller.start())
for call in (controller.start, controller.shutdown, controller.update_config, controller.varz,
             controller.get_info, controller.healthz, controller.reload):
    try:
        second.run_until_complete(call())
    except StateError as exc:
        assert "event loop" in str(exc)
    else:
        raise AssertionError(call)
assert controller.is_running
first.run_until_complete(controller.shutdown())
second.run_until_complete(controller.start())
second.run_until_complete(controller.shutdown())
first.close()
second.close()
"""
    )


def test_loops_of_several_threads_have_servers_of_their_own(passes):
    """Each thread has its loop, each loop its controllers."""
    passes(
        PRELUDE
        + """
async def main():
    for n in range(10):
        async with AsyncNatsController({"port": -1, "http_port": -1}) as controller:
            await controller.update_config(max_payload=1000 + n)
            assert (await controller.varz()).max_payload == 1000 + n
    done.append(1)

done = []
threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(done) == 8
assert (counts()["servers"], counts()["jobs"]) == (0, 0)
"""
    )
