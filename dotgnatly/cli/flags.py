"""The flags of nats-server: Go's syntax for them, and what they are in a configuration."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from dotgnatly.config import BrokerConfiguration
from dotgnatly.config._units import is_integer
from dotgnatly.errors import ConfigError, Fault


class Flag(Struct, frozen=True):
    """One flag."""

    spelt: str
    """All its names; the last is what it is called here."""
    takes: str
    """What its value is; a switch takes none."""
    says: str
    key: str = ""
    """What it sets: a key, after a dot if it is one of a block."""

    @property
    def names(self) -> list[str]:
        """Short ones first."""
        return self.spelt.split()

    @property
    def kind(self) -> type[str | int | bool]:
        """Of its value."""
        return int if self.takes in {"port", "bytes", "number"} else str if self.takes else bool


class FlagError(ValueError):
    """The command line cannot be read."""


SECTIONS: Mapping[str, Sequence[Flag]] = {
    "Server": (
        Flag("c config", "file", "configuration file"),
        Flag("a net addr", "host", "address that clients connect to", "host"),
        Flag("p port", "port", "port that they connect to; -1 takes a free one", "port"),
        Flag("n name server_name", "name", "name of the server", "server_name"),
        Flag("client_advertise", "host:port", "what clients are told", "client_advertise"),
        Flag("m http_port", "port", "port for monitoring", "http_port"),
        Flag("ms https_port", "port", "port for monitoring by TLS", "https_port"),
        Flag("profile", "port", "port of Go's profiler", "prof_port"),
        Flag("P pid", "file", "where the process id is written", "pid_file"),
        Flag("ports_file_dir", "dir", "where a file with the bound ports is", "ports_file_dir"),
    ),
    "JetStream": (
        Flag("js jetstream", "", "enable JetStream", "jetstream.enabled"),
        Flag("sd store_dir", "dir", "where it keeps its data"),
    ),
    "Log": (
        Flag("l log", "file", "log to a file", "log_file"),
        Flag("log_size_limit", "bytes", "when a new file is begun", "logfile_size_limit"),
        Flag("s syslog", "", "log to syslog", "syslog"),
        Flag("r remote_syslog", "url", "log to the syslog at this address", "remote_syslog"),
        Flag("T logtime", "", "begin lines with the time; off by -T=false", "logtime"),
        Flag("logtime_utc", "", "in UTC", "logtime_utc"),
        Flag("D debug", "", "log more", "debug"),
        Flag("V trace", "", "log the protocol", "trace"),
        Flag("VV", "", "and that of the system account"),
        Flag("DV", "", "-D and -V"),
        Flag("DVV", "", "-D and -VV"),
        Flag("max_traced_msg_len", "bytes", "how much of a message", "max_traced_msg_len"),
    ),
    "Logins": (
        Flag("user", "name", "user that clients log in as", "authorization.user"),
        Flag("pass", "password", "and the password", "authorization.password"),
        Flag("auth", "token", "token that clients log in with", "authorization.token"),
    ),
    "TLS": (
        Flag("tls", "", "clients connect by TLS"),
        Flag("tlscert", "file", "certificate of the server"),
        Flag("tlskey", "file", "its private key"),
        Flag("tlsverify", "", "clients need a certificate"),
        Flag("tlscacert", "file", "CAs that it is checked against"),
    ),
    "Cluster": (
        Flag("cluster cluster_listen", "url", "where other servers connect to"),
        Flag("cluster_name", "name", "name of the cluster", "cluster.name"),
        Flag("routes", "url,url", "servers to connect to"),
        Flag("cluster_advertise", "host:port", "what they are told", "cluster.advertise"),
        Flag("no_advertise", "", "tell clients of no other servers", "cluster.no_advertise"),
        Flag("connect_retries", "number", "attempts at others", "cluster.connect_retries"),
    ),
    "In place of a server": (
        Flag("t", "", "check the configuration file"),
        Flag("sl signal", "signal[=pid]", "stop, quit, term, reopen, reload or ldm another one"),
        Flag("v version", "", "show nats-server's version"),
        Flag("h help", "", "show this"),
        Flag("help_tls", "", "show what a tls block takes"),
    ),
}
FLAGS = [flag for section in SECTIONS.values() for flag in section]


_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """Read a command line as Go does: ``-p 1``, ``-p=1``, one dash or two, ``-js``, ``-js=false``.

    Returns:
        The values of the flags that are given, by the last of their names.

    Raises:
        FlagError: There is no such flag, or its value is missing or none for it.
    """
    flags = {name: flag for flag in FLAGS for name in flag.names}
    given: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument in {"help", "version"}:  # words that nats-server knows
            return given | {argument: True}
        name, equals, after = argument.removeprefix("-").removeprefix("-").partition("=")
        flag = flags.get(name) if argument[:1] == "-" else None
        if flag is None:
            raise FlagError(f"there is no flag {argument.partition('=')[0]}")
        text = after if equals else "true" if flag.kind is bool else next(rest, None)
        given[flag.names[-1]] = _value(flag, f"-{name}", text)
    return given


def _value(flag: Flag, written: str, text: str | None) -> str | int | bool:
    if text is None:
        raise FlagError(f"{written} needs a value")
    if flag.kind is bool and text in _TRUE | _FALSE:
        return text in _TRUE
    if flag.kind is int:
        with suppress(ValueError):
            return int(text, 0)
    if flag.kind is str:
        return text
    raise FlagError(f"{written} cannot be {text!r}")


def usage() -> str:
    """What ``-h`` shows."""
    lines = ["Usage: dotgnatly serve [flags]", "", "They are nats-server's, with one dash or two."]
    for section, flags in SECTIONS.items():
        lines += ["", f"{section}:"]
        for flag in flags:
            names = ", ".join(f"-{name}" for name in flag.names)
            lines.append(f"  {f'{names} <{flag.takes}>' if flag.takes else names:36} {flag.says}")
    return "\n".join(lines)


def tls_usage() -> str:
    """What ``-help_tls`` shows."""
    from dotgnatly.config import TlsConfiguration

    return (
        "TLS with more than the flags can say is the tls block of a configuration file:\n\n"
        "  tls {\n    cert_file: server.pem\n    key_file: server.key\n    ca_file: ca.pem\n"
        "    verify: true\n  }\n\n"
        "Its keys:\n  " + "\n  ".join(name for name in TlsConfiguration.__struct_fields__[1:])
    )


def to_configuration(given: Mapping[str, Any], below: BrokerConfiguration) -> BrokerConfiguration:
    """The configuration that the given flags make: a layer above all others.

    Args:
        given: What ``parse`` returns.
        below: The layers below.

    Raises:
        ConfigError: The flags make no sense together, or a URL is none.
    Source: ``server.ConfigureOptions`` (2.15).
    """
    fields: dict[str, Any] = {}
    for key, value in _keys(given, below):
        block, _, name = key.rpartition(".")
        (fields.setdefault(block, {}) if block else fields)[name] = value
    layer = BrokerConfiguration(**fields)
    if given.get("routes") and not _has_cluster(below.merge(layer)):
        raise _fault("routes", "need a cluster, such as --cluster nats://0.0.0.0:6222")
    return layer


def _keys(given: Mapping[str, Any], below: BrokerConfiguration) -> Iterator[tuple[str, Any]]:
    """Each key that is set, and what to; None is back to the default."""
    for flag in FLAGS:
        if flag.key and flag.names[-1] in given:
            value = given[flag.names[-1]]
            yield flag.key, None if value == "" else value
    for name, keys in _SEVERAL.items():
        if name in given:
            yield from ((key, given[name]) for key in keys)
    if "store_dir" in given:
        # Wherever it is below; a block alone would enable JetStream.
        block = "jetstream." if getattr(below.jetstream, "store_dir", None) else ""
        yield f"{block}store_dir", given["store_dir"] or None
    if any(name.startswith("tls") for name in given):
        yield "tls", _tls(given)
    if "cluster_listen" in given:
        yield from _cluster(given["cluster_listen"])
    if "routes" in given:
        routes = [url.strip() for url in given["routes"].split(",") if url.strip()]
        yield "cluster.routes", routes or None


_SEVERAL = {
    "DV": ("debug", "trace"),
    "DVV": ("debug", "trace", "trace_verbose"),
    "VV": ("trace", "trace_verbose"),
}
"""Switches that set several keys, in the order in which nats-server looks at them."""


def _tls(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The block: whose certificates they are, the flags alone say. None turns TLS off."""
    if given.get("tls") is False:
        return None
    for name in ("tlscert", "tlskey"):
        if not given.get(name):
            raise _fault(name, "is needed for TLS")
    return dict.fromkeys(_CREDENTIALS) | {
        "cert_file": given["tlscert"],
        "key_file": given["tlskey"],
        "ca_file": given.get("tlscacert") or None,
        "verify": given.get("tlsverify"),
    }


