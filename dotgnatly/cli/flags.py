"""The flags of nats-server, as fields of the configuration."""

import argparse
from typing import Any

from dotgnatly.config import BrokerConfiguration, JetStreamConfiguration


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags to a parser, spelt as nats-server spells them."""
    flag = parser.add_argument
    flag("-c", "-config", "--config", metavar="FILE", help="configuration file")
    flag("-p", "-port", "--port", type=int, help="port for clients; -1 takes a free one")
    flag("-a", "-addr", "--addr", "-net", "--net", metavar="HOST", help="address to listen on")
    flag("-m", "-http_port", "--http_port", type=int, help="port for monitoring")
    flag("-js", "-jetstream", "--jetstream", action="store_true", help="enable JetStream")
    flag("-sd", "-store_dir", "--store_dir", metavar="DIR", help="where JetStream keeps its data")
    flag("-D", "-debug", "--debug", action="store_true", help="debug lines")
    flag("-V", "-trace", "--trace", action="store_true", help="protocol trace")
    flag("-DV", dest="debug_trace", action="store_true", help="both")


def to_configuration(options: argparse.Namespace, file: BrokerConfiguration) -> BrokerConfiguration:
    """The configuration that the given flags make: a layer above the file."""
    jetstream: dict[str, Any] = {"enabled": options.jetstream or None}
    # Wherever the file has it; a block alone would enable JetStream.
    in_block = isinstance(file.jetstream, JetStreamConfiguration) and file.jetstream.store_dir
    if in_block:
        jetstream["store_dir"] = options.store_dir
    fields: dict[str, Any] = {
        "port": options.port,
        "host": options.addr,
        "http_port": options.http_port,
        "debug": options.debug or options.debug_trace or None,
        "trace": options.trace or options.debug_trace or None,
        "jetstream": _given(jetstream) or None,
        "store_dir": None if in_block else options.store_dir,
    }
    return BrokerConfiguration(**_given(fields))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
