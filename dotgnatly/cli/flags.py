"""The flags of nats-server, as fields of the configuration."""

import argparse
from typing import Any

from dotgnatly.config import BrokerConfiguration


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags to a parser, spelt as nats-server spells them."""
    parser.add_argument("-c", "-config", "--config", metavar="FILE", help="configuration file")
    parser.add_argument("-p", "-port", "--port", type=int, help="port for clients; -1 is a free one")
    parser.add_argument("-a", "-addr", "--addr", "-net", "--net", metavar="HOST", help="address")
    parser.add_argument("-m", "-http_port", "--http_port", type=int, help="port for monitoring")
    parser.add_argument(
        "-js", "-jetstream", "--jetstream", action="store_true", help="enable JetStream"
    )
    parser.add_argument("-sd", "-store_dir", "--store_dir", metavar="DIR", help="JetStream's storage")
    parser.add_argument("-D", "-debug", "--debug", action="store_true", help="debug lines")
    parser.add_argument("-V", "-trace", "--trace", action="store_true", help="protocol trace")
    parser.add_argument("-DV", dest="debug_trace", action="store_true", help="debug and trace")


def to_configuration(options: argparse.Namespace) -> BrokerConfiguration:
    """The configuration that the given flags make: a layer above the file."""
    fields: dict[str, Any] = {}
    for field, value in (
        ("port", options.port),
        ("host", options.addr),
        ("http_port", options.http_port),
        ("debug", options.debug or options.debug_trace or None),
        ("trace", options.trace or options.debug_trace or None),
    ):
        if value is not None:
            fields[field] = value
    jetstream: dict[str, Any] = {}
    if options.jetstream:
        jetstream["enabled"] = True
    if options.store_dir is not None:
        jetstream["store_dir"] = options.store_dir
    if jetstream:
        fields["jetstream"] = jetstream
    return BrokerConfiguration(**fields)
