"""A server's metrics, for Prometheus and OpenTelemetry, named as by NATS's own Prometheus exporter.

Names, labels and units are those of ``prometheus-nats-exporter``, so its dashboards and alerts work
as they are. The label ``server_id`` is the server's id, as with the exporter's option
``-use_internal_server_id``. A server that does not run has no metrics.

A server with a monitoring listener shows them at ``/metrics`` by itself.
"""

from dotgnatly.metrics._select import DEFAULT_ENDPOINTS, Endpoint
from dotgnatly.metrics.otel import observe
from dotgnatly.metrics.prometheus import NatsCollector

__all__ = ["DEFAULT_ENDPOINTS", "Endpoint", "NatsCollector", "observe"]
