"""Configurations as text: written here, read by nats-server's own parser."""

import json
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest

from dotgnatly import ConfigError, conffile, jobs, runtime
from dotgnatly.config import BrokerConfiguration, JetStreamConfiguration, Source

NASTY = [
    *"\"'\\{}[](),:;=#/$%<>*.|&!?~`^@ \t\n\r\b\f\v\x00\x01\x07\x1b\x1f\x7f\x80\x85",
    *"é\u2028\ufeff\ufffd😀",
    *("include ", "true", "yes", "$2a$", "$HOME", "1k", "10MB", "-1", "null", "\\u0041", "\\x41"),
    *("//", "/*", "\r\n", "]\n", "}\n", ")\n", "(\n", "2020-01-01T00:00:00Z", "127.0.0.1:4222"),
]

FULL = """
server_name: "all-of-it"
listen: "127.0.0.1:-1"
http: "127.0.0.1:-1"
server_tags: [a, "b c"]
server_metadata { zone: "1", "a b": c }
max_payload: 64KB, max_pending: 1g, max_conn: 10K
ping_interval: "1m30s", write_deadline: "1500ns", write_timeout: retry
debug: off, trace_verbose: yes, logfile: "/tmp/x.log"
jetstream { max_mem: "1M", max_file: 1G, sync: always, store: "/tmp/js"
  limits { batch { max_msgs: 5 } } }
accounts {
  A { users: [{user: a, pass: "$2a$11$x", permissions {pub: "a.>", sub {deny: [b, "c q"]}}}]
      jetstream: enabled
      exports: [{stream: "s.>"}, {service: "r", response: chunked, threshold: "5s"}] }
  "B#1" { imports: [{stream {account: A, subject: "s.>"}, prefix: p}]
      mappings {x: [{dest: y, weight: 50%}]}
      limits {max_conn: 5}, msg_trace: "t.x" }
}
authorization { users: [{user: b, password: x, connection_types: in_process}], timeout: 1.5 }
cluster { name: C, listen: 6222, routes: ["nats://u:p@127.0.0.1:1"]
  compression: {mode: "s2_auto", rtts: ["1ms"]}
  authorization {user: u, password: p} }
leafnodes { port: -1
  remotes: [{url: "nats://a:b@127.0.0.1:2", local: A, deny_import: x, hub: false}] }
gateway { name: C, port: -1, gateways: [{name: D, urls: ["nats://127.0.0.1:3"]}] }
websocket { port: -1, no_tls: true, authorization {token: t, timeout: 1.5}, headers {"X-A": "b"} }
mqtt { port: -1, ack_wait: "5s", max_ack_pending: 100 }
system_account: "B#1"
"""


def read(text):
    """A configuration text as nats-server reads it."""
    return BrokerConfiguration.from_text(text)


def differences(path, text):
    """The options of the server in which a file and a text differ."""
    return json.loads(jobs.wait(runtime.native().config_compare(os.fsencode(path), text)))


# -- out -------------------------------------------------------------------------------------------


def test_text_of_any_kind_survives():
    """Passwords are made of anything: what the server reads is what was given."""
    random.seed(1)
    texts = ["".join(random.choices(NASTY, k=random.randrange(12))) for _ in range(400)]
    config = BrokerConfiguration(server_metadata={f"k{i}": text for i, text in enumerate(texts)})
    config.validate()
    assert read(conffile.render(config).decode()) == config


def test_keys_of_any_kind_survive():
    """Account names and subjects are keys, and keys know no escapes."""
    random.seed(2)
    keys = {"".join(random.choices(NASTY, k=random.randrange(8))) for _ in range(400)}
    keys = {key for key in keys if "\0" not in key and not {"'", '"'} <= set(key)}
    config = BrokerConfiguration(server_metadata=dict.fromkeys(keys, "v"))
    config.validate()
    assert read(conffile.render(config).decode()) == config


@pytest.mark.parametrize("key", ["a\"'", "a\0", "\ud800"])
def test_a_key_that_cannot_be_written_is_refused(key):
    """It is not written as another one."""
    config = BrokerConfiguration(accounts={key: {}})
    with pytest.raises(ConfigError):
        config.validate()
    with pytest.raises(ConfigError):
        conffile.render(config)


def test_text_that_is_not_unicode_is_refused():
    """A lone surrogate is no character that could be sent."""
    with pytest.raises(ConfigError, match="cannot be written"):
        conffile.render(BrokerConfiguration(server_name="\ud800"))


def test_an_integer_does_not_touch_a_bracket():
    """nats-server's parser reads ``1]`` as a word."""
    text = conffile.write({"a": [1], "b": ["[1]"], "c": [[12]]})
    assert text == b'{"a":[1 ],"b":["[1]"],"c":[[12 ]]}'


def test_a_configuration_that_says_nothing_is_no_empty_text():
    """Of an empty one nats-server warns."""
    config = read(conffile.render(BrokerConfiguration()).decode())
    assert config == BrokerConfiguration(server_metadata={})
    assert config.source == Source(kind="text", warnings=())


