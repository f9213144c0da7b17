"""The command without a process of its own: flags, and ``check``."""

import gc
import re

import pytest

from dotgnatly import BrokerConfiguration, ConfigError, NatsController
from dotgnatly.cli import flags, main, signals

LOGIN = {"user": "ann", "password": "secret"}


def parse(*arguments, below=""):
    """The configuration that flags make above a file."""
    return flags.to_configuration(flags.parse(arguments), BrokerConfiguration.from_text(below))


@pytest.fixture
def conf(tmp_path):
    """Writes a configuration file."""

    def write(text):
        path = tmp_path / "broker.conf"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ([], {}),
        (["-p", "4333"], {"port": 4333}),
        (["-p", "-1"], {"port": -1}),
        (["--port=4333"], {"port": 4333}),
        (["-port", "0x10ed"], {"port": 4333}),
        (["-p", "1", "-port", "4333"], {"port": 4333}),
        (["-a", "::1"], {"host": "::1"}),
        (["-addr", "::1"], {"host": "::1"}),
        (["-net", "::1"], {"host": "::1"}),
        (["-n", "hub"], {"server_name": "hub"}),
        (["-name=a=b"], {"server_name": "a=b"}),
        (["--server_name", "hub"], {"server_name": "hub"}),
        (["--client_advertise", "a:1"], {"client_advertise": "a:1"}),
        (["-m", "8222"], {"http_port": 8222}),
        (["-http_port", "8222"], {"http_port": 8222}),
        (["-ms", "8443"], {"https_port": 8443}),
        (["--https_port", "8443"], {"https_port": 8443}),
        (["--profile", "6060"], {"prof_port": 6060}),
        (["-P", "pid"], {"pid_file": "pid"}),
        (["--ports_file_dir", "d"], {"ports_file_dir": "d"}),
        (["-js"], {"jetstream": {"enabled": True}}),
        (["-jetstream=F"], {"jetstream": {"enabled": False}}),
        (["-js", "-sd", "d"], {"jetstream": {"enabled": True}, "store_dir": "d"}),
        (["-l", "log"], {"log_file": "log"}),
        (["--log_size_limit", "1000"], {"logfile_size_limit": 1000}),
        (["-s", "-r", "udp://a:1"], {"syslog": True, "remote_syslog": "udp://a:1"}),
        (["-T=false", "--logtime_utc"], {"logtime": False, "logtime_utc": True}),
        (["-D"], {"debug": True}),
        (["-V"], {"trace": True}),
        (["-DV"], {"debug": True, "trace": True}),
        (["-DV=false", "-D"], {"debug": False, "trace": False}),
        (["-VV"], {"trace": True, "trace_verbose": True}),
        (["-DVV"], {"debug": True, "trace": True, "trace_verbose": True}),
        (["--max_traced_msg_len", "9"], {"max_traced_msg_len": 9}),
        (["--user", "u", "--pass", "p"], {"authorization": {"user": "u", "password": "p"}}),
        (["--auth", "t"], {"authorization": {"token": "t"}}),
        (["--cluster_name", "c"], {"cluster": {"name": "c"}}),
        (["--cluster", "nats://h:-1"], {"cluster": {"host": "h", "port": -1}}),
        (["--cluster_listen", "nats://[::]:1"], {"cluster": {"host": "::", "port": 1}}),
        (["--cluster", ""], {"cluster": {"port": 0}}),
        (["--cluster_advertise", "a:1"], {"cluster": {"advertise": "a:1"}}),
        (["--no_advertise", "--connect_retries=3"],
         {"cluster": {"no_advertise": True, "connect_retries": 3}}),
    ],
)  # fmt: skip
def test_flags_are_fields(arguments, fields):
    """What is not given is not set: the layers below decide."""
    made = parse(*arguments)
    assert BrokerConfiguration().merge(made) == BrokerConfiguration(**fields)


def test_a_store_dir_alone_switches_no_jetstream_on(tmp_path):
    """As with nats-server, where -sd without -js is of no effect by itself."""
    config = BrokerConfiguration.from_text("port: -1").merge(parse("-sd", f"{tmp_path}/store"))
    with NatsController(config) as controller:
        assert not controller.jetstream_enabled


def test_a_store_dir_is_laid_over_the_files(tmp_path):
    """The file has JetStream on; the flag says where."""
    text = f'port: -1\njetstream {{ store_dir: "{tmp_path}/a" }}'
    flag = parse("-sd", f"{tmp_path}/b", below=text)
    with NatsController(BrokerConfiguration.from_text(text).merge(flag)) as controller:
        assert controller.varz().jetstream.config.store_dir == f"{tmp_path}/b/jetstream"


