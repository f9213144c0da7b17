"""The command line and the environment of the host program are nobody's business."""

import pytest

PRELUDE = """
import asyncio, re, urllib.error, urllib.request
from dotgnatly import NatsController
from inside import *

ARGUMENT, VARIABLE = "ag8ohPho", "Teev2phi"  # what nobody may see
assert sys.argv[1] == f"--password={ARGUMENT}" and os.environ["PASSWORD"] == VARIABLE

def harmless(where, text):
    assert text, f"{where} says nothing"
    assert ARGUMENT not in text and VARIABLE not in text, where

def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
"""


@pytest.fixture
def exposed(passes):
    """Runs a script whose command line and environment hold secrets."""
    return lambda script: passes(PRELUDE + script, "--password=ag8ohPho", PASSWORD="Teev2phi")


def test_no_monitoring_endpoint_shows_them(exposed):
    """A monitoring port is often open to many."""
    paths = exposed("""
config = {"port": -1, "http_port": -1, "jetstream": {}, "server_name": "s"}
with NatsController(config) as controller:
    base = controller.monitoring_url
    root = fetch(base + "/")[1]
    paths = re.findall(r'href="?\\.?/?([a-z]+z[^"> ]*)', root)
    for path in ["/"] + ["/" + path for path in paths] + [
        "/varz", "/connz?subs=1&auth=1", "/routez", "/gatewayz", "/leafz", "/subsz?subs=1",
        "/accountz", "/accstatz", "/jsz?config=1&streams=1", "/healthz", "/ipqueuesz", "/raftz",
        "/stacksz",
    ]:
        status, body = fetch(base + path)
        assert status in (200, 404) and (status == 200 or path == "/raftz"), (path, status)
        harmless(path, body)
        print(path)
    """)
    assert len(paths) > 20


def test_there_is_no_debug_endpoint(exposed):
    """nats-server's /debug/vars shows the command line."""
    exposed("""
with NatsController({"port": -1, "http_port": -1}) as controller:
    for path in ("/debug/vars", "/debug/pprof/", "/debug/pprof/cmdline"):
        assert fetch(controller.monitoring_url + path)[0] == 404, path
    """)


def test_the_profiling_port_does_not_show_them(exposed):
    """Go's own handlers show what they take for the command line."""
    exposed("""
with NatsController({"port": -1, "prof_port": -1}) as controller:
    base = f"http://127.0.0.1:{controller.ports()['prof']}"
    for path in ("/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2"):
        status, body = fetch(base + path)
        assert status == 200, path
        harmless(path, body)
    harmless("/debug/vars", fetch(base + "/debug/vars")[1])
    """)


def test_the_system_account_does_not_see_them(exposed):
    """An administrator of the broker is not one of the program that it is in."""
    exposed("""
import nats

config = {
    "port": -1,
    "jetstream": {},
    "accounts": {"SYS": {"users": [{"user": "sys", "password": "p"}]}},
    "system_account": "SYS",
}

async def ask(url):
    client = await nats.connect(url, user="sys", password="p")
    for name in (
        "IDZ", "STATSZ", "VARZ", "SUBSZ", "CONNZ", "ROUTEZ", "GATEWAYZ", "LEAFZ", "ACCOUNTZ", "JSZ",
        "HEALTHZ", "EXPVARZ", "IPQUEUESZ", "RAFTZ", "PROFILEZ",
    ):
        options = b'{"name": "goroutine", "debug": 2}' if name == "PROFILEZ" else b""
        answer = await client.request(f"$SYS.REQ.SERVER.PING.{name}", options, timeout=5)
        harmless(name, answer.data.decode())
    await client.close()

with NatsController(config) as controller:
    asyncio.run(ask(controller.client_url))
    """)


def test_no_log_line_shows_them(exposed):
    """Logs are sent around."""
    exposed("""
config = {"port": -1, "http_port": -1, "jetstream": {}, "log_file": "a.log"}
with NatsController(config | {"debug": True, "trace": True}) as controller:
    asyncio.run(add_stream(controller.client_url))
harmless("log_file", Path("a.log").read_text())
    """)
