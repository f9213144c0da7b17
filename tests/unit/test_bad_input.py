"""Whatever it is given, the answer is a ConfigError that says where; nothing ends the process."""

import os
import sys
import threading
from pathlib import Path

import pytest

from dotgnatly import BrokerConfiguration, ConfigError
from tests.conftest import counts, wait_until

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
TEN_MB = 10_000_000


@pytest.fixture
def conf(tmp_path):
    """Writes a file and returns its path."""

    def write(text, name="a.conf"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refused(source):
    """The one fault of a text, or of a file."""
    is_text = isinstance(source, str)
    with pytest.raises(ConfigError) as caught:
        (BrokerConfiguration.from_text if is_text else BrokerConfiguration.from_file)(source)
    (fault,) = caught.value.errors
    return fault


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        pytest.param("port: 1\nmax_payloads: 1", "2:1", 'unknown field "max_payloads"', id="key"),
        pytest.param("debug: 3", "1:1", "expected true or false", id="type"),
        pytest.param("port: 1\nhost: a b", "2:9", "but got 'b'", id="syntax"),
        pytest.param("port: 1\nhost: {", "2:7", "EOF", id="unclosed"),
        pytest.param("port: 99999999999999999999", "1:26", "out of the range", id="range"),
        pytest.param("port: $NO_SUCH_VARIABLE", "1:23", "can not be found", id="variable"),
        pytest.param("host: a\n  net: b", "2:3", "says something else of `host`", id="conflict"),
        pytest.param(
            "authorization {\n users: [{user: a, pass: b}, {user: c, password: d, pass: e}] }",
            "2:40", "says something else of `password`", id="conflict-in-a-list",
        ),
        pytest.param("port: 1\nserver_name: a\\q", "2:16", "escape", id="escape"),
        pytest.param("port: 1\n\x01\x02: 1", "2:1", "unknown field", id="control"),
        pytest.param("port: 1\nserver_name: a\0b", "2:15", "a NUL byte", id="nul"),
    ],
)  # fmt: skip
def test_the_fault_has_its_line_and_column(text, where, what, conf):
    """In a text, and in a file, which is named as well."""
    assert refused(text)[0] == where
    assert what in refused(text)[1]
    path = conf(text)
    assert refused(path)[0] == f"{path}:{where}"


def test_a_fault_of_ours_in_an_included_file_has_its_place(conf):
    """The two spellings stand in different files."""
    inner = conf("\n  net: b", "inner.conf")
    assert refused(conf("host: a\ninclude inner.conf")).path in {
        f"{inner}:2:3", f"{inner.parent / 'a.conf'}:1:1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "places"),
    [
        pytest.param("max_sub_tokens: 1\nport: 65536", ["2:1"], id="top"),
        pytest.param(
            "accounts { a.b { mappings { x.y: [{dest: z, weight: 5}] } }\n a { limits {\n max_subs:"
            " 3000000000, max_conn: 3000000000 } } }",
            ["3:24", "3:2"],
            id="names-with-dots",
        ),
        pytest.param("cluster { listen: '127.0.0.1:70000' }", ["1:11"], id="listen"),
    ],
)
def test_what_our_own_checks_find_has_its_place(text, places, conf):
    """Of keys in any spelling of the server's; the message has the key path."""
    path = conf(text)
    config = BrokerConfiguration.from_file(path)
    with pytest.raises(ConfigError) as caught:
        config.validate()
    assert [fault.path for fault in caught.value.errors] == [f"{path}:{at}" for at in places]
    with pytest.raises(ConfigError) as caught:
        config.replace(debug=True).validate()  # no longer what the file says
    assert str(path) not in str(caught.value)


# -- files -----------------------------------------------------------------------------------------


def test_a_file_that_vanished_is_named(conf):
    """Between two reads, say."""
    path = conf("port: -1")
    BrokerConfiguration.from_file(path)
    path.unlink()
    assert refused(path)[0] == str(path)


def test_an_included_file_that_vanished_is_named(conf):
    """The place is that of the include."""
    path = conf("port: -1\ncluster { include part.conf }")
    fault = refused(path)
    assert fault.path == f"{path}:2:11"
    assert "part.conf: no such file" in fault.message


