"""The monitoring structs lose nothing of what servers answer: a Go test compares their types."""

import asyncio
import json
import re
import runpy
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import get_args

import msgspec
import nats
import pytest
from nats.js.api import StreamSource

from dotgnatly import AsyncNatsController, AsyncNatsSuperCluster, jwt, monitoring
from dotgnatly.monitoring import _endpoints, claims
from tests.conftest import arrived, known
from tests.raw_clients import MqttClient
from tests.realms import Realm

ROOT = Path(__file__).parents[2]
WRITER = runpy.run_path(str(ROOT / "_build" / "monitoring.py"))

ACCOUNTS = {
    "A": {
        "users": [{"user": "a", "password": "a"}],
        "jetstream": True,
        "exports": [
            {"stream": "news.>", "accounts": ["B"]},
            {"service": "help", "latency": {"sampling": "headers", "subject": "slow"}},
        ],
        "mappings": {"in.*": [{"destination": "out.$1", "weight": "50%", "cluster": "east"}]},
    },
    "B": {
        "users": [{"user": "b", "password": "b"}],
        "imports": [
            {"stream": {"account": "A", "subject": "news.>"}, "prefix": "a"},
            {"service": {"account": "A", "subject": "help"}, "to": "assist"},
        ],
    },
    "SYS": {"users": [{"user": "s", "password": "s"}]},
}
CONFIG = {
    "accounts": ACCOUNTS,
    "system_account": "SYS",
    "leafnodes": {"port": -1},
    "mqtt": {"port": -1},
    "cluster": {"permissions": {"export": {"deny": ["secret"]}, "import": {"allow": [">"]}}},
}

JETSTREAM = {"limits": {"max_request_batch": 9}}

# What must have been there, by the ends of the paths, regular expressions.
FULL = {
    "varz": "cluster/urls gateway/gateways/urls leaf/remotes/urls mqtt/port jetstream/meta/peer",
    "connz": """
        stop reason rtt authorized_user account mqtt_client subscriptions_list lang
        subscriptions_list_detail/qgroup subscriptions_list_detail/max total
    """,
    "routez": """
        import/allow export/deny routes/account routes/subscriptions_list routes/compression
        routes/subscriptions_list_detail/subject
    """,
    "gatewayz": """
        outbound_gateways/west/configured inbound_gateways/west/connection/cid
        west/accounts/interest_mode accounts/num_subs accounts/num_queue_subs
        accounts/subscriptions_list accounts/subscriptions_list_detail/subject
    """,
    "leafz": "leafs/is_spoke leafs/subscriptions_list leafs/compression leafs/rtt",
    "subsz": "subscriptions_list/account subscriptions_list/qgroup subscriptions_list/max",
    "accountz": """
        system_account accounts is_system mappings/in.*/cluster exports/approved_accounts
        exports/service_latency/sampling imports/local_subject imports/invalid
        sublist_stats/num_cache tracking_header/X-B3-Sampled
    """,
    "accstatz": "sent/gateways/msgs received/routes/bytes sent/leafs/msgs total_conns",
    "jsz": """
        api/total limits/max_request_batch meta_cluster/replicas/name streams_leader
        account_details/reserved_memory stream_detail/cluster/replicas/peer
        stream_detail/config/metadata/k stream_detail/config/max_age stream_detail/state/num_deleted
        config/mirror/name stream_detail/mirror/lag stream_detail/sources/filter_subject
        consumer_detail/config/ack_wait consumer_detail/delivered/last_active
        consumer_detail/cluster/leader stream_raft_group consumer_raft_groups/raft_group
        direct_consumer_detail/config/direct
    """,
    "healthz": "status_code",
    "raftz": "wal/last_ts known",
    "ipqueuesz": "pending",
}
JWTS = {
    "varz": "trusted_operators_jwt trusted_operators_claim/nats/system_account",
    "connz": "jwt issuer_key tags account",
    "accountz": """
        signing_keys/template/pub/allow signing_keys limits/conn limits/tiered_limits/R1/streams
        decoded_jwt/nats/exports/service_latency/results decoded_jwt/nats/imports/local_subject
        mappings/m/weight default_permissions/resp/ttl authorization/auth_users trace/sampling
        nats/description validation_result_jwt/description revoked_user/U.+
    """,
}