def test_what_was_reset_is_not_written():
    """None is back to the default, and the default is to say nothing."""
    config = BrokerConfiguration(
        port=None, debug=True, cluster={"name": None}, accounts={"A": None}
    )
    assert conffile.render(config) == b'{"debug":true,"accounts":{},"cluster":{}}'


def test_units_are_written_as_every_key_reads_them():
    """A quoted size is read by some keys and refused by others; a duration has to be quoted."""
    config = BrokerConfiguration(
        max_payload="1MB", ping_interval=timedelta(minutes=2), jetstream={"max_file_store": "1G"}
    )
    assert conffile.render(config) == (
        b'{"max_payload":1048576,"ping_interval":"2m","jetstream":{"max_file_store":1000000000}}'
    )


# -- in --------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    """A configuration file with every kind of block."""
    path = tmp_path / "full.conf"
    path.write_text(FULL)
    return path


def test_a_file_is_read_into_typed_blocks(file):
    """Units, spellings and shapes of the file come out in one form."""
    config = BrokerConfiguration.from_file(file)
    assert (config.host, config.port) == ("127.0.0.1", -1)
    assert (config.http_host, config.http_port) == ("127.0.0.1", -1)
    assert (config.max_payload, config.max_connections) == (65_536, 10_000)
    assert config.ping_interval == timedelta(seconds=90)
    assert config.jetstream == JetStreamConfiguration(
        max_memory_store=1 << 20,
        max_file_store=10**9,
        sync_interval="always",
        store_dir="/tmp/js",
        limits={"batch": {"max_msgs": 5}},
    )
    assert config.accounts["A"].users[0].password == "$2a$11$x"
    assert config.accounts["B#1"].mappings["x"][0].weight == 50
    assert config.cluster.port == 6222
    assert config.leafnodes.remotes[0].urls == ("nats://a:b@127.0.0.1:2",)
    assert config.websocket.authorization.to_dict() == {"token": "t", "timeout": 1.5}


def test_what_was_read_is_valid_and_written_back_the_same(file):
    """Reading and writing are inverse."""
    config = BrokerConfiguration.from_file(file)
    assert not config.faults()
    assert read(conffile.render(config).decode()) == config
    assert BrokerConfiguration.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "text",
    [
        "trace_headers: true, logtime: false, no_sublist_cache: true, max_subscription_tokens: 9",
        "jetstream: enabled, store_dir: '/tmp/x'",
        "jetstream: {max_mem: 0, max_file: 0, sync: 30, ek: x, cipher: ChaCha}",
        "cluster {port: -1, compression: true, permissions {import: a, export {deny: b}}}",
        "leafnodes {port: -1, compression: off, reconnect: 5}",
        "leafnodes {port: -1, authorization {user: a, pass: b, account: A, timeout: 1.118}}",
        "leafnodes {remotes: [{urls: ['nats://h:1'], tls {insecure: true, first: '250ms'}}]}",
        "tls {ocsp_peer: true, timeout: 0.5, handshake_first: auto}",
        "authorization {users: [{user: a, permissions {allow_responses: {max: 5}, sub: a}}]}",
        "http: 8222, host: '::1', lame_duck_duration: '1m', lame_duck_grace_period: '5s'",
        "resolver: MEMORY, resolver_preload {}, ocsp: {mode: always}, ocsp_cache: false",
        "websocket {port: -1, no_tls: true, compression: true, headers {A: b}}",
        "mqtt {port: -1, ack_wait: '5s', consumer_replicas: 1}",
        "gateway {name: A, port: -1, authorization {user: a, password: b, timeout: 0.5}}",
    ],
)
def test_a_file_means_the_same_here_as_in_nats_server(text, tmp_path):
    """The options that nats-server makes of the file and of our text for it are equal."""
    path = tmp_path / "a.conf"
    path.write_text(text)
    assert differences(path, conffile.render(BrokerConfiguration.from_file(path))) == []


def test_includes_and_variables_are_resolved(tmp_path, monkeypatch):
    """They are nats-server's: relative to the file, from ``os.environ`` as it is now."""
    monkeypatch.setenv("DOTGNATLY_NAME", "from_environ")
    (tmp_path / "part.conf").write_text("LIMIT: 5\n")
    path = tmp_path / "a.conf"
    path.write_text("include part.conf\nserver_name: $DOTGNATLY_NAME\nmax_connections: $LIMIT\n")
    config = BrokerConfiguration.from_file(path)
    assert (config.server_name, config.max_connections) == ("from_environ", 5)
    config.validate()
    assert read(conffile.render(config).decode()) == config


def test_a_variable_with_the_name_of_another_blocks_key_takes_nothing_with_it():
    """The users keep their password when the variable ``password`` goes."""
    config = read("password: s\naccounts { A { users: [{user: a, password: $password}] } }")
    assert config.accounts["A"].users[0].password == "s"


