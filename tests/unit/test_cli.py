"""The command without a process of its own: flags, and ``check``."""

import argparse

import pytest

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.cli import flags, main

NO_FILE = BrokerConfiguration()


def parse(*arguments, file=NO_FILE):
    """The configuration that flags make above a file's."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    flags.add(parser)
    return flags.to_configuration(parser.parse_args(arguments), file)


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
        (["-port", "4333"], {"port": 4333}),
        (["-a", "::1"], {"host": "::1"}),
        (["-addr", "::1"], {"host": "::1"}),
        (["-net", "::1"], {"host": "::1"}),
        (["-m", "8222"], {"http_port": 8222}),
        (["-http_port", "8222"], {"http_port": 8222}),
        (["-js"], {"jetstream": {"enabled": True}}),
        (["-jetstream"], {"jetstream": {"enabled": True}}),
        (["-js", "-sd", "d"], {"jetstream": {"enabled": True}, "store_dir": "d"}),
        (["-D"], {"debug": True}),
        (["-V"], {"trace": True}),
        (["-DV"], {"debug": True, "trace": True}),
    ],
)
def test_flags_are_fields(arguments, fields):
    """What is not given is not set: the file decides."""
    assert parse(*arguments) == BrokerConfiguration(**fields)


def test_a_store_dir_alone_switches_no_jetstream_on(tmp_path):
    """As with nats-server, where -sd without -js is of no effect by itself."""
    config = BrokerConfiguration.from_text("port: -1").merge(parse("-sd", f"{tmp_path}/store"))
    with NatsController(config) as controller:
        assert not controller.jetstream_enabled


def test_a_store_dir_is_laid_over_the_files(tmp_path, conf):
    """The file has JetStream on; the flag says where."""
    file = BrokerConfiguration.from_file(
        conf(f'port: -1\njetstream {{ store_dir: "{tmp_path}/a" }}')
    )
    flag = parse("-sd", f"{tmp_path}/b", file=file)
    with NatsController(file.merge(flag)) as controller:
        assert controller.varz().jetstream.config.store_dir == f"{tmp_path}/b/jetstream"


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