def leaves(document, path=""):
    """The values in a document, by path."""
    if isinstance(document, dict):
        parts = document.items()
    elif isinstance(document, list | tuple):
        parts = enumerate(document)
    else:
        return {path.removeprefix("/"): document}
    return {k: v for key, part in parts for k, v in leaves(part, f"{path}/{key}").items()}


def compare(endpoint, document):
    """Nothing is lost between the server's document and our structure; returns what is there."""
    theirs = leaves(json.loads(document))
    structure = _endpoints.decode(document, endpoint)
    ours = leaves(msgspec.to_builtins(structure, builtin_types=(datetime,)))
    assert theirs.keys() - ours.keys() == set()
    times = {path for path, value in ours.items() if isinstance(value, datetime)}
    assert {k: v for k, v in theirs.items() if ours[k] != v and k not in times} == {}
    return {re.sub(r"/\d+(?=/|$)", "", f"/{path}") for path in theirs}


class Seen:
    """What was in documents, which are compared meanwhile."""

    def __init__(self):
        self.paths = set()

    async def ask(self, controller, endpoint, **options):
        """One document of a server."""
        document = await getattr(controller, endpoint)(raw=True, **options)
        self.paths |= {f"{endpoint}{path}" for path in compare(endpoint, document)}
        return json.loads(document)

    def lacking(self, wanted):
        """Which fields were in no document, by the ends of their paths."""
        return [
            f"{endpoint}: {end}"
            for endpoint, ends in wanted.items()
            for end in ends.split()
            if not any(re.match(rf"{endpoint}/(.*/)?{end}$", path) for path in self.paths)
        ]


def test_the_file_is_that_of_the_structs():
    """What Go compares with nats-server is what there is; ``make keys`` writes it anew."""
    assert WRITER["FILE"].read_text(encoding="utf-8") == WRITER["types"]()


def test_every_type_of_an_answer_can_be_imported():
    """Who takes one apart names its parts; those of JWTs have a module of their own."""
    assert [*monitoring.__all__] == sorted({*monitoring.__all__})
    waiting, reached = [each.answer for each in _endpoints.ENDPOINTS.values()], set()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in reached:
            reached.add(kind)
            waiting += [field.type for field in msgspec.structs.fields(kind)]
    assert len(reached) > 50
    for cls in reached:
        home = claims if cls.__module__ == claims.__name__ else monitoring
        assert getattr(home, cls.__name__) is cls


@pytest.fixture
async def stack():
    """What is closed after the test, the last first."""
    async with AsyncExitStack() as stack:
        yield stack


async def connect(stack, controller, user, **options):
    """A client that is called as its account."""
    client = await nats.connect(
        controller.client_url, user=user, password=user, allow_reconnect=False, **options
    )
    stack.push_async_callback(client.close)
    return client


async def busy(stack):
    """Two clusters with all that their answers can tell of; some server of each, and the leaf."""
    both = await stack.enter_async_context(
        AsyncNatsSuperCluster(size=2, jetstream=JETSTREAM, config=CONFIG)
    )
    east, west = both.servers[0], both.servers[2]
    ports = await east.ports()
    url = f"nats-leaf://a:a@127.0.0.1:{ports['leafnodes']}"
    remotes = {"remotes": [{"urls": [url]}]}
    leaf = AsyncNatsController({"port": -1, "server_name": "leaf", "leafnodes": remotes})
    await leaf.start()
    stack.push_async_callback(leaf.shutdown)

    near, far = await connect(stack, east, "a", name="near"), await connect(stack, west, "a")
    for client in (near, far):
        for subject, queue in (("q", "workers"), ("news.x", ""), ("help", "")):
            await client.subscribe(subject, queue)
        await (await client.subscribe("some")).unsubscribe(9)
        await arrived(client)
    asking = await connect(stack, east, "b")
    await asking.publish("assist", b"?", reply="nobody", headers={"X-B3-Sampled": "1"})
    gone = await connect(stack, east, "a", name="gone")
    await gone.subscribe("seen")
    for client in (asking, gone):
        await arrived(client)
    await gone.close()
    mqtt = await MqttClient.connect(ports["mqtt"], user="a", password="a")
    stack.push_async_callback(mqtt.close)

    stream = near.jetstream()
    await stream.add_stream(name="S", subjects=["s.*"], num_replicas=2, metadata={"k": "v"})
    for number in range(3):
        await known(partial(stream.publish, f"s.{number}", b"x"))
    await stream.delete_msg("S", 2)
    await stream.add_consumer("S", durable_name="C", ack_policy="explicit", filter_subject="s.*")
    pulling = await stream.pull_subscribe_bind("C", "S")
    await pulling.fetch(1, timeout=10)
    await stream.add_stream(name="M", mirror=StreamSource(name="S"))
    await stream.add_stream(name="T", sources=[StreamSource(name="S", filter_subject="s.1")])
    return both.servers, leaf


