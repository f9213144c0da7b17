"""The .NET library's configuration parser, its behaviours by its tests' names.

Theirs was a parser of their own, and their tests looked at the object it made. Here nats-server's
own parser reads, and each test looks at the server.
"""

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, NatsController
from tests.conftest import wait_until


@pytest.fixture
def run(tmp_path):
    """Starts a server from a text, as a file."""
    started = []

    def start(text):
        path = tmp_path / "server.conf"
        path.write_text(text)
        controller = NatsController(BrokerConfiguration.from_file(path))
        started.append(controller)
        controller.start()
        return controller

    yield start
    for controller in started:
        controller.shutdown()


def test_parse_and_apply_basic(run):
    """``listen``, names and limits are in force; ``monitor_port`` as theirs read it."""
    server = run("""
        listen: 127.0.0.1:-1
        server_name = "basic"
        max_payload: 2MB   # comment
        MAX_CONNECTIONS: 50
        write_deadline: "5s"
        http: 127.0.0.1:-1
    """)
    varz = server.varz()
    assert (varz.server_name, varz.max_payload, varz.max_connections) == ("basic", 2 << 20, 50)
    assert varz.write_deadline == 5_000_000_000
    assert server.ports()["monitoring"] > 0


def test_parse_and_apply_logging(run, tmp_path):
    """The log file is written, and rotates at the size given."""
    log = tmp_path / "server.log"
    server = run(f"""
        listen: 127.0.0.1:-1
        debug: true, trace: false
        log_file: "{log.as_posix()}"
        logfile_size_limit: 1MB; logfile_max_num: 3
    """)
    assert server.config.logfile_size_limit == 1 << 20
    assert "[DBG]" in log.read_text()
    assert "[TRC]" not in log.read_text()


def test_parse_and_apply_jetstream(run, tmp_path):
    """JetStream runs with the limits of the file, in its directory.

    Theirs took ``1G`` for 1024 MiB wherever it stood; nats-server does in quotes only.
    """
    store = (tmp_path / "js").as_posix()
    server = run(f"""
        listen: 127.0.0.1:-1
        jetstream {{ store_dir: "{store}", max_mem: 1G, max_file: "1G"
                    domain: hub, unique_tag: "az" }}
    """)
    assert server.jetstream_enabled
    config = server.varz().jetstream.config
    assert (config.max_memory, config.max_storage) == (10**9, 1 << 30)
    assert (config.domain, config.unique_tag) == ("hub", "az")
    assert config.store_dir.startswith(store)


def test_parse_and_apply_jetstream_by_a_word(run, tmp_path, monkeypatch):
    """``jetstream: enabled`` is all that a file must say."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run("listen: 127.0.0.1:-1, jetstream: enabled").jetstream_enabled


def test_parse_and_apply_leaf(run):
    """A hub and a leaf node from files: they find each other.

    Theirs dropped accounts, TLS and remotes on the way to the server, which was open then.
    """
    hub = run("""
        listen: 127.0.0.1:-1
        leafnodes { listen: 127.0.0.1:-1, authorization { user: leaf, password: secret } }
    """)
    port = hub.ports()["leafnodes"]
    leaf = run(f"""
        listen: 127.0.0.1:-1
        leafnodes {{
          isolate_leafnode_interest: true, reconnect: 1
          remotes: [ {{ urls: ["nats-leaf://leaf:secret@127.0.0.1:{port}"]
                       first_info_timeout: "2s" }} ]
        }}
    """)
    wait_until(lambda: hub.varz().leafnodes == leaf.varz().leafnodes == 1, "a leaf node")


def test_parse_and_apply_complete(run, tmp_path):
    """All at once; users must log in.

    Theirs lost the accounts: a secured file started an open server.
    """
    server = run(f"""
        listen: 127.0.0.1:-1
        server_name: complete
        jetstream {{ store_dir: "{(tmp_path / "js").as_posix()}" }}
        accounts: {{
          APP: {{ jetstream: enabled, users: [ {{ user: app, password: secret }} ],
                 exports: [ {{ service: "ask.*", response: "Stream", threshold: "3s" }} ] }}
          OPS: {{ users: [ {{ user: ops, password: "s#e,c" }} ],
                 imports: [ {{ service: {{ account: APP, subject: "ask.*" }}, to: "a.ask.*" }} ] }}
        }}
        disable_sublist_cache: true
    """)
    varz = server.varz()
    assert varz.auth_required
    app, ops = server.config.accounts["APP"], server.config.accounts["OPS"]
    assert app.exports[0].response_type == "stream"
    assert ops.imports[0].to == "a.ask.*"
    assert ops.users[0].password == "s#e,c"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("no_such_key: 1", "unknown field", id="unknown-key"),
        pytest.param("max_payload: 1x", "expected an integer", id="no-size"),
        pytest.param("port: abc", "expected an integer", id="no-number"),
        pytest.param("leafnodes: port", "Expected map", id="no-block"),
        pytest.param("accounts { A", "EOF", id="not-closed"),
    ],
)
def test_parse_and_apply_with_validation(run, text, said):
    """What cannot be read is refused, with its place.

    Theirs passed over unknown keys and took malformed numbers for 0.
    """
    with pytest.raises(ConfigError, match=said) as caught:
        run(f"listen: 127.0.0.1:-1\n{text}")
    assert "server.conf:2" in caught.value.errors[0].path


def test_a_key_twice_has_its_last_value(run):
    """As theirs, because nats-server does so."""
    assert run("listen: 127.0.0.1:-1\nping_max: 3\nping_max: 5").varz().ping_max == 5


@pytest.mark.parametrize(
    ("text", "size"), [("4K", 4000), ("4KB", 4096), ("4KiB", 4096), ("4k", 4000), ("4096", 4096)]
)
def test_parse_size(run, text, size):
    """One letter counts in thousands; theirs always in 1024."""
    server = run(f"listen: 127.0.0.1:-1\nmax_control_line: {text}")
    assert server.varz().max_control_line == size


def test_parse_time(run):
    """Durations keep what is below a second; theirs cut it off."""
    assert run("listen: 127.0.0.1:-1\nping_interval: 1500ms").varz().ping_interval == 1_500_000_000


def test_a_missing_file_is_an_error(tmp_path):
    """As theirs; and it is named."""
    with pytest.raises(ConfigError, match=r"none\.conf"):
        BrokerConfiguration.from_file(tmp_path / "none.conf")


# Their ParseFile tests read three sample files and were passed over without them. nats-server
# refuses two of the three, which were called valid: a service import in a circle, and a certificate
# store of Windows. test_stock_files.py reads files that it takes, and compares all their options.
