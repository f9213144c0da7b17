"""``/metrics`` of the monitoring listener, as Prometheus and its users get it."""

import asyncio
import gzip
import re
import threading
import time
from contextlib import AsyncExitStack
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import nats
import pytest
from prometheus_client.openmetrics import parser as openmetrics

from dotgnatly import AuthenticatedUser, NatsController
from tests.conftest import wait_until
from tests.exporter import LIST, Page, busy_servers, ours, scrape

MONITORED = {"port": -1, "http_port": -1}


def get(url, **headers):
    """Status, headers and body of what is at a URL."""
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    try:
        with urlopen(Request(url, headers=headers), timeout=20) as response:
            return response.status, response.headers, response.read()
    except HTTPError as exc:
        with exc:
            return exc.code, exc.headers, exc.read()


def metrics(controller, query=""):
    """The page of a server."""
    return Page(scrape(f"{controller.monitoring_url}/metrics{query}"))


def names(page):
    """What is on it."""
    return {name for name, _ in page.samples}


# -- what is shown ---------------------------------------------------------------------------------


async def test_servers_show_what_the_exporter_does():
    """Clusters, gateways, leaf nodes, accounts, streams and consumers: names, labels, types."""
    lines: set[str] = set()
    async with AsyncExitStack() as stack:
        for controller in await busy_servers(stack, size=1):
            for endpoint in ("varz", "connz", "routez", "subsz", "gatewayz", "leafz", "accstatz",
                             "accountz", "healthz", "jsz"):  # fmt: skip
                await asyncio.to_thread(scrape, f"{controller.monitoring_url}/{endpoint}")
            lines |= (await asyncio.to_thread(ours, controller)).lines()
    listed = {line for line in LIST.read_text().splitlines() if line[0] != "#"}
    # prometheus_client would write "_total" after the names of counters.
    listed = {line.replace("counter ", "untyped ") for line in listed}
    assert listed - lines == set()
    # Of these documents every number is a metric, and a newer server may have more.
    assert all(re.search("_(varz|subsz|routez)_", line) for line in lines - listed), lines - listed


def test_prometheus_chooses_the_format():
    """OpenMetrics, compressed, or plain text for people."""
    with NatsController(MONITORED) as controller:
        url = f"{controller.monitoring_url}/metrics"
        _, headers, body = get(url)
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert b"\ngnatsd_varz_connections{" in body
        accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
        _, headers, body = get(url, Accept=accept, Accept_Encoding="gzip")
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert headers["Content-Encoding"] == "gzip"
        parsed = openmetrics.text_string_to_metric_families(gzip.decompress(body).decode())
        assert "gnatsd_connz_in_msgs" in {family.name for family in parsed}


def test_a_scrape_configuration_says_what_it_wants():
    """In ``params``, by the names that ``NatsCollector`` has for it."""
    with NatsController(MONITORED | {"server_name": "east-1"}) as controller:
        page = metrics(controller, "?prefix=nats&endpoints=subsz,routez&use_server_name=true")
        assert {name.split("_")[1] for name in names(page)} == {"subsz", "routez"}
        assert ("nats_routez_num_routes", frozenset({("server_id", "east-1")})) in page.samples
        assert names(metrics(controller, "?name[]=gnatsd_varz_mem")) == {"gnatsd_varz_mem"}


@pytest.mark.parametrize(("query", "said"), [
    ("endpoint=varz", "there is no parameter 'endpoint'"),
    ("endpoints=varz,what", "there is no endpoint 'what'"),
    ("prefix=1", "'1' cannot begin"),
    ("prefix=" + "a" * 65, "'aaa"),  # each line would have it
])  # fmt: skip
def test_a_mistake_in_it_is_told(query, said):
    """Prometheus shows it beside the target."""
    with NatsController(MONITORED) as controller:
        status, _, body = get(f"{controller.monitoring_url}/metrics?{query}")
        assert status == 400
        assert body.decode().startswith(said)


@pytest.mark.parametrize("wanted", ["version=latest", "version=1.0.0; escaping=none"])
def test_who_asks_for_an_unknown_format_gets_text(wanted):
    """A stranger's header is no failure that the log of the program has to tell of."""
    with NatsController(MONITORED) as controller:
        accept = f"application/openmetrics-text; {wanted}"
        status, _, body = get(f"{controller.monitoring_url}/metrics", Accept=accept)
        assert status == 200
        assert b"\ngnatsd_varz_connections{" in body


# -- where -----------------------------------------------------------------------------------------