def test_the_source_of_a_file_is_its_absolute_path(file, monkeypatch):
    """It can be read again from anywhere."""
    monkeypatch.chdir(file.parent)
    config = BrokerConfiguration.from_file(Path(file.name))
    assert config.source == Source(kind="file", path=str(file))


def test_warnings_of_the_parser_come_with_the_source():
    """Nothing is said in vain."""
    (warning,) = read("ping_interval: 5").source.warnings
    assert warning.path.startswith("1:")
    assert "should be converted to a duration" in warning.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port: 1\nmax_payloads: 1", r'2:\d: unknown field "max_payloads"'),
        ("port: 1MB2", r"1:\d: expected an integer, got a string"),
        ("port: [", "line 1"),
        ("host: a, net: b", "net: says something else of `host` than another spelling does"),
        ("server_name: \ud800", "not Unicode"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused(text, said):
    """The error says where and why."""
    with pytest.raises(ConfigError, match=said):
        read(text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """The error says which."""
    with pytest.raises(ConfigError, match=r"none\.conf"):
        BrokerConfiguration.from_file(tmp_path / "none.conf")


# -- a file for people -----------------------------------------------------------------------------


def test_a_file_for_people_has_a_key_on_each_line():
    """With sizes and durations as one writes them."""
    config = BrokerConfiguration(
        server_name="a b",
        max_payload=8 << 20,
        max_pending=1_000_000,
        max_control_line=1001,
        ping_interval=timedelta(minutes=2),
        server_tags=["x", 'y"'],
        accounts={"A": {"users": [{"user": "u", "password": "$2a$\t"}]}, "b.c": {}, "include": {}},
        http_host="::1",
        http_port=8222,
    )
    assert config.to_conf() == (
        'server_name: "a b"\n'
        'server_tags: ["x", "y\\""]\n'
        "max_control_line: 1001\n"
        "max_payload: 8MB\n"
        "max_pending: 1M\n"
        'ping_interval: "2m"\n'
        "accounts {\n"
        "  A {\n"
        "    users: [\n"
        "      {\n"
        '        user: "u"\n'
        '        password: "$2a$\\t"\n'
        "      }\n"
        "    ]\n"
        "  }\n"
        '  "b.c" {}\n'
        '  "include" {}\n'
        "}\n"
        "\n"
        'http: "[::1]:8222"\n'
    )


def test_a_file_for_people_says_all_of_it(file):
    """Read again it is equal, and it means the same to nats-server."""
    config = BrokerConfiguration.from_file(file)
    text = config.to_conf()
    assert read(text) == config
    assert differences(file, text.encode()) == []


def test_text_and_keys_of_any_kind_survive_in_a_file_for_people():
    """As in the text for the server."""
    random.seed(3)
    texts = {"".join(random.choices(NASTY, k=random.randrange(12))) for _ in range(400)}
    keys = {text for text in texts if "\0" not in text and not {"'", '"'} <= set(text)}
    config = BrokerConfiguration(
        server_tags=sorted(texts), server_metadata={key: key + "v" for key in keys}
    )
    assert read(config.to_conf()) == config


def test_lists_too_long_for_a_line_have_a_line_for_each_item():
    """They stay readable."""
    config = BrokerConfiguration(server_tags=[f"a-rather-long-tag-{i}" for i in range(9)])
    assert max(map(len, config.to_conf().splitlines())) < 40
    assert read(config.to_conf()) == config


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (-1, "-1"), (1023, "1023"), (1024, "1KB"), (3 << 30, "3GB"), (5_000, "5K"),
     (1_000_000, "1M"), (1 << 40, "1TB"), (-(1 << 20), "-1MB"), (1_048_577, "1048577")],
)  # fmt: skip
def test_sizes_are_written_short_and_exact(size, text):
    """The parser's units: one letter is of thousands, two of 1024."""
    config = BrokerConfiguration(max_pending=size)
    assert config.to_conf() == f"max_pending: {text}\n"
    assert read(config.to_conf()) == config


def test_what_says_nothing_is_no_empty_file():
    """Which ``nats-server -t`` refuses."""
    assert BrokerConfiguration(port=None).to_conf() == "server_metadata {}\n"


def test_json_is_what_the_keys_are(file):
    """Names and values as in ``to_dict``; both kinds of text are read."""
    config = BrokerConfiguration.from_file(file)
    assert json.loads(config.to_json()) == config.to_dict()
    assert BrokerConfiguration.from_json(config.to_json()) == config
    assert JetStreamConfiguration.from_json(b'{"max_mem": "1MB"}').max_memory_store == 1 << 20


@pytest.mark.parametrize("text", ["{", "[]", "5", "", '{"port": 1} x', b"\xff", '{"prt": 1}'])
def test_json_that_is_no_configuration_is_refused(text):
    """As any other wrong input."""
    with pytest.raises(ConfigError):
        BrokerConfiguration.from_json(text)
