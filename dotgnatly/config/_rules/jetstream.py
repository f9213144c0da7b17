"""Rules of JetStream: what a domain may be called, and what a cluster of it needs."""

import os
from typing import Any

from dotgnatly.config._rules import Findings, Rule, get
from dotgnatly.config._subjects import is_subject

_NOT_IN_A_NAME = " \t\r\n\f.*>"


def _domains(config: Any, found: Findings) -> None:
    domain = get(config, "jetstream", "domain")
    if domain and any(char in domain for char in _NOT_IN_A_NAME):
        message = "cannot have spaces, dots or wildcards"
        found.error("jetstream.domain", message, domain)
    for account, name in (get(config, "default_js_domain") or {}).items():
        if name and not is_subject(f"$JS.{name}.API.>"):
            found.error(f"default_js_domain.{account}", "is no domain", name)


def _clustered(config: Any, found: Findings) -> None:
    jetstream = get(config, "jetstream")
    if not _runs(jetstream) or not get(config, "cluster", "port"):
        return
    if not config.server_name:
        found.error("server_name", "is required where there is JetStream in a cluster")
    if not get(config, "cluster", "name") and not get(config, "gateway", "name"):
        found.error("cluster.name", "is required where there is JetStream in the cluster")
    catchup = get(jetstream, "max_outstanding_catchup") or 0
    if catchup < 0:
        found.error("jetstream.max_outstanding_catchup", "is negative", catchup)


def _encryption(config: Any, found: Findings) -> None:
    jetstream = get(config, "jetstream")
    if not _runs(jetstream) or not get(jetstream, "tpm", "keys_file"):
        return
    if get(jetstream, "encryption_key"):
        found.error("jetstream.encryption_key", "cannot stand beside tpm")
    elif os.name != "nt":
        found.error("jetstream.tpm", "works on Windows only")


def _runs(jetstream: Any) -> bool:
    return bool(jetstream) and get(jetstream, "enabled") is not False


RULES: tuple[Rule, ...] = (_domains, _clustered, _encryption)
