"""``dotgnatly check`` beside ``nats-server -t``: one verdict on any file, good or bad.

The server beside it is the stock one, built from the very version that is embedded.
"""

import os
import subprocess
from pathlib import Path

import pytest

from dotgnatly.cli import main

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
JWT = "eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.AA"
GOOD = {
    "a-key": "port: 4222",
    "all-spellings": "net: 127.0.0.1; monitor_port: 8222\nmax_conn 5, max_subs = 7",
    "comments": "# one\nport: 4222 // two\n",
    "units": "max_payload: 2MB, max_pending: 64M",
    "variables": "p = 4222\nport: $p",
    "environment": "server_name: $CHECK_NAME",
    "unused-variable-in-block": "jetstream { dir = /tmp, store_dir: $dir }",
    "only-the-server-minds": "no_auth_user: nobody",
    "mixed-payload-and-pending": "max_payload: 2MB, max_pending: 1MB",
    "lame-duck": 'lame_duck_duration: "30s", lame_duck_grace_period: "40s"',
    "unknown-leaf-account": 'leafnodes { remotes: [{ url: "nats://a:1", account: X }] }',
    "domain-with-a-dot": "jetstream { domain: a.b }",
    "port-out-of-range": "port: 99999",
    "panics-at-start": "max_closed_clients: -1",
    "memory-at-start": "max_closed_clients: 1000000000000",
    "both-monitoring-ports": "http_port: 1, https_port: 2",
    "websocket-without-tls": "websocket { port: -1 }",
    "no-such-credentials": 'leafnodes { remotes: [{ url: "nats://a:1", credentials: "/no" }] }',
    "no-such-log-file": "log_file: /no/such/directory/file",
    "urls-of-nowhere": 'cluster { port: -1, routes: ["foo", ""] }',
    "two-spellings": "port: 1, listen: 2",
    "repeated-key": "port: 1\nport: 2",
    "stray-brace": "port: 4222 }",
    "null-is-a-word": "server_name: null",
    "not-utf-8": b'server_name: "\xff\xfe"',
    "not-utf-8-comment": b"# \xff\nport: 4222",
    "crlf": b"port: 4222\r\ndebug: true\r\n",
    "json": '{"port": 4222, "accounts": {"A": {"users": [{"user": "a", "password": "b"}]}}}',
    "tls": "tls { cert_file: $CERT, key_file: $KEY, ca_file: $CA, verify: true }",
    "include": "include good.inc",
}  # fmt: skip
BAD = {
    "empty": "",
    "only-comments": "# nothing\n// at all",
    "unknown-key": "portt: 4222",
    "unknown-nested-key": "jetstream { max_mem: 1GB, store: a, what: 1 }",
    "wrong-type": "port: yes",
    "quoted-size": 'max_payload: "1MB"',
    "bare-duration": "ping_interval: 5",
    "no-value": "port",
    "unclosed-block": "cluster {",
    "unclosed-string": 'server_name: "a',
    "byte-order-mark": b"\xef\xbb\xbfport: 4222",
    "bad-escape": r'server_name: "\q"',
    "missing-variable": "port: $no_such_name",
    "missing-include": "include missing.inc",
    "bad-include": "port: 4222\ninclude bad.inc",
    "huge-number": "max_payload: 99999999999999999999",
    "too-big": "max_payload: 3000000000",
    "name-with-spaces": 'server_name: "a b"',
    "short-lame-duck": 'lame_duck_duration: "1s"',
    "user-and-token": "authorization { user: a, password: b, token: c }",
    "same-user-twice": "accounts { A { users: [{user: a}] }, B { users: [{user: a}] } }",
    "unknown-account": "accounts { A { imports: [{ stream: { account: B, subject: s } }] } }",
    "import-cycle": """accounts {
        A { exports: [{ service: a }], imports: [{ service: { account: B, subject: b }, to: a }] }
        B { exports: [{ service: b }], imports: [{ service: { account: A, subject: a }, to: b }] }
    }""",
    "unknown-allowed-account": """authorization { auth_callout {
        issuer: ADSCCTOUSSSUEEI6VGD5O3DDCCIOW6XFATYF6CDRQ4DCFQA4IF3NHBYV,
        auth_users: [a], allowed_accounts: [NONE]
    } }""",
    "bad-subject": 'authorization { users: [{ user: a, permissions { publish: "a..b" } }] }',
    "bad-listen": "listen: a:b:c",
    "repeated-route": 'cluster { port: -1, routes: ["nats://a:1", "nats://a:1"] }',
    "no-certificate": "tls { cert_file: /no/such.pem, key_file: $KEY }",
    "other-key": "tls { cert_file: $CERT, key_file: $OTHER_KEY }",
    "no-pem": "tls { cert_file: $CERT, key_file: $CERT }",
    "no-ca": "tls { ca_file: $KEY }",
    "windows-store": "tls { cert_store: WindowsCurrentUser }",
    "bad-operator": f"operator: {JWT}",
    "bad-preload": f"resolver_preload {{ A: {JWT} }}",
    "resolver-without-dir": "resolver { type: full }",
    "binary": bytes(range(256)),
    "nul": b"port: 42\x0022",
}