async def ask_all(seen, server):
    """Ask a server everything."""
    for state in ("open", "closed"):
        await seen.ask(server, "connz", auth=True, subscriptions=True, state=state)
        await seen.ask(server, "connz", subscriptions_detail=True, state=state)
    for lists in ("subscriptions", "subscriptions_detail"):
        await seen.ask(server, "routez", **{lists: True})
        await seen.ask(server, "gatewayz", accounts=True, **{lists: True})
    for account in (await seen.ask(server, "accountz"))["accounts"]:
        await seen.ask(server, "accountz", account=account)
        await seen.ask(server, "raftz", account=account)
    await seen.ask(server, "varz")
    await seen.ask(server, "leafz", subscriptions=True)
    await seen.ask(server, "subsz", subscriptions=True)
    await seen.ask(server, "accstatz", include_unused=True)
    await seen.ask(server, "jsz", consumer=True, direct_consumer=True, config=True, raft=True)
    await seen.ask(server, "healthz", details=True)
    await seen.ask(server, "ipqueuesz", all=True)


async def test_nothing_is_lost_of_servers_that_have_everything(stack):
    """A key that is missing or misspelt in a struct would silently keep its default."""
    servers, leaf = await busy(stack)
    seen = Seen()
    async with asyncio.timeout(20):
        while seen.lacking(FULL):  # what servers tell each other takes its time
            for server in (*servers, leaf):
                await ask_all(seen, server)


async def test_nothing_is_lost_in_operator_mode(stack, tmp_path):
    """What JWTs say is in the documents as well."""
    realm = Realm(tmp_path)
    signer, user = jwt.create_pair("account"), jwt.create_pair("user")
    scope = {"key": signer.public, "role": "r", "template": {"pub": {"allow": ["a"]}, "subs": 3}}
    account = realm.account_jwt(
        signing_keys=[jwt.create_pair("account").public, scope],
        limits={"conn": 9, "tiered_limits": {"R1": {"disk_storage": 1000, "streams": 1}}},
        exports=[
            {"subject": "e", "type": "service", "service_latency": {"sampling": 10, "results": "l"}}
        ],
        imports=[
            {
                "subject": "i",
                "account": realm.system.public,
                "type": "stream",
                "local_subject": "j",
            },
            {"subject": "k", "account": realm.system.public, "type": "stream", "to": "l"},
        ],
        mappings={"m": [{"subject": "n", "weight": 50}]},
        default_permissions={"resp": {"max": 1, "ttl": 5}, "sub": {"deny": ["d"]}},
        revocations={jwt.create_pair("user").public: datetime.now(UTC)},
        authorization={"auth_users": [user.public]},
        trace={"dest": "t", "sampling": 5},
        tags=["x"],
        description="d",
    )
    preload = {realm.system.public: realm.account_jwt(realm.system), realm.account.public: account}
    server = AsyncNatsController(realm.config(resolver_preload=preload))
    await server.start()
    stack.push_async_callback(server.shutdown)
    creds = str(realm.creds(user, tags=["y"]))
    client = await nats.connect(server.client_url, user_credentials=creds, allow_reconnect=False)
    stack.push_async_callback(client.close)
    seen = Seen()
    await seen.ask(server, "varz")
    await seen.ask(server, "connz", auth=True)
    await seen.ask(server, "accountz", account=realm.account.public)
    assert seen.lacking(JWTS) == []