def test_a_directory_is_no_file(tmp_path):
    """The name was cut short."""
    assert refused(tmp_path)[:2] == (str(tmp_path), "is a directory")


def test_a_path_with_a_nul_byte_is_no_path(tmp_path):
    """No file has such a name."""
    assert refused(tmp_path / "a\0b")[0].startswith(str(tmp_path))


@POSIX
@pytest.mark.parametrize("text", ["port: 4333 # to include more", "port: x", "port: 1 2"])
def test_a_pipe_is_read_once(text):
    """What a shell gives for ``-c <(command)``; faults have their place all the same."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    path = Path(f"/dev/fd/{reader}")
    try:
        if "4333" in text:
            assert BrokerConfiguration.from_file(path).port == 4333
        else:
            assert refused(path)[0].startswith(f"{path}:1:")
    finally:
        os.close(reader)


@POSIX
def test_a_fault_of_ours_in_a_pipe_has_its_key(run_python, tmp_path):
    """It cannot be read again to find the place; nobody waits for that."""
    os.mkfifo(tmp_path / "pipe")
    done = run_python("""
        import threading
        from pathlib import Path
        from dotgnatly import BrokerConfiguration, ConfigError

        for text in ("host: a, net: b", "port: 70000"):
            writer = threading.Thread(target=Path("pipe").write_text, args=(text,))
            writer.start()
            try:
                BrokerConfiguration.from_file("pipe").validate()
            except ConfigError as exc:
                print(exc.errors[0].path)
            writer.join()
    """)
    assert (done.out, done.err) == ("net\nport\n", "")


@POSIX
def test_a_pipe_is_not_included_and_includes_nothing(tmp_path, conf):
    """The server's parser would wait for whoever writes into it, a second time."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(conf("include pipe"))[:2] == (str(pipe), "is not a regular file")
    writer = threading.Thread(target=pipe.write_text, args=("port: 1\ninclude a.conf",))
    conf("host: a")
    writer.start()
    assert refused(pipe)[:2] == (str(pipe), "is not a regular file, and includes others")
    writer.join()


@POSIX
def test_a_device_is_not_read_to_its_end():
    """There is none."""
    assert refused(Path("/dev/zero"))[:2] == ("/dev/zero", "is larger than 64 MiB")


def test_a_file_of_any_size_is_not_read(conf):
    """It would take all memory."""
    path = conf("")
    os.truncate(path, 65 << 20)
    assert refused(path).message == "is larger than 64 MiB"


def test_what_is_not_unicode_has_its_place(conf):
    """A file in another encoding; in a comment it does no harm."""
    path = conf(b"# caf\xe9\nport: -1\nserver_name: caf\xe9")
    assert refused(path)[:2] == (f"{path}:3:1", "server_name is not Unicode (UTF-8)")
    assert BrokerConfiguration.from_file(conf(b"# caf\xe9\nport: -1")).port == -1


# -- what would go on without end ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["include a.conf", "include b.conf", "tls { include 'b.conf' }"])
def test_a_file_that_includes_itself_is_refused(conf, text):
    """The server's parser would follow it until the process dies."""
    conf("port: -1\ninclude ./a.conf", "b.conf")
    assert "includes itself" in refused(conf(text)).message


def test_includes_that_multiply_are_refused(conf):
    """Thirty small files, a thousand million when read."""
    for i in range(30):
        conf(f"include {i + 1}.conf\ninclude {i + 1}.conf", f"{i}.conf")
    assert "too many" in refused(conf("port: -1\ninclude 0.conf")).message