_CREDENTIALS = (
    "certs", "insecure", "min_version", "cipher_suites", "curve_preferences", "ocsp_peer",
    "cert_store", "cert_match_by", "cert_match", "cert_match_skip_invalid", "ca_certs_match",
)  # fmt: skip
"""What of a ``tls`` block nats-server makes anew of its flags. Source: ``server.overrideTLS``."""


def _cluster(url: str) -> Iterator[tuple[str, Any]]:
    """Where a URL such as ``nats://user:password@host:port`` says that routes listen."""
    from urllib.parse import unquote

    login, _, address = url.partition("://")[2].partition("/")[0].rpartition("@")
    host, _, port = address.rpartition(":")
    user, colon, password = login.partition(":")
    if not url:
        yield "cluster.port", 0  # none
    elif not is_integer(port) or (login and not colon):
        raise _fault("cluster", "is no URL such as nats://user:password@host:port")
    else:
        yield "cluster.host", host.strip("[]")
        yield "cluster.port", int(port)
        who = {"user": unquote(user), "password": unquote(password)}
        yield "cluster.authorization", who if login else None


def _has_cluster(config: BrokerConfiguration) -> bool:
    return any(getattr(config.cluster, name, None) for name in ("host", "port"))


def _fault(flag: str, message: str) -> ConfigError:
    return ConfigError(errors=[Fault(f"--{flag}", message)])
