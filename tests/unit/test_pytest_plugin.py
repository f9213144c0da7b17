"""The fixtures for pytest, in test runs of their own."""

import textwrap

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester):
    """Runs tests, by their text, in an interpreter of its own, where warnings are errors."""

    def run(text, *arguments):
        pytester.makepyfile(textwrap.dedent(text))
        if "no:asyncio" not in arguments:
            arguments += ("-o", "asyncio_default_fixture_loop_scope=function")
        return pytester.runpytest_subprocess("-W", "error", "--strict-markers", *arguments)

    return run


def test_each_test_has_a_server_of_its_own(run):
    """What one test leaves in it, the next one does not find; and it is closed in between."""
    done = run("""
        seen = []

        def test_one(nats_server):
            assert nats_server.is_running
            seen.append(nats_server)

        def test_two(nats_server):
            assert nats_server.is_running
            assert nats_server is not seen[0]
            assert not seen[0].is_running
    """)
    done.assert_outcomes(passed=2)


def test_jetstream_keeps_its_data_under_tmp_path(run):
    """Where pytest cleans up, and where a developer looks."""
    done = run("""
        def test_store(jetstream_server, tmp_path):
            assert jetstream_server.jetstream_enabled
            assert str(tmp_path) in jetstream_server.varz().jetstream.config.store_dir
    """)
    done.assert_outcomes(passed=1)


def test_the_cluster_is_ready(run):
    """Three servers that have elected their leader."""
    done = run("""
        def test_cluster(nats_cluster):
            assert len(nats_cluster.client_urls) == 3
            assert all(server.healthz().status == "ok" for server in nats_cluster.servers)
    """)
    done.assert_outcomes(passed=1)


def test_the_factory_starts_any_number_of_servers(run):
    """Each as it is asked for; all are closed after the test."""
    done = run("""
        made = []

        def test_make(nats_server_factory):
            made.append(nats_server_factory(max_payload="2MB"))
            made.append(nats_server_factory(jetstream=True))
            assert [server.varz().max_payload for server in made] == [2 << 20, 1 << 20]
            assert [server.jetstream_enabled for server in made] == [False, True]

        def test_closed():
            assert [server.is_running for server in made] == [False, False]
    """)
    done.assert_outcomes(passed=2)


def test_a_marker_configures_the_servers_of_a_test(run):
    """The closest one wins, key by key."""
    done = run("""
        import pytest

        pytestmark = pytest.mark.nats_config(max_payload=1000, jetstream={"max_memory_store": 2000})

        def test_near(nats_server, jetstream_server):
            for server in (nats_server, jetstream_server):
                assert server.varz().max_payload == 1000
                assert server.varz().jetstream.config.max_memory == 2000

        @pytest.mark.nats_config(max_payload=3000)
        def test_nearer(nats_server, nats_server_factory):
            assert nats_server.varz().max_payload == 3000
            assert nats_server.jetstream_enabled
            assert nats_server_factory(max_payload=4000).varz().max_payload == 4000
    """)
    done.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "arguments"),
    [
        pytest.param("", ["-o", "asyncio_mode=auto"], id="asyncio-auto"),
        pytest.param("@pytest.mark.asyncio", [], id="asyncio-strict"),
        pytest.param("@pytest.mark.asyncio(loop_scope='module')", [], id="asyncio-wider-loop"),
        pytest.param("@pytest.mark.anyio", [], id="anyio"),
        pytest.param("@pytest.mark.anyio", ["-p", "no:asyncio"], id="anyio-alone"),
    ],
)
def test_the_client_lives_in_the_loop_of_its_test(run, mark, arguments):
    """Whichever plugin runs it; afterwards the client is closed."""
    done = run(
        f"""
        import pytest

        used = []

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        {mark}
        async def test_talk(nats_client):
            used.append(nats_client)
            subscription = await nats_client.subscribe("greet")
            await nats_client.publish("greet", b"hello")
            assert (await subscription.next_msg(timeout=5)).data == b"hello"

        def test_closed():
            assert used[0].is_closed
        """,
        *arguments,
    )
    done.assert_outcomes(passed=2)


def test_the_client_is_connected_to_the_server_of_its_test(run):
    """A test with JetStream wants a client of that server, not of another one."""
    done = run(
        """
        import pytest

        async def test_jetstream(nats_client, jetstream_server):
            assert nats_client.connected_url.port == jetstream_server.ports()["client"]

        async def test_cluster(nats_client, nats_cluster):
            ports = {server.ports()["client"] for server in nats_cluster.servers}
            assert {url.port for url in nats_client.servers} == ports

        @pytest.mark.nats_config(max_payload=1000)
        async def test_alone(nats_client):
            assert nats_client.max_payload == 1000
        """,
        "-o",
        "asyncio_mode=auto",
    )
    done.assert_outcomes(passed=3)