def test_variables_that_multiply_are_refused(conf):
    """The same with variables."""
    lines = [f"a{i + 1}: [$a{i}, $a{i}]" for i in range(60)]
    path = conf("\n".join(["a0: [x, x]", *lines]))
    assert "64 MiB with variables in place" in refused(path).message


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("{a:", "}")], ids=["lists", "blocks"])
def test_deep_nesting_is_refused(conf, depth, begin, end):
    """Whoever walks it by recursion would exhaust the stack."""
    text = f"port: 1\nx: {begin * depth}{end * depth}"
    assert "within one another" in refused(text).message
    assert "within one another" in refused(conf(text)).message


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize("kind", ["list", "block"])
def test_deep_nesting_of_python_values_is_refused(nats_server, depth, kind):
    """Whichever way it comes; the running server does not notice."""
    value = {} if kind == "block" else []
    for _ in range(depth):
        value = {"a": value} if kind == "block" else [value]
    keys = "resolver", "cluster", "server_metadata", "server_tags", "port", "accounts"
    for key in (*keys, "default_js_domain"):
        with pytest.raises(ConfigError):
            nats_server.update_config({key: value})
        with pytest.raises(ConfigError):
            BrokerConfiguration.from_dict({"accounts": {"A": {key: value}}}).validate()
    assert nats_server.is_running


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_nesting_of_json_is_refused(depth):
    """The decoder has a bound of its own."""
    with pytest.raises(ConfigError):
        BrokerConfiguration.from_json('{"cluster":' + "[" * depth + "]" * depth + "}").validate()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * TEN_MB, id="one-word"),
        pytest.param('a: "' + "x" * TEN_MB, id="one-string"),
        pytest.param("a: b\n" * (TEN_MB // 5), id="one-key"),
        pytest.param("a: [" + "1, " * (TEN_MB // 3), id="one-list"),
        pytest.param("#" + "x" * TEN_MB + "\nport: x", id="one-comment"),
        pytest.param("\n" * TEN_MB + "port: x", id="lines"),
    ],
)
def test_ten_megabytes_are_refused_in_time(text):
    """As anything else."""
    assert refused(text).message


@pytest.mark.parametrize("key", ["ping_interval", "max_payload", "jetstream", "listen"])
def test_a_hundred_thousand_digits_are_refused_in_time(nats_server, key):
    """Python reads no integer as long, and an expression that tries every way takes minutes."""
    digits = "9" * 100_000
    value = {"jetstream": {"max_memory_store": digits + "G"}, "listen": "localhost:" + digits}
    with pytest.raises(ConfigError, match=key):
        nats_server.update_config({key: value.get(key, digits)})


def test_ten_megabytes_of_python_values_are_refused(nats_server):
    """As anything else."""
    with pytest.raises(ConfigError, match="server_name"):
        nats_server.update_config(server_name="x " * (TEN_MB // 2))
    with pytest.raises(ConfigError, match=r"server_tags\[0\]"):
        nats_server.update_config(server_tags=[0] * (TEN_MB // 100))


# -- afterwards ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"port": "x"},
        {"max_payload": -5},
        {"max_payloads": 1},
        {"server_name": "\ud800"},
        {"authorization": {"users": [{"user": "a", "nkey": "b"}]}},
        {"max_traced_msg_len": 1 << 80},
        {"ping_interval": float("nan")},
        {"server_tags": {"a": 1}},
        {"cluster": 5},
        {"accounts": {"a\0": {}}},
        {"jetstream": b"yes"},
        {1: 2},
        5,
    ],
    ids=repr,
)
def test_a_refused_change_leaves_the_server_as_it_was(nats_server, change):
    """And as fit for the next one."""
    before, versions = nats_server.config, nats_server.get_info().config_version
    with pytest.raises(ConfigError):
        nats_server.update_config(change)
    assert nats_server.config is before
    assert nats_server.get_info().config_version == versions
    nats_server.update_config(debug=True)


def test_refused_files_leave_nothing_behind(conf):
    """No job, no goroutine, no descriptor, no thread."""
    path = conf("port: -1\nresolver: URL(http://127.0.0.1:1)\ninclude a.conf")

    def read():
        for text in ("port: x", "port: {", "a: $a"):
            refused(text)
        refused(path)

    read()
    goroutines, threads = counts()["goroutines"], threading.active_count()
    open_files = Path("/proc/self/fd")
    files = len([*open_files.iterdir()]) if open_files.exists() else 0
    for _ in range(20):
        read()
    wait_until(lambda: counts()["goroutines"] <= goroutines + 1, "no goroutine is left")
    assert threading.active_count() == threads
    if files:
        assert len([*open_files.iterdir()]) == files