@pytest.mark.parametrize(
    ("below", "arguments", "fields"),
    [
        pytest.param({"max_payload": 5, "debug": True}, ["-D=false"],
                     {"max_payload": 5, "debug": False}, id="only-what-is-given"),
        pytest.param({"server_name": "a"}, ["-n", ""], {}, id="back-to-the-default"),
        pytest.param({"tls": {"cert_file": "a", "key_file": "b", "verify": True, "timeout": 9}},
                     ["--tls", "--tlscert", "c", "--tlskey", "d"],
                     {"tls": {"cert_file": "c", "key_file": "d", "timeout": 9}}, id="tls"),
        pytest.param({}, ["--tlscert", "c", "--tlskey", "d", "--tlsverify", "--tlscacert", "e"],
                     {"tls": {"cert_file": "c", "key_file": "d", "ca_file": "e", "verify": True}},
                     id="tls-with-certificates"),
        pytest.param({"tls": {"cert_file": "a", "key_file": "b"}},
                     ["--tls=false", "--tlscert", "c"], {}, id="no-tls"),
        pytest.param({"cluster": {"port": 1, "authorization": LOGIN, "no_advertise": True}},
                     ["--cluster", "nats://h:2"],
                     {"cluster": {"host": "h", "port": 2, "no_advertise": True}}, id="cluster"),
        pytest.param({"cluster": {"port": 1, "routes": ["nats://a:1"]}},
                     ["--routes", "nats://b:1, nats://c:1"],
                     {"cluster": {"port": 1, "routes": ["nats://b:1", "nats://c:1"]}}, id="routes"),
        pytest.param({"cluster": {"port": 1, "routes": ["nats://a:1"]}}, ["--routes="],
                     {"cluster": {"port": 1}}, id="no-routes"),
    ],
)  # fmt: skip
def test_flags_lie_above_the_file(below, arguments, fields):
    """As nats-server has it, where a flag for one thing leaves others of its block alone."""
    file = BrokerConfiguration(**below)
    made = file.merge(flags.to_configuration(flags.parse(arguments), file))
    assert made == BrokerConfiguration(**fields)


def test_a_cluster_url_can_hold_a_login():
    """With which the other servers have to come."""
    made = parse("--cluster", "nats://ann:p%40ss@0.0.0.0:6222")
    assert made.cluster.authorization.to_dict() == {"user": "ann", "password": "p@ss"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tls"], "--tlscert: is needed"),
        (["--tlscert", "c"], "--tlskey: is needed"),
        (["--routes", "nats://a:1"], "--routes: need a cluster"),
        (["--cluster", "6222"], "--cluster: is no URL"),
        (["--cluster", "nats://secret@a:1"], "--cluster: is no URL"),
    ],
)
def test_flags_that_cannot_be_honoured_are_refused(arguments, said):
    """Nothing is skipped in silence; a URL can hold a secret, and is not shown."""
    with pytest.raises(ConfigError, match=said) as caught:
        parse(*arguments)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--no-such=secret"], "there is no flag --no-such;"),
        (["---p", "1"], "there is no flag ---p;"),
        (["file.conf"], "there is no flag file.conf;"),
        (["-js", "true"], "there is no flag true;"),
        ([""], "there is no flag ;"),
        (["-p"], "-p needs a value;"),
        (["-p", "many"], "-p cannot be 'many';"),
        (["-js=maybe"], "-js cannot be 'maybe';"),
    ],
)
def test_a_command_line_that_is_none_is_one_clear_line_and_exit_code_2(capsys, arguments, said):
    """As with Go's commands; what may be a secret is not shown."""
    assert main(["serve", *arguments]) == 2
    assert capsys.readouterr() == ("", f"dotgnatly: {said} -h lists them all\n")


