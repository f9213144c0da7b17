"""Many threads, many servers."""

import os

import pytest

SECONDS = float(os.environ.get("DOTGNATLY_SOAK_SECONDS", "20"))
"""How long threads do things at random; on a laptop, less is enough."""


@pytest.mark.timeout(SECONDS + 40)
def test_threads_with_servers_of_their_own_do_not_meet(run_python):
    """8 threads start, change and stop at random: no crash, no hang, nothing left."""
    done = run_python(
        """
        import random
        from dotgnatly import NatsController
        from inside import *

        seconds = float(sys.argv[1])

        def work(seed):
            chance = random.Random(seed)
            controller = NatsController({"port": -1})
            try:
                while time.monotonic() < end:
                    step = chance.choice(["start", "change", "look", "stop"])
                    if not controller.is_running:
                        jetstream = {"jetstream": {}} if chance.random() < 0.3 else {}
                        http = {"http_port": -1} if chance.random() < 0.5 else {}
                        controller.start({"port": -1} | jetstream | http)
                    elif step == "change":
                        size = chance.randrange(1000, 100000)
                        controller.update_config(max_payload=size)
                        assert controller.varz().max_payload == size
                    elif step == "look":
                        assert controller.get_info().server_id == controller.server_id
                    elif step == "stop":
                        controller.shutdown()
                    steps.append(step)
                controller.shutdown()
            except BaseException:
                failed.set()
                raise

        steps, failed = [], threading.Event()
        with NatsController({"port": -1, "http_port": -1, "jetstream": {}}):
            pass
        before, end = alive(), time.monotonic() + seconds
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + 20)
            assert not thread.is_alive(), "it hangs"
        settled(before)
        assert not failed.is_set()
        assert len(steps) > 100
        """,
        str(SECONDS),
        timeout=SECONDS + 30,
    )
    assert (done.code, done.err) == (0, ""), done.err


def test_threads_share_one_controller(passes):
    """Calls that change something wait for one another; each does what it says, or says why not."""
    passes("""
        import random
        from dotgnatly import AlreadyRunningError, NatsController, ServerStoppedError
        from inside import *

        def work(seed):
            chance = random.Random(seed)
            try:
                for _ in range(40):
                    with suppress(AlreadyRunningError, ServerStoppedError):
                        step = chance.randrange(6)
                        if step == 0:
                            controller.shutdown()
                        elif step == 1:
                            controller.start()
                        elif step == 2:
                            controller.varz()
                        elif step == 3:
                            controller.ports()
                        else:
                            controller.update_config(max_payload=1000 + seed)
            except BaseException:
                failed.set()
                raise

        failed = threading.Event()
        controller = NatsController({"port": -1})
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), "it hangs"
        assert not failed.is_set()
        assert counts()["servers"] == controller.is_running
        controller.shutdown()
        assert (counts()["servers"], counts()["jobs"]) == (0, 0)
    """)


def test_no_concurrent_change_is_lost(passes):
    """Each is one read-modify-write of the configuration in force."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}) as controller:
            def add(n):
                users = [{"user": f"u{n}", "password": "p"}]
                controller.update_config(accounts={f"A{n}": {"users": users}})
            threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert set(controller.config.accounts) == {f"A{n}" for n in range(8)}
            assert len(controller.history()) == 9
    """)


def test_many_servers_live_in_one_process(passes):
    """Each with its own ports, store and log; stopped in any order."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1, "jetstream": {}}):
            pass
        before = alive()
        controllers = [
            NatsController(
                {"port": -1, "jetstream": {}, "server_name": f"s{n}", "log_file": f"{n}.log"}
            )
            for n in range(20)
        ]
        for controller in controllers:
            controller.start()
        assert len({controller.client_url for controller in controllers}) == 20
        assert [controller.varz().server_name for controller in controllers] == [
            f"s{n}" for n in range(20)
        ]
        for controller in controllers[::2] + controllers[1::2]:
            controller.shutdown()
        settled(before)
        assert all(Path(f"{n}.log").read_text().count("Server is ready") == 1 for n in range(20))
    """)


def test_threads_with_small_stacks_can_call(passes):
    """Go runs on stacks of its own; ours need no more than Python's."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        def work():
            with NatsController({"port": -1, "jetstream": {}}) as controller:
                controller.update_config(debug=True)
                done.append(controller.varz())

        threading.stack_size(128 * 1024)
        done = []
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 4
    """)
