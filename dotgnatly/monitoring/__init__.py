"""The server's monitoring documents as typed, frozen structures, a module per endpoint.

They are named after the server's own types, their fields after the keys of the JSON; no field is
renamed, converted or left out. Sizes are bytes, ``Seconds`` are floats, ``Nanoseconds`` integers,
points in time aware datetimes.
"""

from dotgnatly.monitoring.healthz import Healthz, HealthzError, decode_healthz
from dotgnatly.monitoring.varz import Varz, decode_varz

__all__ = ["Healthz", "HealthzError", "Varz", "decode_healthz", "decode_varz"]
