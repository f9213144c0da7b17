"""NATS's own Prometheus exporter, and servers that make it say all that it can.

``python -m tests.exporter PROGRAM VERSION`` compares each sample of the exporter with ours, and
writes what it has into ``tests/data/exporter.txt``.
"""

import asyncio
import re
import socket
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import nats
from nats.js.api import ConsumerConfig, ExternalStream, StreamSource

from dotgnatly import AsyncNatsController, AsyncNatsSuperCluster
from tests.conftest import known, wait_until

LIST = Path(__file__).parent / "data" / "exporter.txt"
HEAD = """\
# What github.com/nats-io/prometheus-nats-exporter ({version}) shows: type, name and labels of each
# metric. Made by `python -m tests.exporter PROGRAM VERSION`, which runs it against servers of ours.
"""
ENDPOINTS = (
    "varz", "connz_detailed", "routez", "subsz", "gatewayz", "leafz", "accstatz", "accountz",
    "healthz", "healthz_js_enabled_only", "healthz_js_server_only", "jsz",
)  # fmt: skip


async def busy_servers(stack: AsyncExitStack, size: int) -> list[AsyncNatsController]:
    """Two clusters with JetStream, accounts, streams and consumers, and a leaf node."""
    shop = {"jetstream": "enabled", "users": [{"user": "shop", "password": "secret"}]}
    system = {"users": [{"user": "system", "password": "secret"}]}
    config = {
        "accounts": {"SHOP": shop, "SYS": system}, "system_account": "SYS",
        "http_port": -1, "leafnodes": {"port": -1},
    }  # fmt: skip
    both = AsyncNatsSuperCluster(["east", "west"], size=size, jetstream=True, config=config)
    await stack.enter_async_context(both)
    hub = both.servers[0]
    port = (await hub.ports())["leafnodes"]
    remote = {"url": f"nats://shop:secret@127.0.0.1:{port}", "account": "SHOP"}
    leaf = AsyncNatsController({
        "port": -1, "http_port": -1, "server_name": "leaf",
        "accounts": {"SHOP": {"users": shop["users"]}}, "leafnodes": {"remotes": [remote]},
        "jetstream": {"domain": "edge"},
    })  # fmt: skip
    await stack.enter_async_context(leaf)
    client = await nats.connect(
        hub.client_url, user="shop", password="secret", name="till", ping_interval=3600
    )
    stack.push_async_callback(client.close)
    js = client.jetstream(timeout=10)
    await known(lambda: js.add_stream(name="ORDERS", subjects=["orders.*"], max_msgs=100))
    for number in range(3):
        await js.publish(f"orders.{number}", b"one")
    outside = ExternalStream(api="$JS.edge.API", deliver="deliver")
    await js.add_stream(name="COPY", mirror=StreamSource(name="ORDERS"), max_bytes=10_000)
    await js.add_stream(name="ALL", sources=[
        StreamSource(name="ORDERS"), StreamSource(name="EDGE", external=outside)
    ])  # fmt: skip
    reader = ConsumerConfig(durable_name="reader", description="reads orders")
    await js.add_consumer("ORDERS", reader)
    subscription = await js.pull_subscribe("orders.*", "reader", "ORDERS")
    (message, _) = await subscription.fetch(2, timeout=10)
    await message.ack_sync()
    async with asyncio.timeout(20):
        while not (await leaf.leafz()).leafs or (await js.stream_info("ALL")).state.messages < 3:
            await asyncio.sleep(0.01)
    return [*both.servers, leaf]


def scrape(url: str) -> str:
    """The page at a URL."""
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read().decode()


class Page:
    """What a page of metrics says, as it is written there."""

    def __init__(self, text: str) -> None:
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        self.labels: defaultdict[str, set[str]] = defaultdict(set)
        """Of each metric, those that its samples have."""
        self.samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        """By name and labels."""
        for name, inside, value in re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE):
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', inside)
            self.labels[name].update(label for label, _ in labels)
            self.samples[name, frozenset(labels)] = float(value)

    def lines(self) -> set[str]:
        """Type, name and labels of each metric."""
        return {
            f"{self.types[name]} {name} {','.join(sorted(labels))}"
            for name, labels in self.labels.items()
        }


def ours(controller: AsyncNatsController) -> Page:
    """What a server shows itself."""
    return Page(scrape(f"{controller.monitoring_url}/metrics?endpoints={','.join(ENDPOINTS)}"))


def theirs(program: str, controller: AsyncNatsController) -> Page:
    """What the exporter shows of a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [f"-{name}" for name in ENDPOINTS if name not in {"subsz", "jsz"}]
    flags += ["-subz", "-jsz=all", "-use_internal_server_id", "-a=127.0.0.1", f"-p={port}"]
    with subprocess.Popen([program, *flags, controller.monitoring_url]) as process:
        try:
            wait_until(lambda: _try(f"http://127.0.0.1:{port}/metrics"))
            page = scrape(f"http://127.0.0.1:{port}/metrics")  # http_req_stats has all now
        finally:
            process.terminate()
    nats_only = re.sub(r"^(# TYPE )?(go|process|promhttp)_.*\n", "", page, flags=re.MULTILINE)
    return Page(nats_only)


def _try(url: str) -> str:
    with suppress(OSError):
        return scrape(url)
    return ""


def differences(before: Page, exporter: Page, after: Page) -> Iterator[str]:
    """Samples that only one has, and those that stay the same and are another in the exporter."""
    for name, labels in sorted(exporter.samples.keys() ^ after.samples.keys(), key=repr):
        whose = "theirs" if (name, labels) in exporter.samples else "ours"
        yield f"only {whose}: {name} {dict(labels)}"
    for key in exporter.samples.keys() & after.samples.keys():
        value = after.samples[key]
        if before.samples.get(key) == value != exporter.samples[key]:
            yield f"{key[0]} {dict(key[1])}: {value}, not {exporter.samples[key]}"


async def main(program: str, version: str) -> None:
    """Compare, and write the list."""
    lines: set[str] = set()
    async with AsyncExitStack() as stack:
        for controller in await busy_servers(stack, size=2):
            before = await asyncio.to_thread(ours, controller)
            exporter = await asyncio.to_thread(theirs, program, controller)
            after = await asyncio.to_thread(ours, controller)
            steady = sum(before.samples.get(key) == value for key, value in after.samples.items())
            print(controller.server_name, len(exporter.samples), "samples,", steady, "steady")
            for difference in differences(before, exporter, after):
                print("  ", difference)
            print("  types:", *sorted(exporter.lines() ^ after.lines()), sep="\n   ")
            lines |= exporter.lines()
    LIST.write_text(HEAD.format(version=version) + "".join(f"{line}\n" for line in sorted(lines)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
