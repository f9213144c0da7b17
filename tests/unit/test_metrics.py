"""Metrics as ``prometheus_client`` and OpenTelemetry collect them, with both controllers."""

import threading
from typing import get_args

import nats
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry

from dotgnatly.metrics import Endpoint, NatsCollector, _times, observe
from tests.exporter import LIST

ALL = get_args(Endpoint)
SUMS = ("in_bytes", "out_bytes", "in_msgs", "out_msgs")


def registry_of(*controllers, **options):
    """A registry of its own, with a collector."""
    registry = CollectorRegistry()
    registry.register(NatsCollector(*(each.controller for each in controllers), **options))
    return registry


def value(registry, name, controller, **labels):
    """What the registry has now of a server."""
    return registry.get_sample_value(name, {"server_id": controller.server_id, **labels})


def observed(reader):
    """What a reader of OpenTelemetry collects: values by name and attributes."""
    data = reader.get_metrics_data()
    if data is None:
        return {}
    return {
        (metric.name, frozenset(point.attributes.items())): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


# -- names -----------------------------------------------------------------------------------------


def test_every_metric_of_the_exporter_is_there():
    """By its name and type, or else a dashboard is empty."""
    # prometheus_client would write "_total" after the names of counters.
    listed = {tuple(line.split()[:2]) for line in LIST.read_text().splitlines() if line[0] != "#"}
    expected = {(name, "untyped" if kind == "counter" else kind) for kind, name in listed}
    known = {
        (metric.name, "untyped" if metric.type == "unknown" else metric.type)
        for metric in NatsCollector(endpoints=ALL).describe()
    }
    assert expected <= known
    assert len(expected) > 200


async def test_a_prefix_takes_the_place_of_both_systems(start):
    """As with the exporter in NATS's Helm chart."""
    broker = await start(jetstream={})
    registry = registry_of(broker, prefix="nats")
    assert value(registry, "nats_varz_cores", broker) > 0
    names = {metric.name for metric in registry.collect()}
    assert "nats_server_total_streams" in names
    assert all(name.startswith("nats_") for name in names)


async def test_the_server_can_be_named(start):
    """Its id is a new one with every start."""
    broker = await start(server_name="east-1")
    registry = registry_of(broker, use_server_name=True)
    assert registry.get_sample_value("gnatsd_varz_port", {"server_id": "east-1"}) > 0


@pytest.mark.parametrize(("options", "said"), [
    pytest.param({"endpoints": ["varz", "connections"]}, "'connections'.*connz", id="endpoint"),
    pytest.param({"prefix": "1st"}, "'1st' cannot begin", id="prefix"),
    pytest.param({"prefix": "_x"}, "'_x' cannot begin", id="prefix-of-no-instrument"),
])  # fmt: skip
def test_what_cannot_be_shown_is_refused(options, said):
    """When the collector is made, not at the first scrape; alike for OpenTelemetry."""
    with pytest.raises(ValueError, match=said):
        NatsCollector(**options)
    with pytest.raises(ValueError, match=said):
        observe(MeterProvider().get_meter("broker"), **options)


# -- figures ---------------------------------------------------------------------------------------


async def test_figures_are_those_of_the_monitoring_calls(start):
    """A dashboard shows what the server says."""
    broker = await start(jetstream={"max_memory_store": "64MB"})
    client = await nats.connect(broker.client_url)
    await client.jetstream().add_stream(name="ORDERS", subjects=["orders"], max_msgs=9)
    await client.jetstream().publish("orders", b"one")
    registry, varz, jsz = registry_of(broker), await broker.varz(), await broker.jsz()
    assert value(registry, "gnatsd_varz_in_msgs", broker) == varz.in_msgs > 0
    assert value(registry, "gnatsd_varz_connections", broker) == varz.connections == 1
    assert value(registry, "gnatsd_varz_start", broker) == _times.milliseconds(varz.start)
    assert value(registry, "gnatsd_varz_version", broker, value=varz.version) == 1
    assert value(registry, "gnatsd_varz_jetstream_config_max_memory", broker) == 64 << 20
    (stored,) = [
        sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "jetstream_stream_total_bytes"
    ]
    assert stored == jsz.bytes > 0
    await client.close()


async def test_no_series_is_there_twice(start):
    """Endpoints have metrics in common, and Prometheus would take one of the two."""
    broker = await start(jetstream={})
    client = await nats.connect(broker.client_url)
    await client.jetstream().add_stream(name="ORDERS", subjects=["orders"])
    series = [
        (sample.name, frozenset(sample.labels.items()))
        for metric in registry_of(broker, endpoints=ALL).collect()
        for sample in metric.samples
    ]
    assert len(series) == len(set(series))
    await client.close()


async def test_metadata_says_what_it_likes(start):
    """What only looks like a time of the server's is none, and takes no other metric away."""
    broker = await start(server_metadata={"start": "monday", "version": "blue"})
    registry = registry_of(broker)
    assert value(registry, "gnatsd_varz_metadata_version", broker, value="blue") == 1
    assert value(registry, "gnatsd_varz_metadata_start", broker) is None


async def test_sources_of_one_stream_are_one_series(start):
    """They can differ in what they filter, which is no label; a scrape takes no series twice."""
    broker = await start(jetstream={})
    client = await nats.connect(broker.client_url)
    streams = client.jetstream()
    await streams.add_stream(name="FROM", subjects=["a", "b"])
    sources = [nats.js.api.StreamSource(name="FROM", filter_subject=each) for each in "ab"]
    await streams.add_stream(name="TO", sources=sources)
    registry = registry_of(broker)
    lags = [
        tuple(sorted(sample.labels.items()))
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "jetstream_stream_source_lag"
    ]
    assert len(lags) == len(set(lags)) == 1
    await client.close()


async def test_connections_are_shown_on_request_only(broker):
    """Each is a series of its own."""
    client = await nats.connect(broker.client_url, name="till")

    def names(**options):
        return [
            sample.labels.get("name")
            for metric in registry_of(broker, **options).collect()
            for sample in metric.samples
            if sample.name == "gnatsd_connz_in_bytes"
        ]

    assert names() == [None]
    assert names(endpoints=["connz", "connz_detailed"]) == [None, "till"]
    await client.close()


@pytest.mark.parametrize(("said", "ns"), [
    ("1.5ms", 1_500_000),
    ("250µs", 250_000),
    ("1h0m2s", 3_602_000_000_000),
    ("2d3h4m5s", 183_845_000_000_000),
    ("1y1d0h0m1s", 31_622_401_000_000_000),
    ("", 0),
])  # fmt: skip
def test_durations_have_years_and_days(said, ns):
    """As the server writes for how long somebody is connected."""
    assert _times.nanoseconds(said) == ns


# -- whose -----------------------------------------------------------------------------------------


async def test_a_stopped_server_has_no_metrics(make):
    """And is no failure: others in the registry are still seen. It has them when it is started."""
    broker = make()
    registry = registry_of(broker)
    assert list(registry.collect()) == []
    await broker.start()
    assert value(registry, "gnatsd_varz_cores", broker) > 0
    await broker.shutdown()
    assert list(registry.collect()) == []


async def test_servers_share_a_collector(start):
    """A name is once on a page, with a sample of each."""
    both = [await start(), await start()]
    registry = registry_of(*both)
    (port,) = [metric for metric in registry.collect() if metric.name == "gnatsd_varz_port"]
    assert {sample.labels["server_id"] for sample in port.samples} == {s.server_id for s in both}
    with pytest.raises(ValueError, match="gnatsd_varz_port"):
        registry.register(NatsCollector(both[0].controller))


async def test_a_collector_works_in_every_thread(broker):
    """Also where an event loop runs, and while it is held up."""
    registry, names = registry_of(broker), []
    thread = threading.Thread(target=lambda: names.extend(m.name for m in registry.collect()))
    thread.start()
    thread.join(20)  # the loop of the controller does nothing meanwhile
    assert names
    assert [metric.name for metric in registry.collect()] == names


def test_a_forked_child_has_no_metrics(run_python):
    """Its program may have some of its own, and show them."""
    done = run_python(
        """
        import os, sys
        from prometheus_client import CollectorRegistry
        from dotgnatly import NatsController
        from dotgnatly.metrics import NatsCollector

        if not hasattr(os, "fork"):
            sys.exit()
        with NatsController({"port": -1}) as controller:
            collector = NatsCollector(controller)
            child = os.fork()
            if child == 0:
                os._exit(len(list(collector.collect())))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert list(collector.collect())
        """
    )
    assert done.code == 0, done.err


# -- OpenTelemetry ---------------------------------------------------------------------------------


async def test_opentelemetry_observes_the_same(start):
    """Names, labels and figures; what changes between two looks apart."""
    broker, reader = await start(jetstream={}), InMemoryMetricReader()
    options = {"endpoints": ["accstatz", "connz", "healthz", "jsz", "leafz"]}
    provider = MeterProvider([reader])
    observe(provider.get_meter("broker"), broker.controller, **options)
    assert observed(reader) == {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in registry_of(broker, **options).collect()
        for sample in metric.samples
    }
    provider.shutdown()


async def test_opentelemetry_looks_anew_each_time(make):
    """All instruments at once, and servers that came meanwhile too."""
    broker, reader = make(), InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe(provider.get_meter("broker"), broker.controller)
    assert observed(reader) == {}
    await broker.start()
    for connected in (1, 2):
        client = await nats.connect(broker.client_url)
        key = "gnatsd_varz_total_connections", frozenset({("server_id", broker.server_id)})
        assert observed(reader)[key] == connected
        await client.close()
    provider.shutdown()


# -- extras ----------------------------------------------------------------------------------------


def test_the_extras_are_not_imported_before_they_are_needed(run_python):
    """Who has no metrics pays nothing for them, a monitoring listener notwithstanding."""
    done = run_python(
        """
        import sys
        from dotgnatly import NatsController

        with NatsController({"port": -1, "http_port": -1}):
            import dotgnatly.metrics
        print({"prometheus_client", "opentelemetry"} & sys.modules.keys())
        """
    )
    assert done.out == "set()\n", done.err


def test_a_missing_extra_is_named(run_python):
    """The error says what to install."""
    done = run_python(
        """
        import sys, urllib.request
        from urllib.error import HTTPError
        from dotgnatly import NatsController
        from dotgnatly.metrics import NatsCollector, observe

        sys.modules |= {"prometheus_client": None, "opentelemetry.metrics": None}
        for make in (NatsCollector, lambda: observe(None)):
            try:
                make()
            except ImportError as exc:
                print(exc)
        with NatsController({"port": -1, "http_port": -1}) as controller:
            try:
                urllib.request.urlopen(controller.monitoring_url + "/metrics")
            except HTTPError as exc:
                print(exc.code, exc.read().decode(), end="")
        """
    )
    prometheus = "metrics need prometheus_client: pip install 'dotgnatly[prometheus]'\n"
    otel = "metrics for OpenTelemetry need its API: pip install 'dotgnatly[otel]'\n"
    assert done.out == f"{prometheus}{otel}501 {prometheus}", done.err