@pytest.fixture
def verdicts(nats_server_binary, tmp_path, certificates, monkeypatch, capsys):
    """The exit codes of both for a file, and what ours has said."""
    monkeypatch.chdir(tmp_path)
    for name, file in (("CERT", "server.pem"), ("KEY", "server.key"), ("CA", "ca.pem")):
        monkeypatch.setenv(name, str(certificates / file))
    monkeypatch.setenv("OTHER_KEY", str(certificates / "other.key"))
    monkeypatch.setenv("CHECK_NAME", "one")
    Path("good.inc").write_text("port: 4222")
    Path("bad.inc").write_text("\nno_such_key: 1")

    def both(path):
        theirs = subprocess.run(
            [nats_server_binary, "-t", "-c", path], capture_output=True, env=os.environ, check=False
        )
        ours = main(["check", str(path)])
        return theirs.returncode, ours, "".join(capsys.readouterr())

    return both


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in GOOD.items()])
def test_what_nats_server_accepts_is_accepted(verdicts, text):
    """Whatever else there is to say of it: a pipeline that asked nats-server goes on as before."""
    path = Path("a.conf")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    theirs, ours, said = verdicts(path)
    assert (theirs, ours) == (0, 0), said
    assert "a.conf is valid" in said


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in BAD.items()])
def test_what_nats_server_refuses_is_refused(verdicts, text):
    """With the reason, and where it is."""
    path = Path("a.conf")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    theirs, ours, said = verdicts(path)
    assert (theirs, ours) == (1, 1), said
    assert all(line.startswith("dotgnatly: ") for line in said.splitlines() if ": " in line[:12])


@pytest.mark.parametrize("path", ["missing.conf", ".", "broken-link.conf"])
def test_what_is_no_file_is_refused(verdicts, path):
    """A typing error in a pipeline must not pass."""
    Path("broken-link.conf").symlink_to("nowhere")
    assert verdicts(path)[:2] == (1, 1)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="descriptors have no paths here")
@pytest.mark.parametrize(("text", "code"), [("port: 4222", 0), ("portt: 4222", 1)])
def test_a_pipe_is_read_as_nats_server_reads_it(nats_server_binary, text, code):
    """As a shell makes one of a command: ``check <(...)``."""
    readers = []
    for _ in range(2):
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        readers.append(reader)
    theirs, ours = (f"/dev/fd/{reader}" for reader in readers)
    command = [nats_server_binary, "-t", "-c", theirs]
    assert subprocess.run(command, pass_fds=readers, check=False).returncode == code
    assert main(["check", ours]) == code
    for reader in readers:
        os.close(reader)


def test_a_file_that_cannot_be_read_is_refused(verdicts):
    """Nor a file of somebody else's."""
    path = Path("secret.conf")
    path.write_text("port: 4222")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.unlink()  # root reads everything
    assert verdicts(path)[:2] == (1, 1)


@pytest.mark.parametrize("name", [path.name for path in DATA.glob("*.conf")])
def test_our_own_files_get_the_same_verdict(verdicts, tmp_path, monkeypatch, name):
    """They use every block that there is."""
    for variable in ("STORE_DIR", "OCSP_DIR", "PORTS_DIR", "RESOLVER_DIR"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in ("LOG_FILE", "PID_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in ("CLIENT", "HTTP", "PROF", "CLUSTER", "GATEWAY", "LEAF", "WEBSOCKET", "MQTT"):
        monkeypatch.setenv(f"{variable}_PORT", "-1")
    theirs, ours, said = verdicts(DATA / name)
    assert theirs == ours, said


def test_every_error_and_warning_has_its_place(verdicts):
    """``file:line:column``, as editors understand it."""
    path = Path("a.conf")
    path.write_text("port: 4222\nping_interval: 5\ninclude bad.inc\ncluster {\n  what: 1\n}\n")
    _, ours, said = verdicts(path)
    assert ours == 1
    *errors, warning = said.splitlines()
    assert [line.partition(" ")[2].rpartition(":")[0] for line in errors] == [
        "a.conf:5:3", "bad.inc:2:1",
    ]  # fmt: skip
    assert warning.startswith("dotgnatly: warning: a.conf:2:1: ")


def test_a_note_counts_only_if_asked_to(verdicts, capsys):
    """The verdict is nats-server's; who wants more says so."""
    path = Path("a.conf")
    path.write_text("host: 127.0.0.1\ntrace: true\ncluster { port: 4222, name: a }\n")
    _, ours, said = verdicts(path)
    assert ours == 0
    notes = [line for line in said.splitlines() if line.startswith("dotgnatly: note: ")]
    assert any("a.conf:3:11: cluster.port: 4222 is that of port" in line for line in notes)
    assert any("a.conf:2:1: trace: " in line for line in notes)
    assert main(["check", "--strict", str(path)]) == 1
    assert capsys.readouterr().out == ""
