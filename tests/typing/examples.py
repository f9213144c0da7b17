# ruff: noqa: B018, FBT003, PGH003 - what is wrong here is wrong on purpose
"""Code that type checkers must accept, and lines that they must refuse: those that say ``ignore``.

An ignore that is not needed is an error, so each of them stands for one that the checker found.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

import msgspec
from nats.aio.client import Client
from opentelemetry.metrics import get_meter

import dotgnatly
from dotgnatly import (
    AccountConfiguration,
    AsyncLameDuck,
    AsyncNatsCluster,
    AsyncNatsController,
    AsyncNatsSuperCluster,
    AuthenticatedUser,
    AuthenticationRequest,
    AuthorizationConfiguration,
    BrokerConfiguration,
    ChangeError,
    ClientInfo,
    ConfigError,
    ConfigurationVersion,
    Fault,
    GatewayConfiguration,
    GatewayRemoteConfiguration,
    JetStreamConfiguration,
    LameDuck,
    MqttConfiguration,
    NatsCluster,
    NatsController,
    NatsSuperCluster,
    OcspConfiguration,
    PortInUseError,
    ResolverConfiguration,
    ServerInfo,
    StartError,
    TlsConfiguration,
    UserConfiguration,
    WebsocketConfiguration,
    hash_password,
    jwt,
)
from dotgnatly.metrics import NatsCollector, observe
from dotgnatly.monitoring import (
    AccountStatz,
    Accountz,
    ConnInfo,
    Connz,
    Gatewayz,
    Healthz,
    IpqueueszStatus,
    JSInfo,
    Leafz,
    RaftzStatus,
    Routez,
    Subsz,
    Varz,
)


def configurations() -> None:
    """A field takes what the documentation says, and nothing else."""
    BrokerConfiguration(port=-1, max_payload="2MB", ping_interval=timedelta(minutes=1))
    BrokerConfiguration(port=None, max_payload=1 << 20, ping_interval=30, log_file=Path("log"))
    BrokerConfiguration(jetstream={"store_dir": "data"}, accounts={"A": {}, "B": None})
    BrokerConfiguration(jetstream=JetStreamConfiguration(max_memory_store="1GB", domain=None))
    BrokerConfiguration(accounts={"A": AccountConfiguration()}, server_tags=("a", "b"))
    BrokerConfiguration(
        authorization=AuthorizationConfiguration(users=[UserConfiguration(user="a", password="b")])
    )
    BrokerConfiguration(port=msgspec.UNSET)

    BrokerConfiguration(port="4222")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    BrokerConfiguration(debug="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    BrokerConfiguration(jetstream=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    BrokerConfiguration(max_payloads=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    BrokerConfiguration({"port": 1})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    JetStreamConfiguration(store="d")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def blocks() -> None:
    """Every block has a type of its own, and takes the short forms that nats-server knows."""
    BrokerConfiguration(
        gateway=GatewayConfiguration(
            name="A", port=-1, gateways=[GatewayRemoteConfiguration(name="B", urls="nats://h")]
        ),
        websocket={"port": -1, "no_tls": True},
        mqtt=MqttConfiguration(ack_wait="30s", max_ack_pending=100),
        proxies={"trusted": [{"key": "N"}]},
    )
    BrokerConfiguration(ocsp=True, ocsp_cache={"type": "local"}, resolver="MEMORY")
    BrokerConfiguration(ocsp=OcspConfiguration(mode="must"), operator=[Path("a.jwt"), "b.jwt"])
    BrokerConfiguration(resolver=ResolverConfiguration(type="full", dir=Path("jwt"), interval=60))
    WebsocketConfiguration(headers={"X-A": "1", "X-B": None}, authorization={"token": "a"})
    UserConfiguration(user="a", allowed_connection_types=["MQTT", "WEBSOCKET"])
    TlsConfiguration(curve_preferences="X25519", cipher_suites=["TLS_AES_128_GCM_SHA256"])

    BrokerConfiguration(ocsp="on")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    BrokerConfiguration(mqtt=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OcspConfiguration(mode="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    MqttConfiguration(ackwait=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    GatewayConfiguration(gateways="A")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TlsConfiguration(curve_preferences=["P"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def operators(token: str, path: Path) -> None:
    """Claims take what a JWT can say, and what is read has the class that was asked for."""
    pair = jwt.create_pair("operator")
    assert_type(pair, jwt.KeyPair)
    limits = jwt.OperatorLimits(conn=100, payload="1MB", tiered_limits={"R1": {"streams": 5}})
    account = jwt.AccountClaims(sub="A", exp=datetime.now(UTC), nats=jwt.Account(limits=limits))
    jwt.UserClaims(sub="U", nats=jwt.User(pub="a.>", sub={"deny": ["b"]}, resp={"ttl": "1m"}))
    jwt.AccountClaims(nats={"signing_keys": ["A", jwt.UserScope(key="A", template={"pub": "a"})]})
    assert_type(jwt.encode(account, pair.seed), str)
    assert_type(jwt.decode(token), jwt.AnyClaims)
    assert_type(jwt.decode(token, jwt.UserClaims, check_time=False), jwt.UserClaims)
    assert_type(jwt.revoke(account, "U", at=datetime.now(UTC)), jwt.AccountClaims)
    assert_type(account.validate(), tuple[Fault, ...])
    assert_type(jwt.read_creds(path).seed, str)
    assert_type(NatsController().push_account(token, author="a"), ConfigurationVersion | None)

    jwt.create_pair("king")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jwt.encode(pair, "S")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jwt.decode(token, jwt.User)  # type: ignore[type-var]  # pyright: ignore
    jwt.UserClaims(exp="now")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    jwt.OperatorLimits(con=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def immutable(config: BrokerConfiguration) -> None:
    """A change is a new object."""
    assert_type(config.replace(port=1), BrokerConfiguration)
    assert_type(config.merge({"port": 1}), BrokerConfiguration)
    assert_type(config.validate(), tuple[Fault, ...])
    config.port = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def sources(text: str, path: Path, keys: Mapping[str, object]) -> None:
    """All give the same class."""
    assert_type(BrokerConfiguration.from_file(path), BrokerConfiguration)
    assert_type(BrokerConfiguration.from_file("broker.conf"), BrokerConfiguration)
    assert_type(BrokerConfiguration.from_text(text), BrokerConfiguration)
    assert_type(BrokerConfiguration.from_dict(keys), BrokerConfiguration)


def blocking(config: BrokerConfiguration) -> None:
    """The blocking class."""
    with NatsController(config) as entered:
        assert_type(entered, NatsController)
    controller = NatsController({"port": -1}, dont_listen=True, memory_limit=1 << 30, name="n")
    assert_type(controller.start(timeout=5), str | None)
    assert_type(controller.update_config(config, author="a", debug=True), ConfigurationVersion)
    assert_type(controller.update_config({"debug": True}), ConfigurationVersion)
    assert_type(controller.replace_config(config, reason="r"), ConfigurationVersion)
    assert_type(controller.reload(discard_changes=True), ConfigurationVersion)
    assert_type(controller.config, BrokerConfiguration)
    assert_type(controller.is_running, bool)
    assert_type(controller.client_url, str | None)
    assert_type(controller.server_id, str)
    assert_type(controller.ports(), dict[str, int])
    assert_type(controller.get_info(), ServerInfo)
    assert_type(controller.reopen_log(), None)
    assert_type(controller.shutdown(timeout=None), None)

    NatsController(config, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    controller.start(timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    controller.reload(True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    controller.is_running = True  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    controller.stop()  # type: ignore[attr-defined]  # pyright: ignore


def tenants(controller: NatsController) -> None:
    """Accounts and clients."""
    account = AccountConfiguration(users=[UserConfiguration(user="a", password="b")])
    assert_type(controller.create_account("A", account, author="a"), ConfigurationVersion)
    assert_type(controller.create_account("A", {"users": []}), ConfigurationVersion)
    assert_type(controller.create_accounts({"A": account, "B": {}}), ConfigurationVersion)
    assert_type(controller.update_account("A", {"limits": None}), ConfigurationVersion)
    assert_type(
        controller.update_account("A", lambda a: a.replace(nkey=None)), ConfigurationVersion
    )
    assert_type(controller.delete_account("A", reason="r"), ConfigurationVersion)
    assert_type(controller.accounts(), dict[str, AccountConfiguration])
    assert_type(controller.clients(), list[ClientInfo])
    assert_type(controller.clients()[0].cid, int)
    assert_type(controller.disconnect_client(1, timeout=None), None)
    assert_type(controller.lame_duck(30, grace=0.5), LameDuck)
    assert_type(controller.lame_duck().clients_left, int)
    assert_type(controller.lame_duck().wait(timeout=1), None)
    assert_type(controller.lame_duck_client(1), None)
    assert_type(controller.set_leaf_subjects("leaf", imports="a.>"), ConfigurationVersion)
    assert_type(
        controller.set_leaf_subjects("leaf", exports=lambda there: [*there, "a"], inboxes=[]),
        ConfigurationVersion,
    )
    assert_type(hash_password("a", cost=11), str)

    controller.create_account("A", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    controller.create_accounts(["A"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    controller.update_account("A", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    controller.disconnect_client("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    hash_password("a", 11)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def logins(controller: NatsController, awaited: AsyncNatsController) -> None:
    """Functions of both kinds decide, for controllers of both kinds."""

    @controller.on_authenticate
    def decide(request: AuthenticationRequest) -> AuthenticatedUser | None:
        assert_type(request.nkey, str)
        return AuthenticatedUser(account="A", expires=timedelta(hours=1)) if request.user else None

    @awaited.on_authenticate(issuer_seed="SA")
    async def later(request: AuthenticationRequest) -> AuthenticatedUser | None:
        return decide(request)

    controller.on_authenticate(later)

    def accept(request: AuthenticationRequest) -> bool:
        return bool(request.user)

    controller.on_authenticate(accept)  # type: ignore[type-var]  # pyright: ignore
    AuthenticatedUser("A")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def awaited(config: BrokerConfiguration) -> None:
    """The async class: the same names, awaited."""
    async with AsyncNatsController(config) as entered:
        assert_type(entered, AsyncNatsController)
    controller = AsyncNatsController({"port": -1})
    assert_type(await controller.start(), str | None)
    assert_type(await controller.update_config(debug=True), ConfigurationVersion)
    assert_type(await controller.ports(), dict[str, int])
    assert_type(await controller.get_info(), ServerInfo)
    assert_type(await controller.connect_nats_py(name="n"), Client)
    assert_type(await NatsController().connect_nats_py(), Client)
    assert_type(await controller.accounts(), dict[str, AccountConfiguration])
    assert_type(await controller.create_account("A", {}), ConfigurationVersion)
    assert_type(await controller.delete_account("A"), ConfigurationVersion)
    assert_type(await controller.clients(), list[ClientInfo])
    assert_type(await controller.disconnect_client(1), None)
    assert_type(await controller.lame_duck(duration=30), AsyncLameDuck)
    assert_type(await (await controller.lame_duck()).wait(), None)
    assert_type(await controller.shutdown(), None)

    (await controller.varz()).max_payloads  # type: ignore[attr-defined]  # pyright: ignore
    with AsyncNatsController():  # type: ignore[attr-defined]  # pyright: ignore
        pass


def monitoring(controller: NatsController) -> None:
    """Structures or bytes, as ``raw`` says, and the server's own options."""
    assert_type(controller.varz(), Varz)
    assert_type(controller.varz(raw=True), bytes)
    assert_type(controller.connz(state="closed", sort="stop", limit=10), Connz)
    assert_type(controller.connz(raw=True, account="A", filter_subject="a.*"), bytes)
    assert_type(controller.routez(subscriptions_detail=True), Routez)
    assert_type(controller.gatewayz(account_name="A"), Gatewayz)
    assert_type(controller.leafz(account="A", raw=False), Leafz)
    assert_type(controller.subsz(subscriptions=True, test="a"), Subsz)
    assert_type(controller.accountz(account="A"), Accountz)
    assert_type(controller.accstatz(accounts=("A", "B")), AccountStatz)
    assert_type(controller.jsz(consumer=True, config=True), JSInfo)
    assert_type(controller.healthz(js_enabled_only=True), Healthz)
    assert_type(controller.raftz(group="_meta_"), RaftzStatus)
    assert_type(controller.ipqueuesz(all=True), IpqueueszStatus)
    assert_type([*controller.iter_connections(auth=True)], list[ConnInfo])

    controller.connz(sort="cids")  # type: ignore[call-overload]  # pyright: ignore
    controller.connz(acc="A")  # type: ignore[call-overload]  # pyright: ignore
    controller.connz("cid")  # type: ignore[call-overload]  # pyright: ignore
    controller.jsz(limit="9")  # type: ignore[call-overload]  # pyright: ignore
    controller.varz(state="open")  # type: ignore[call-overload]  # pyright: ignore
    controller.iter_connections(cid=1)  # type: ignore[call-arg]  # pyright: ignore
    controller.connz().total = 1  # type: ignore[misc]  # pyright: ignore
    controller.connz().num_conns  # type: ignore[attr-defined]  # pyright: ignore