def test_it_follows_the_listener():
    """Under the base path, to another port, off and on again, and through a restart."""
    with NatsController(MONITORED | {"http_base_path": "/nats"}) as controller:
        before = f"{controller.monitoring_url}/metrics"
        assert "/nats/metrics" in before
        assert names(Page(scrape(before)))
        controller.update_config(http_port=0)
        with pytest.raises(OSError, match="refused"):
            scrape(before)
        controller.update_config(http_port=-1, http_base_path=None)
        assert names(metrics(controller))
        controller.update_config(server_name="other", allow_restart=True)
        page = metrics(controller, "?use_server_name=1")
        assert dict(next(iter(page.samples))[1])["server_id"] == "other"


def test_each_server_shows_itself():
    """With several in a process."""
    with NatsController(MONITORED) as one, NatsController(MONITORED) as two:
        for controller in (one, two):
            labels = {dict(labels)["server_id"] for _, labels in metrics(controller).samples}
            assert labels == {controller.server_id}


async def test_the_sidecar_shows_it(command, free_port):
    """By itself: its users cannot write Python."""
    server = command("serve", "-p", "-1", "-a", "127.0.0.1", "-m", str(free_port))
    server.ready()
    page = Page(await asyncio.to_thread(scrape, f"http://127.0.0.1:{free_port}/metrics"))
    assert "gnatsd_varz_mem" in names(page)


# -- when ------------------------------------------------------------------------------------------


async def test_a_login_that_waits_holds_nothing_up():
    """Both are questions to Python, which come the same way."""
    controller = NatsController(MONITORED | {"authorization": {"timeout": 20}})
    asked, decided = threading.Event(), threading.Event()

    @controller.on_authenticate
    def decide(_):
        asked.set()
        decided.wait(20)
        return AuthenticatedUser()

    with controller:
        connecting = asyncio.create_task(nats.connect(controller.client_url, connect_timeout=20))
        assert await asyncio.to_thread(asked.wait, 20)
        assert names(await asyncio.to_thread(metrics, controller))
        decided.set()
        client = await connecting
        await client.close()


def test_a_program_that_does_not_answer_is_unavailable(run_python):
    """After two seconds, so that a watcher learns of it, while other pages are there."""
    done = run_python(
        """
        import ctypes, subprocess, sys
        from dotgnatly import NatsController

        watch = '''if True:
            import sys, time
            from urllib.error import HTTPError
            from urllib.request import urlopen
            while True:  # a scrape may come before nobody answers
                began = time.monotonic()
                try:
                    urlopen(sys.argv[1] + "/metrics").read()
                except HTTPError as exc:
                    print(exc.code, exc.read().decode().strip(), time.monotonic() - began >= 2)
                    break
            print(urlopen(sys.argv[1] + "/healthz").status)
        '''
        with NatsController({"port": -1, "http_port": -1}) as controller:
            process = subprocess.Popen(
                [sys.executable, "-c", watch, controller.monitoring_url],
                stdout=subprocess.PIPE, text=True,
            )
            # The watcher's end is waited for as a long calculation in C is: no other thread runs.
            if sys.platform == "win32":
                ctypes.PyDLL("kernel32").WaitForSingleObject(int(process._handle), -1)
            else:
                ctypes.PyDLL(None).waitpid(process.pid, None, 0)
            print(process.communicate()[0], end="")
        """
    )
    assert done.out == "503 the program did not answer within 2s True\n200\n", done.err


def test_scrapes_go_on_through_reloads_and_end_with_the_server():
    """Neither waits for the other for good: no lock is held while Python is asked."""
    statuses, done = [], threading.Event()

    def scrape_all_the_time(url):
        while not done.is_set():
            try:
                statuses.append(get(f"{url}/metrics")[0])
            except (OSError, HTTPException):  # the listener is gone
                done.wait(0.01)

    with NatsController(MONITORED | {"jetstream": {}}) as controller:
        url = controller.monitoring_url
        threads = [threading.Thread(target=scrape_all_the_time, args=(url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(20):
            controller.update_config(max_payload=1000 + number)
        wait_until(lambda: len(statuses) > 20)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    done.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) > 20


def test_no_thread_is_left_after_the_shutdown():
    """A server that is gone is not asked."""
    with NatsController(MONITORED) as controller:
        metrics(controller)
    wait_until(
        lambda: not [t for t in threading.enumerate() if t.name.startswith("dotgnatly-metrics")],
        "the end of the threads",
    )