def test_serve_leaves_the_collector_as_it_was():
    """It is off while serve imports; a program that has it off may call the command."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        assert main(("serve", "--version")) == 0
        assert not gc.isenabled()
    finally:
        if enabled:
            gc.enable()


@pytest.mark.parametrize("flag", ["-h", "--help", "help"])
def test_help_shows_every_flag(capsys, flag):
    """Also beside others, and in place of a server."""
    assert main(["serve", "-p", "1", flag]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(f" -{name}" in out for flag in flags.FLAGS for name in flag.names)


@pytest.mark.parametrize("flag", ["-v", "--version", "version"])
def test_version_is_printed_as_nats_server_prints_it(capsys, flag):
    """Programs read it."""
    assert main(["serve", flag]) == 0
    assert re.fullmatch(r"nats-server: v2\.\d+\.\d+\n", capsys.readouterr().out)


def test_help_tls_lists_the_keys_of_the_block(capsys):
    """What no flag says, a file does."""
    assert main(["serve", "--help_tls"]) == 0
    assert "\n  handshake_first\n" in capsys.readouterr().out


def test_t_checks_the_file(conf, capsys):
    """And starts nothing."""
    assert main(["serve", "-c", str(conf("port: -1")), "-t"]) == 0
    assert main(["serve", "-t", "-c", str(conf("port: x"))]) == 1
    assert "broker.conf:1:1" in capsys.readouterr().err


def test_t_needs_a_file(capsys):
    """As with nats-server."""
    assert main(["serve", "-t"]) == 1
    assert "-c" in capsys.readouterr().err


def test_no_command_is_a_usage_error(capsys):
    """With the list of commands."""
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


# -- check -----------------------------------------------------------------------------------------


def test_check_accepts_a_good_file(conf, capsys):
    """One line, exit code 0."""
    path = conf("listen: 127.0.0.1:4222\njetstream { max_mem: 1GB }")
    assert main(["check", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"dotgnatly: configuration file {path} is valid\n"
    assert err == ""


def test_check_opens_no_port_and_makes_no_store(conf, tmp_path, nats_server):
    """It may be asked on the machine where the server runs."""
    port = nats_server.ports()["client"]
    path = conf(f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{tmp_path}/store" }}')
    assert main(["check", str(path)]) == 0
    assert not (tmp_path / "store").exists()


def test_check_prints_every_fault_with_its_place(conf, capsys):
    """All at once, in the order of the file."""
    path = conf("port: x\nmax_payload: yes\n\nno_such_key: 1\njetstream {\n  no_such: 1\n}\n")
    assert main(["check", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert [line.split(" ")[1] for line in lines] == [
        f"{path}:1:1:", f"{path}:2:1:", f"{path}:4:1:", f"{path}:6:3:",
    ]  # fmt: skip
    assert "no_such_key" in lines[2]


def test_check_names_the_included_file(conf, tmp_path, capsys):
    """The fault is where it is written."""
    (tmp_path / "part.conf").write_text("\n\nno_such_key: 1\n")
    assert main(["check", str(conf("port: 4222\ninclude part.conf"))]) == 1
    assert "part.conf:3:" in capsys.readouterr().err


def test_check_reports_a_syntax_error_with_its_line(conf, capsys):
    """The parser stops at the first."""
    path = conf("port: 4222\njetstream {\n")
    assert main(["check", str(path)]) == 1
    assert f"dotgnatly: {path}" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 1)])
def test_check_notes_what_only_a_start_would_tell(conf, capsys, arguments, code):
    """nats-server's verdict on a file is its parser's; a note has its place as well."""
    path = conf("port: -1\nno_auth_user: nobody")
    assert main(["check", *arguments, str(path)]) == code
    place = f"dotgnatly: note: {path}:2:1: no_auth_user: 'nobody' is no user"
    assert capsys.readouterr().err.startswith(place)


def test_check_reports_a_missing_file(capsys):
    """One line."""
    assert main(["check", "missing.conf"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("dotgnatly: ")
    assert "missing.conf" in err
    assert err.count("\n") == 1


def test_check_shows_no_secret(conf, capsys):
    """Its output is pasted into tickets."""
    text = "authorization { user: ann, password: hunter2, passwort: hunter2 }\nport: x"
    assert main(["check", str(conf(text))]) == 1
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("python -m dotgnatly serve", True),
        ("/venv/bin/python3.13 -X dev -m dotgnatly serve -p 4222", True),
        ("/venv/bin/python /venv/bin/dotgnatly serve", True),
        ("/venv/bin/dotgnatly serve -js", True),
        ("sh -c dotgnatly serve", False),
        ("tail -f /var/log/dotgnatly serve", False),
        ("python -m dotgnatly check serve", False),
        ("dotgnatly server", False),
        ("nats-server", False),
    ],
)
def test_sl_knows_a_server_by_its_command_line(line, ours):
    """What is no server would be ended by what it is told."""
    assert bool(re.search(signals._OURS, line)) == ours