async def monitoring_awaited(controller: AsyncNatsController) -> None:
    """The same, awaited."""
    assert_type(await controller.varz(), Varz)
    assert_type(await controller.connz(state="any"), Connz)
    assert_type(await controller.jsz(raw=True), bytes)
    assert_type([each async for each in controller.iter_connections()], list[ConnInfo])

    await controller.connz(state="shut")  # type: ignore[call-overload]  # pyright: ignore


async def clusters() -> None:
    """Both kinds, and both again with gateways: their members are controllers of the same kind."""
    with NatsCluster(3, jetstream={"domain": "hub"}, config={"port": -1}) as cluster:
        assert_type(cluster.servers, tuple[NatsController, ...])
        assert_type(cluster.client_urls, list[str])
    async with AsyncNatsCluster(jetstream=True) as awaited_cluster:
        assert_type(awaited_cluster.servers, tuple[AsyncNatsController, ...])
        assert_type(await awaited_cluster.restart(0), None)
    assert_type(NatsSuperCluster(["a", "b"], size=2).clusters, tuple[NatsCluster, ...])
    assert_type(AsyncNatsSuperCluster().clusters, tuple[AsyncNatsCluster, ...])


def metrics(controller: NatsController, awaited_controller: AsyncNatsController) -> None:
    """Both kinds of controllers, and endpoints by their names."""
    NatsCollector(controller, awaited_controller, endpoints=["varz", "connz_detailed"])
    NatsCollector(controller, endpoints=["connections"])  # type: ignore[list-item]  # pyright: ignore
    assert_type(observe(get_meter("broker"), controller, prefix="nats"), None)


def failures(controller: NatsController) -> None:
    """Errors carry what callers act upon."""
    try:
        controller.start()
    except ConfigError as error:
        assert_type(error.errors, tuple[Fault, ...])
        assert_type(error.errors[0].path, str)
    except PortInUseError as error:
        assert_type(error.key, str)
        assert_type(error.address, str)
    except (StartError, ChangeError) as error:
        assert_type(error.code, int)


dotgnatly.NatsControler  # type: ignore[attr-defined]  # pyright: ignore
asyncio.run(awaited(BrokerConfiguration()))