NO_LOOP = ["-p", "no:asyncio", "-p", "no:anyio"]


@pytest.mark.parametrize(
    ("fixtures", "arguments", "said"),
    [
        pytest.param("anyio_backend, ", [], "nats-py needs asyncio", id="trio"),
        pytest.param("", NO_LOOP, "needs pytest-asyncio, or anyio", id="no-loop"),
    ],
)
def test_a_client_that_cannot_be_says_why(run, fixtures, arguments, said):
    """A hang, or an error from the depths of another plugin, would help nobody."""
    done = run(
        f"""
        import pytest

        @pytest.fixture(params=["trio"])
        def anyio_backend(request):
            return request.param

        def test_talk({fixtures}nats_client):
            pass
        """,
        *arguments,
    )
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([f"*{said}*"])


FAILING = """
    def test_one(nats_server_factory):
        nats_server_factory(server_name="first")
        assert False

    def test_two(nats_server_factory):
        nats_server_factory(server_name="second")
        nats_server_factory(server_name="third")
        assert False

    def test_three(nats_server_factory):
        nats_server_factory(server_name="fourth")
"""


def test_the_log_is_in_the_report_of_a_failure(run):
    """That of all servers of the test, and of no other one."""
    done = run(FAILING)
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines([
        "* test_one *", "*- nats-server log */nats-0.log *", "*Name: *first", "*Server is ready",
        "* test_two *", "*- nats-server log */nats-0.log *", "*Name: *second",
        "*- nats-server log */nats-1.log *", "*Name: *third",
    ])  # fmt: skip
    done.stdout.no_fnmatch_line("*fourth*")
    assert done.stdout.str().count("Server is ready") == 3


def test_the_log_is_in_the_report_of_a_fixture_that_fails(run):
    """An application that cannot start tells little; the server may tell more."""
    done = run("""
        import pytest

        @pytest.fixture
        def application(nats_server):
            raise RuntimeError("no answer")

        def test_it(application):
            pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*no answer", "*- nats-server log *", "*Server is ready"])


def test_servers_live_as_long_as_the_run_wants(run):
    """Some tests only look; a report has what was logged for its own test all the same."""
    done = run(
        """
        seen = []

        def test_one(nats_server):
            nats_server.update_config(debug=True)
            seen.append(nats_server)

        def test_two(nats_server):
            assert nats_server is seen[0]
            nats_server.update_config(max_payload=1000)
            assert False

        def test_three(tmp_path):
            assert False
        """,
        "-o",
        "nats_server_scope=module",
    )
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(["*- nats-server log *", "*Reloaded: max_payload*"])
    done.stdout.no_fnmatch_line("*Reloaded: debug*")
    assert done.stdout.str().count("nats-server log") == 1


def test_a_shared_server_is_not_configured_by_one_test(run):
    """The others would have it as well, or the test would not."""
    done = run(
        """
        import pytest

        @pytest.mark.nats_config(max_payload=1000)
        def test_it(nats_server):
            pass
        """,
        "-o",
        "nats_server_scope=session",
    )
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*nats_server_scope is session: let a fixture call*"])


def test_a_suite_has_a_server_of_its_own_making(run):
    """A fixture in its place; the client goes to it."""
    done = run(
        """
        import pytest

        @pytest.fixture
        def nats_server(nats_server_factory):
            return nats_server_factory(max_payload=1000)

        async def test_it(nats_client):
            assert nats_client.max_payload == 1000
        """,
        "-o",
        "asyncio_mode=auto",
    )
    done.assert_outcomes(passed=1)


def test_workers_of_xdist_have_servers_of_their_own(run):
    """No port, no directory is the same; a report comes home with its log."""
    done = run(
        """
        import pytest

        @pytest.mark.parametrize("number", range(16))
        async def test_it(jetstream_server, nats_client, number):
            await nats_client.jetstream().add_stream(name="A", subjects=["a"])
            assert number != 7
        """,
        "-o",
        "asyncio_mode=auto",
        "-n4",
    )
    done.assert_outcomes(passed=15, failed=1)
    assert done.stdout.str().count("nats-server log") == 1


def test_a_run_without_it_loads_nothing(run):
    """A plugin is there in every run of every project that has the package."""
    done = run("""
        import sys

        def test_it():
            loaded = {name for name in sys.modules if name.startswith("dotgnatly")}
            assert loaded == {"dotgnatly", "dotgnatly.errors", "dotgnatly.pytest_plugin"}
            assert "msgspec" not in sys.modules
    """)
    done.assert_outcomes(passed=1)
